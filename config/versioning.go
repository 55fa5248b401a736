package config

import "regexp"

// Versioning makes the process a version of a worker deployment: the server then
// knows which build runs which refund. Left out, any worker runs any refund.
type Versioning struct {
	// Deployment names the workers that do the same, across their builds: 1 to 64
	// characters of 0-9 A-Z a-z _ -, a digit or letter first.
	Deployment string `yaml:"deployment"`
	// BuildID names this build: 1 to 64 characters of 0-9 A-Z a-z . + _ -, a digit or
	// letter first. Every change of the program or of its behavior wants a new one.
	BuildID string `yaml:"build_id"`
	// Behavior is pinned or auto_upgrade; default pinned.
	Behavior Behavior `yaml:"behavior"`
}

// Behavior says which build goes on with a refund.
type Behavior string

// The behaviors of refunds when another build becomes the current one.
const (
	// Pinned: a refund ends on the build that began it, which must run until then.
	Pinned Behavior = "pinned"
	// AutoUpgrade: the current build goes on with every refund.
	AutoUpgrade Behavior = "auto_upgrade"
)

// The server takes no dot and no colon in a deployment's name.
var (
	deploymentName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$`)
	buildID        = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$`)
)

func (v *Versioning) defaults() {
	if v != nil && v.Behavior == "" {
		v.Behavior = Pinned
	}
}

func (v *Versioning) check(add func(format string, args ...any)) {
	if v == nil {
		return
	}
	if !deploymentName.MatchString(v.Deployment) {
		add("versioning.deployment: want a name of 1 to 64 characters of 0-9 A-Z a-z _ -, a digit or letter first, got %d that are otherwise",
			len(v.Deployment))
	}
	if !buildID.MatchString(v.BuildID) {
		add("versioning.build_id: want 1 to 64 characters of 0-9 A-Z a-z . + _ -, a digit or letter first, got %d that are otherwise", len(v.BuildID))
	}
	if v.Behavior != Pinned && v.Behavior != AutoUpgrade {
		add("versioning.behavior: want pinned or auto_upgrade, got %d characters", len(v.Behavior))
	}
}

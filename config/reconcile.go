package config

import "time"

// Reconcile says how often the books are compared with Temporal and the platforms.
type Reconcile struct {
	// Every is the pause between two comparisons, at least a second; 0 means none.
	// Default 15m.
	Every time.Duration `yaml:"every"`
	// EndedWithin is how far back ended refunds are compared with the platform; 0 means
	// never. Default 72h.
	EndedWithin time.Duration `yaml:"ended_within"`
}

// defaultReconcile stands before the document is read over it: 0s says something.
var defaultReconcile = Reconcile{Every: 15 * time.Minute, EndedWithin: 72 * time.Hour}

func (r Reconcile) check(add func(format string, args ...any)) {
	if r.Every != 0 && r.Every < time.Second {
		add("reconcile.every: want at least 1s, or 0s for never, got %s", r.Every)
	}
	if r.EndedWithin < 0 {
		add("reconcile.ended_within: want a time such as 72h, or 0s for never, got %s", r.EndedWithin)
	}
}

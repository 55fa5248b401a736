package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	_ "time/tzdata" // the business day must not depend on what the machine has installed

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/providers/registry"
)

// Config is the worker's configuration.
type Config struct {
	Temporal Temporal `yaml:"temporal"`
	// TaskQueue of the workflows and, unless an account says otherwise, of the
	// provider calls. Default "refunds".
	TaskQueue string `yaml:"task_queue"`
	// Ledger is "sqlite:FILE", a relative FILE beside the configuration, or a
	// PostgreSQL address without a password, "postgres://USER@HOST:PORT/DATABASE".
	// Default "sqlite:refundflow.db".
	Ledger string `yaml:"ledger"`
	// LedgerPasswordFile holds the password of a PostgreSQL ledger, on one line.
	LedgerPasswordFile string `yaml:"ledger_password_file"`
	Log                Log    `yaml:"log"`
	// Callbacks is where the platforms' own messages arrive.
	Callbacks Callbacks `yaml:"callbacks"`
	// Roles are what this process does: workflows, callbacks, or the name of a provider
	// whose calls it makes. Left out: everything.
	Roles []Role `yaml:"roles"`
	// Monitor is where metrics and health are told; nil when left out.
	Monitor *Monitor `yaml:"monitor"`
	// Tracing is where traces are sent; nil when left out.
	Tracing *Tracing `yaml:"tracing"`
	// Encryption of what Temporal stores; nil when left out: plain.
	Encryption *Encryption `yaml:"encryption"`
	// Versioning is nil when left out: any worker runs any refund.
	Versioning *Versioning        `yaml:"versioning"`
	Reconcile  Reconcile          `yaml:"reconcile"`
	Accounts   map[string]Account `yaml:"accounts"`

	dir string
}

// Temporal says where the server is. What is left out is taken from the profile and
// from the variables TEMPORAL_*, as every Temporal program takes it.
type Temporal struct {
	// Address, default "127.0.0.1:7233".
	Address string `yaml:"address"`
	// Namespace, default "default".
	Namespace string `yaml:"namespace"`
	// ConfigFile holds connection profiles (temporal.toml): address, namespace, TLS,
	// API key. A relative one is beside the configuration.
	ConfigFile string `yaml:"config_file"`
	// Profile of the ConfigFile, or of the file that TEMPORAL_CONFIG_FILE names.
	Profile string `yaml:"profile"`
}

// Log says how the worker logs, to standard error.
type Log struct {
	// Level is debug, info, warning or error; default info.
	Level string `yaml:"level"`
	// Format is text or json; default text.
	Format string `yaml:"format"`
}

// Callbacks says where the platforms' messages are received.
type Callbacks struct {
	// Listen is "host:port"; left out, nothing is received and every result is
	// asked for.
	Listen string `yaml:"listen"`
}

// Account is one merchant account at one platform: exactly one provider block
// beside the common settings.
type Account struct {
	// NumberPrefix begins every refund number; give environments that share a
	// merchant number different ones.
	NumberPrefix string `yaml:"number_prefix"`
	// Queue is the task queue of the account's provider calls; default: the
	// workflows' own.
	Queue string `yaml:"queue"`
	// Inline is none, reads or all: which first attempts of the account's provider calls
	// are made in the workflow's own task. Not beside a Queue. Default none.
	Inline   activities.Inline `yaml:"inline"`
	Approval Approval          `yaml:"approval"`
	Limits   Limits            `yaml:"limits"`

	registry.Settings `yaml:",inline"`
}

// Load reads and checks a configuration file. Roles that are given replace the file's,
// so that one file serves processes that do different things.
func Load(path string, roles ...Role) (*Config, error) {
	c, err := LoadAll(path, roles...)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// LoadAll is [Load] for who looks for mistakes: a configuration that can be read comes
// back beside its error, so that what it names can be looked at as well. It is good
// for nothing else.
func LoadAll(path string, roles ...Role) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w; name a file such as the README shows", err)
	}
	c, err := Parse(data, filepath.Dir(path), roles...)
	if err != nil {
		return c, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	return c, nil
}

// MonitorOn makes a process tell of itself at listen, "host:port", instead of where the
// file says, so that one file serves several processes of one machine.
func (c *Config) MonitorOn(listen string) error {
	c.Monitor = &Monitor{Listen: listen}
	return c.check()
}

// Parse reads and checks a configuration whose relative file names start at dir. An error
// lists every mistake; the configuration is not nil beside it when it could be read.
func Parse(data []byte, dir string, roles ...Role) (*Config, error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false)) // without the source line, which may hold a secret
	}
	c, as := &Config{dir: dir, Reconcile: defaultReconcile}, written{}
	if len(file.Docs) > 0 && !as.decode(file.Docs[0].Body, c) {
		return nil, errors.Join(as.bad...)
	}
	if len(roles) > 0 {
		c.Roles = roles
	}
	c.defaults()
	return c, errors.Join(append(as.bad, c.check())...)
}

func (c *Config) defaults() {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&c.TaskQueue, "refunds"}, {&c.Ledger, "sqlite:refundflow.db"}, {&c.Log.Level, "info"}, {&c.Log.Format, "text"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	c.Versioning.defaults()
	c.Tracing.defaults()
	for name, a := range c.Accounts {
		if a.Inline == "" {
			a.Inline = activities.InlineNone
		}
		a.Approval.defaults()
		a.Limits.defaults()
		c.Accounts[name] = a
	}
}

// Dir is where relative file names start.
func (c *Config) Dir() string { return c.dir }

// Names lists the accounts in alphabetical order.
func (c *Config) Names() []string { return slices.Sorted(maps.Keys(c.Accounts)) }

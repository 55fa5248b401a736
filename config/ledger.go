package config

import (
	"net/url"
	"strings"
)

// checkLedger looks at the address alone; the store that opens it says what it makes
// of the rest.
func (c *Config) checkLedger(add func(format string, args ...any)) {
	kind, rest, _ := strings.Cut(c.Ledger, ":")
	switch {
	case kind == "sqlite" && rest != "":
		if c.LedgerPasswordFile != "" {
			add("ledger_password_file: an SQLite ledger has no password: remove it")
		}
	case (kind == "postgres" || kind == "postgresql") && strings.HasPrefix(rest, "//"):
		address, err := url.Parse(c.Ledger)
		if err != nil { // its text repeats the address
			add("ledger: is no PostgreSQL address: want postgres://USER@HOST:PORT/DATABASE, percent-encode what is special in it")
			return
		}
		if HoldsPassword(address) {
			add("ledger: a password stands in the address: put it into a file and name that with ledger_password_file")
		}
		if address.Hostname() == "" || strings.Trim(address.Path, "/") == "" || address.User.Username() == "" {
			add("ledger: want postgres://USER@HOST:PORT/DATABASE with user, host and database")
		}
	default:
		add(`ledger: want "sqlite:FILE" or "postgres://USER@HOST:PORT/DATABASE", got %d characters that begin otherwise or name no file`, len(c.Ledger))
	}
}

// HoldsPassword reports whether a password stands in a PostgreSQL address, that of a
// key file (sslpassword) among them: addresses are shown, and stand in process lists.
func HoldsPassword(address *url.URL) bool {
	if _, inside := address.User.Password(); inside {
		return true
	}
	for name := range address.Query() {
		if strings.Contains(strings.ToLower(name), "password") {
			return true
		}
	}
	return false
}

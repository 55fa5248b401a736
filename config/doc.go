// Package config reads the worker's one YAML file: where Temporal and the
// ledger are, what the process does and shows, and the merchant accounts with
// their limits, approval and provider settings. Keys and secrets are referred to
// by file name, never written into it.
//
// Reading is strict and complete: an unknown setting is an error, nothing is
// converted in silence, no error repeats a value, and every mistake is listed at
// once. The package imports the providers' settings through registry, and the
// words of ledger and activities; it opens nothing.
package config

// Package prometheustest proves that Prometheus understands what it is given here:
// the configuration, the alert rules, and that each alert is raised when it should be
// and no sooner. It asks Prometheus' own promtool, of the version that the compose
// file runs.
//
// It is a module of its own because Prometheus brings some hundred requirements that
// nothing else here needs.
package prometheustest

// Package stage holds what every stand-in platform needs and none should build twice: the clock, the planned faults,
// the call log, the way one call passes all three, and strict JSON for control requests.
//
// A stand-in implements Platform and sends each of its calls through Stage.Serve.
//
// May import: sandbox/control and the standard library.
package stage

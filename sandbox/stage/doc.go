// Package stage holds what every stand-in platform needs and none should build twice: the clock, the planned faults,
// the call log, the way one call passes all three, strict JSON for control requests, the outbox for what platforms send to
// merchants, the certificate authority behind the TLS door, and the books file that outlives a run.
//
// A stand-in implements Platform and sends each of its calls through Stage.Serve or Stage.Control; these two are where the
// books file is brought up to date before an answer leaves. One that has results which come by themselves implements Settler
// and tells merchants through Stage.Post; one that reads the merchants' answers implements Recipient.
//
// May import: sandbox/control and the standard library.
package stage

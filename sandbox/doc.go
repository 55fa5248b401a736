// Package sandbox runs stand-ins of payment platforms over real HTTP on one port: each keeps books of its own and suffers
// faults on demand. Start it in a test, in the demo, or as a program (cmd/sandbox); drive it through package
// sandbox/control or with curl (GET /sandbox/v1/ shows the way).
//
// The platforms' paths lie at the root exactly as in production, hence a client changes the host and nothing else. What a platform
// sends to merchants by itself goes out over real HTTP too. There is no login: it is for loopback, holds no real money and no real
// key. A second door speaks TLS, for platforms that know merchants by their certificates.
//
// May import: sandbox/control, sandbox/stage, the platforms below it (sandbox/baidu and its siblings) and the standard library; never
// providers, which it is there to check.
package sandbox

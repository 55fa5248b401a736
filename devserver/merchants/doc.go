// Package merchants sets up one merchant account at one platform's stand-in, as
// a merchant would at the platform: it makes keys and credentials, registers,
// says where messages shall go, and writes the account's block of the worker's
// configuration. Afterwards it takes orders and reads the platform's books, in
// one shape for all platforms.
//
// The demo and the tests with a real server stand on it. It knows the stand-ins
// (package sandbox/control) and the names of settings, and no provider.
package merchants

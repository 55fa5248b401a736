// Package wire is the plumbing that every provider needs and none should own:
// one HTTP exchange that says whether a failed request may have arrived
// ([Client.Do]), a merchant's limit of requests ([Lane]) and an account's access
// token ([Tokens]), the sorted name=value string that Chinese platforms sign
// ([Canonical], [SignRSA]), keys and secrets from guarded files
// ([PrivateKeyFile], [SecretFile]), the form of a callback that has one reading
// only ([ParseForm]), and numbers that arrive now as JSON numbers and now as
// strings ([Int], [ID]).
//
// It knows no platform, no money and no saga, and imports nothing of the
// project. Nothing here logs.
package wire

// Package connection finds the Temporal server: from what a configuration file or a
// command line says, from connection profiles (temporal.toml) and from the variables
// TEMPORAL_*, as every Temporal program takes them ([Find]). TLS, client certificates
// and API keys come along, so that a server of one's own and Temporal Cloud differ by
// settings alone; keys that are renewed in their files are taken over while connected.
//
// It opens no connection, so that a check can use it. It imports nothing of the
// project, and no message of it shows a key.
package connection

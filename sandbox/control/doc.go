// Package control is the language in which people and tests speak to a running sandbox: the JSON types of the control
// API under /sandbox/v1/ and a small client for it. The sandbox itself uses the same types, so the two cannot drift.
//
// Money is integer fen. Ids that a platform types as 64-bit numbers are decimal strings here, because a JSON number
// loses digits in many languages. Durations are text as Go writes them ("90s", "24h").
//
// May import: the standard library only.
package control

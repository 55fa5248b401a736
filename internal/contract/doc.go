// Package contract writes down for other languages what package refund says in
// Go: a JSON Schema of every document that a caller sends or is sent, in
// docs/schema.
//
// Fields, types, what is required, the words of each enumeration and all
// descriptions come from package refund and its comments. What a type cannot
// say, the limits that Validate checks, stands once in limits.go, and the tests
// prove that the schemas and the Go code judge the same documents alike.
//
//	go generate ./internal/contract
//
// writes them anew. It may import refund and a schema library. Nothing that a
// backend imports may import it.
package contract

//go:generate go run ./write

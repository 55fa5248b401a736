// Package codec encrypts what Temporal stores of a refund: the document, what people say,
// what each step was given and answered, and the texts of failures. Temporal's server, its
// database and its operators then see ciphertext; names stay readable, see docs/encryption.md.
//
// A payload is encrypted with AES-256-GCM in the shape of Temporal's published samples, so
// that programs in other languages can use theirs: metadata encoding "binary/encrypted" and
// encryption-key-id, data nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes) of the serialized
// payload. A key's id is derived from the key, so that no name can be given to the wrong one.
//
// What is not encrypted passes through: a namespace may have older, plain refunds. What
// is encrypted and cannot be read is an [*UnreadableError] for callers; inside a workflow
// it stops the workflow task until a worker has the key, since nothing may be decided by
// what nobody could read.
//
// It imports the Temporal SDK's converters and providers/wire, which reads guarded files. Package
// server beside it decrypts for people at the Web UI.
package codec

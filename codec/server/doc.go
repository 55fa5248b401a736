// Package server is the codec server: it decrypts payloads for people who look at Temporal's
// Web UI, and encrypts what they type there. Keys never reach the browser.
//
// Who asks must have proven who they are before anything is decrypted: by a bearer token, by
// an OpenID provider's word, or by a cookie that its own small page gives for a token. Pages
// from anywhere but the Web UI's own addresses are refused. Each answer leaves one line in the log that
// says who read how many payloads, never what.
//
// It imports the codec it serves and providers/wire, which reads guarded files; not Temporal's client, the
// configuration or the worker.
package server

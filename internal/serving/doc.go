// Package serving runs an HTTP server on a listener until it is told to stop. Who serves
// gives the limits of its own server; what they have in common is here: running requests
// finish, what net/http has to say goes to the log, and an end that was asked for is no
// error. It imports nothing of the project.
package serving

// Package actions counts the billable actions of workflows, as a vendor of Temporal would. The server's own code counts:
// its telemetry interceptor, which emits the metric "action", runs around the calls of one connection, so that what goes
// over others does not count.
package actions

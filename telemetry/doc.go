// Package telemetry is the eyes of a refundflow process: Prometheus metrics, the
// SDK's and our own, OpenTelemetry traces from the command line to the exchange with
// a platform, and the fields of log lines. It watches and never decides: a scrape, a
// collector or a label that fails changes no refund.
//
// What it tells names refunds by account and id, and carries no personal data, no
// text that a person or a platform wrote, and no secret. It may import activities,
// the names in workflows, ledger, the contract in providers, providers/wire and
// refund; worker and starter import it, nothing below does.
package telemetry

// Command bench measures what a refund takes beside what Temporal takes for the same number of steps. It starts the
// system as separate processes and makes refunds at several depths of load, turn by turn with a bare workflow on the same
// server and in the same worker process, whose activities only call a stub; and with a naive workflow on a server with
// stock settings. What counts are ratios within one run: the machine's own speed is told, and promised nowhere.
//
// A lane (lane.go) is a way to make one workflow and wait for its end; a cell (cell.go) is a lane under a load, measured
// once; the rounds (rounds.go) go through all cells again and again, so that what disturbs the machine disturbs all
// lanes. What a cell measured is kept as it is; tables, plot and JSON are made of it afterwards.
//
// It stands on devserver/engine, devserver/merchants, devserver/process and worker/service.
package main

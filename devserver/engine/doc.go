// Package engine is a whole Temporal in this process: frontend, history, matching, worker service and Web UI, on the
// loopback interface only, with nothing to install and nothing fetched from anywhere.
//
// One idea: [Start] returns when a workflow can be started, and [Engine.Stop] when the ports and the file are free again.
// Between the two there is an address for any Temporal client, a Web UI for people, and, with a database file, workflows
// that outlive the process.
//
//	eng, err := engine.Start(ctx, engine.Options{DBFile: "demo.db"})
//	if err != nil { ... }
//	defer eng.Stop()
//	c, err := eng.Client(ctx)
//
// It is made for demonstrations and tests on one machine. It has no authentication, one history shard, and settings
// (see dynamicConfig) that suit one process with SQLite; production runs the Temporal server by itself.
//
// It may import the Temporal server, its Web UI and [github.com/refundflow/refundflow/devserver/timeskip]. It knows
// nothing of refunds, and only the devserver module may import it: the server brings some 200 modules along.
package engine

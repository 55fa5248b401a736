// Package timeskip makes weeks pass in milliseconds, on a real Temporal server.
//
// One idea: server 1.32 gives every workflow a clock of its own, which may jump to the next timer whenever nothing is in
// flight. Timers, retry back-off, deadlines and workflow.Now all follow it; the history stays truthful, with one event
// for each jump. Nothing in the workflow's code has to know.
//
// Two ways:
//
//   - [DialOption] on a client: every workflow that it starts (start, signal-with-start, update-with-start) skips time from
//     its first moment. For long tests.
//   - [Control] on workflows that are already running, also while they wait on a timer: [Control.FastForward] by a stretch
//     ("until tomorrow"), [Control.Enable] to the end, [Control.Disable]. For demonstrations: show it waiting, then skip.
//
// # Limits
//
//   - The server refuses unless frontend.WorkflowTimeSkippingEnabled is set, which the embedded server of package engine
//     does; see [ErrNotSupported]. Experimental in 1.32, and not in the SDK: this package speaks the server's own API.
//   - Only the workflow's clock moves. Activities, providers, databases and other workflows keep the wall's time, so a
//     sandbox that settles "after one hour" is not an hour further. A child started while its parent skips does so too,
//     on a clock of its own; the parent waits for it at its old time.
//   - Nothing skips while work is in flight: a running activity, a workflow task that no worker picks up, a child, a Nexus
//     operation. An activity waiting for its next retry is not in flight: its back-off is skipped as a timer would be, so
//     an activity that says "not yet" until a provider is done is asked again and again at once. Stretches with
//     FastForward stay bounded by their length, Enable by a number of jumps.
//   - Skipping ends by itself after [DefaultMaxSkips] jumps.
//   - A workflow that waits for a signal alone has no next moment to jump to: FastForward moves it on by the stretch,
//     Enable leaves it where it is. A run or execution timeout is such a moment, though: Enable jumps to it and the
//     workflow times out.
//   - Times in the history and the Web UI are then in the future, and stay so when skipping is disabled: a clock never
//     goes back. Retention counts from those times.
//
// It may import the Temporal API and gRPC, and nothing of the project.
package timeskip

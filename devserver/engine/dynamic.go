package engine

import (
	"time"

	"go.temporal.io/server/common/dynamicconfig"
)

// dynamicConfig holds the settings that differ from the server's defaults, which are made for clusters. Figures are from
// this project's measurements (saga of five activities, SQLite, two cores). Keys come from the server's own symbols, so
// that a setting renamed by a new server stops the build instead of silently losing its effect. Stock is [Options].Stock.
func dynamicConfig(stock bool) dynamicconfig.StaticClient {
	if stock {
		return dynamicconfig.StaticClient{
			// These two change no speed: see below.
			dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
			dynamicconfig.EnableServerVersionCheck.Key():                false,
		}
	}
	return dynamicconfig.StaticClient{
		// A queue is read at most 20 times a second by default, per shard, and there is one shard: some 45 ms on every
		// task. The one setting that matters: p50 of a single saga 550 -> 56 ms.
		dynamicconfig.TransferProcessorMaxPollRPS.Key(): 2000,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():    2000,

		// With the default four partitions a first workflow task waits for a poller to come by the right one: p95 at 40
		// in flight 3.8 -> 1.3 s. The numbers must agree, or tasks are written where nobody reads.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// Timers fire up to 1 s late by default, which turns six polls of 200 ms into 5 s.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): 10 * time.Millisecond,

		// How long a wait for a workflow's next event or end lasts before the client asks again, 20 s by default. Now and then
		// (about once in 30 when time is skipped, measured) the server ends a workflow without waking who waits for it.
		dynamicconfig.HistoryLongPollExpirationInterval.Key(): time.Second,

		// Workflow state kept in memory. The whole demo fits, so a state is read from SQLite only after a restart.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): 8096,

		// A search attribute must be usable by the next workflow after it was registered; the cache would refuse it for up
		// to a minute, and a refused attribute makes a workflow task fail for ever.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,

		// Listing is limited to 10 a second by default; the Web UI counts and lists several times for one page.
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 1000,

		// Lets package timeskip advance a workflow's own clock. Off by default: the feature is experimental.
		dynamicconfig.WorkflowTimeSkippingEnabled.Key(): true,

		// The server would tell its maker once a day which version runs here. Nothing leaves this machine.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
	}
}

package telemetry

import (
	"maps"
	"slices"

	"go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/workflows"
)

// otherType stands in labels for a type that no worker of ours registers.
const otherType = "other"

// knownTypes are the values that a label may have; "none" is the SDK's.
var knownTypes = map[string][]string{
	"workflow_type": {workflows.TypeRefund, workflows.TypeReconcile, "none"},
	"activity_type": append(activities.Types(), "none"),
}

// bounded keeps names out of the SDK's labels that come from outside: who can start a
// workflow names its type, and each new one would be new series for ever.
type bounded struct{ client.MetricsHandler }

// WithTags implements [client.MetricsHandler].
func (b bounded) WithTags(tags map[string]string) client.MetricsHandler {
	kept := maps.Clone(tags) // the SDK keeps what it gave
	for label, known := range knownTypes {
		if name, is := kept[label]; is && !slices.Contains(known, name) {
			kept[label] = otherType
		}
	}
	return bounded{b.MetricsHandler.WithTags(kept)}
}

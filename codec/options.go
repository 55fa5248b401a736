package codec

import (
	"context"
	"errors"

	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// ClientOptions makes a Temporal client encrypt and decrypt: it sets DataConverter and
// FailureConverter. For the client of a worker use [Codec.WorkerOptions].
func (c *Codec) ClientOptions(o *client.Options) { c.options(o, false) }

// WorkerOptions is [Codec.ClientOptions] for a client that serves a worker. A workflow there
// that meets a failure which cannot be read does not go on: its task fails, and is tried again
// until a worker has the key. Every worker needs it, also one without keys: it would take
// ciphertext for a refund's document otherwise.
func (c *Codec) WorkerOptions(o *client.Options) { c.options(o, true) }

func (c *Codec) options(o *client.Options, stops bool) {
	o.DataConverter = c.DataConverter()
	o.FailureConverter = failureConverter{
		FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter: o.DataConverter, EncodeCommonAttributes: c.encrypts(),
		}),
		codec: c, stops: stops,
	}
}

// DataConverter is the SDK's default one behind the codec. What it writes does not depend on
// who writes it, so that a payload can be read wherever it turns up.
func (c *Codec) DataConverter() converter.DataConverter {
	return dataConverter{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)}
}

// dataConverter returns errors to callers and to activities, and stops workflows.
type dataConverter struct{ converter.DataConverter }

var _ converter.ContextAware = dataConverter{}

// WithWorkflowContext implements [converter.ContextAware].
func (d dataConverter) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return stopping(d)
}

// WithContext implements [converter.ContextAware].
func (d dataConverter) WithContext(context.Context) converter.DataConverter { return d }

// stopping panics where the SDK would go on with what nobody could read: it drops a signal
// with a line in the log, fails the workflow for its input, and hands an activity's result to
// the saga as that activity's error. A panic fails the workflow task alone.
type stopping struct{ converter.DataConverter }

func (s stopping) FromPayload(p *commonpb.Payload, value any) error {
	return readable(s.DataConverter.FromPayload(p, value))
}

func (s stopping) FromPayloads(p *commonpb.Payloads, values ...any) error {
	return readable(s.DataConverter.FromPayloads(p, values...))
}

func readable(err error) error {
	if unreadable := (*UnreadableError)(nil); errors.As(err, &unreadable) {
		panic(unreadable)
	}
	return err
}

// failureConverter looks whether a failure can be read before the default one reads it, since
// that one goes on without what cannot.
type failureConverter struct {
	converter.FailureConverter
	codec *Codec
	stops bool
}

func (f failureConverter) FailureToError(failure *failurepb.Failure) error {
	err := f.readable(failure)
	switch {
	case err == nil:
		return f.FailureConverter.FailureToError(failure)
	case f.stops:
		panic(err)
	}
	return err
}

func (f failureConverter) readable(failure *failurepb.Failure) error {
	for ; failure != nil; failure = failure.GetCause() {
		payloads := failure.GetApplicationFailureInfo().GetDetails().GetPayloads()
		if common := failure.GetEncodedAttributes(); common != nil {
			payloads = append([]*commonpb.Payload{common}, payloads...)
		}
		if _, err := f.codec.Decode(payloads); err != nil {
			return err
		}
	}
	return nil
}

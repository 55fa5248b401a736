package matrix

import (
	"context"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"

	"github.com/refundflow/refundflow/sandbox/control"
)

// A platform that is too slow works on for a moment of real time after the provider has lost
// its patience. The workflow's time is skipped: without a brake days would pass in that moment.

// InterceptActivity lets no attempt end while the platform still works on a call of it.
func (p *play) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &brake{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, play: p}
}

type brake struct {
	interceptor.ActivityInboundInterceptorBase
	play *play
}

func (b *brake) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := b.Next.ExecuteActivity(ctx, in)
	b.play.worked()
	return result, err
}

// worked waits until each call that a fault has delayed is in the platform's log, where it
// stands once it is worked on.
func (p *play) worked() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.world.Context()), patience)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		faults, err := p.world.Platform.Faults(ctx)
		require.NoError(p.world, err)
		calls, err := p.world.Platform.Calls(ctx, control.CallFilter{})
		require.NoError(p.world, err)
		if !slices.ContainsFunc(faults, func(f control.Fault) bool { return f.Kind == control.FaultDelay && f.Used > struck(calls, f.ID) }) {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			require.FailNow(p.world, "the platform works for ever")
		}
	}
}

// struck is how many calls in the log a fault has struck.
func struck(calls []control.Call, fault int64) (n int) {
	for _, c := range calls {
		if slices.ContainsFunc(c.Faults, func(f control.AppliedFault) bool { return f.ID == fault }) {
			n++
		}
	}
	return n
}

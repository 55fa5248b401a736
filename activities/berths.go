package activities

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// CallsAtOnce is how many steps may wait for one platform at once, in all queues of a
// process. A platform that hangs holds each of them for as long as its exchanges may
// take: without a bound, it would soon hold all that a worker can run at once, and the
// other platforms' refunds would stand behind it. A platform that answers within half a
// second is asked 400 times a second with it, which is more than any permits.
const CallsAtOnce = 200

// berths counts the steps that wait for each platform. Its zero value is ready.
type berths struct {
	mu    sync.Mutex
	taken map[string]int
}

// take reports whether there is room for one more; leave must be called then.
func (b *berths) take(platform string) (leave func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken[platform] >= CallsAtOnce {
		return nil, false
	}
	if b.taken == nil {
		b.taken = map[string]int{}
	}
	b.taken[platform]++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.taken[platform]--
	}, true
}

// turnedAway is how long a step stays away for which there was no room: longer each time,
// since thousands may wait so, and each of their attempts costs the server what others'
// steps need; and by up to as much again, so that they do not come together. It is no shorter
// than an exchange may take: before that, hardly any room comes free.
func turnedAway(attempt int32) time.Duration {
	pause := min(10*time.Second*time.Duration(attempt), 5*time.Minute)
	return pause + rand.N(pause)
}

// berthed runs a step of a platform while there is room for it, and otherwise gives its
// place in the worker back at once: before anything is read, written or sent. Then it is
// "not yet", which leaves what an earlier attempt may have done as unknown as it was. In
// the same way it keeps the pause after an attempt in the workflow's own task.
func berthed[T any](a *Activities, step func(context.Context, Step) (T, error)) func(context.Context, Step) (T, error) {
	return func(ctx context.Context, in Step) (T, error) {
		if rest := in.Pause - waited(ctx); rest > 0 {
			var none T
			return none, notYet("the attempt in the workflow's own task was no answer: pauses before the next one", rest)
		}
		account, err := a.Accounts.Account(in.Key.Account)
		if err != nil {
			return step(ctx, in) // which says what to do about it
		}
		platform := account.Provider.Rules().Provider
		leave, ok := a.berths.take(platform)
		if !ok {
			var none T
			return none, temporal.NewApplicationErrorWithOptions(
				fmt.Sprintf("%d calls of %s are under way in this process, which is as many as may be: it answers slowly, or not at all", CallsAtOnce, platform),
				TypeNotYet, temporal.ApplicationErrorOptions{
					NextRetryDelay: turnedAway(activity.GetInfo(ctx).Attempt), Category: temporal.ApplicationErrorCategoryBenign,
				})
		}
		defer leave()
		return step(ctx, in)
	}
}

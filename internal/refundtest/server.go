package refundtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// death is what [Crash] panics with.
type death struct{}

// Crash lets the worker die here and now, when a planned moment of the ledger calls it: the
// attempt's code goes no further, and the server runs another. See [Disturbed.At].
func Crash() error { panic(death{}) }

// errDied is how an attempt ends whose worker died: the server runs another.
var errDied = errors.New("the worker died")

// server makes the test environment behave like a real server where it does
// not, and gives tests a hold on every attempt. In the test environment an
// activity's times never move; a real server tells each attempt when the step
// was first scheduled and when this attempt began.
type server struct {
	interceptor.WorkerInterceptorBase
	run *Run

	mu sync.Mutex
	// first is when each activity was first seen; tick counts attempts, so that no
	// two begin at the same moment.
	first map[string]time.Time
	tick  int
	// attempts are counted by step over the whole run, steps are those scheduled.
	attempts, steps map[string]int
	hooks           []*hook
	moments         []StepMoment
	// told is what a history would hold: what the steps were given, and how they ended.
	told []string
	// together is true while hooks after a step run.
	together atomic.Bool
}

// hook is what happens around one attempt of a step.
type hook struct {
	step   string
	nth    int
	after  bool
	do     func(*Run)
	breaks bool
	done   bool
	// optional: it may never come to this.
	optional bool
}

// StepMoment is one side of one attempt of a step.
type StepMoment struct {
	Step  string
	Nth   int
	After bool
	// Books is how often each method of the ledger had been called by then.
	Books map[string]int
}

type times struct{ scheduled, started time.Time }

type timesKey struct{}

func (s *server) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &inbound{interceptor.ActivityInboundInterceptorBase{Next: next}, s}
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase
	server *server
}

func (i *inbound) Init(next interceptor.ActivityOutboundInterceptor) error {
	return i.Next.Init(&outbound{interceptor.ActivityOutboundInterceptorBase{Next: next}})
}

// ExecuteActivity runs one attempt. When the worker dies in a local one, the next worker
// takes up the workflow's task, and the step in it, as a first attempt: no server has heard
// of the one before. (It runs the task's earlier local steps again as well, which only a real
// server shows.)
func (i *inbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	for {
		result, err := i.attempt(ctx, in)
		if !errors.Is(err, errDied) || !activity.GetInfo(ctx).IsLocalActivity {
			return result, err
		}
	}
}

func (i *inbound) attempt(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	defer func() {
		if v := recover(); v != nil {
			if _, died := v.(death); !died {
				panic(v)
			}
			result, err = nil, errDied
		}
		i.server.remember(in.Args, result, err)
	}()
	info := activity.GetInfo(ctx)
	step := info.ActivityType.Name
	nth, at := i.server.begin(info)
	ctx = context.WithValue(ctx, timesKey{}, at)
	if i.server.strike(step, nth, false) {
		return nil, errDied
	}
	result, err = i.Next.ExecuteActivity(ctx, in)
	if i.server.strike(step, nth, true) {
		return nil, errDied
	}
	return result, err
}

// remember keeps what the history of a real server would, as far as it is ours.
func (s *server) remember(args []any, result any, err error) {
	var words string
	var failure *temporal.ApplicationError
	if err != nil {
		words = err.Error()
	}
	if errors.As(err, &failure) && failure.HasDetails() {
		var details any
		_ = failure.Details(&details) // which cannot be shown if it cannot be read
		words += fmt.Sprintf(" %+v", details)
	}
	text, fault := json.Marshal([]any{args, result, words})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, string(text))
	if fault != nil {
		s.told = append(s.told, fmt.Sprintf("%+v %+v", args, result))
	}
}

func (s *server) begin(info activity.Info) (nth int, at times) {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := info.ActivityType.Name
	s.attempts[step]++
	if _, seen := s.first[info.ActivityID]; !seen {
		s.first[info.ActivityID] = s.run.env.Now()
		if !info.IsLocalActivity {
			s.steps[step]++
		}
	}
	s.tick++
	first := s.first[info.ActivityID]
	return s.attempts[step], times{scheduled: first, started: s.run.env.Now().Add(time.Duration(s.tick) * time.Millisecond)}
}

// strike runs the hooks of one moment and reports whether one breaks the attempt.
func (s *server) strike(step string, nth int, after bool) (broken bool) {
	moment := StepMoment{step, nth, after, s.run.Ledger.Calls()}
	s.mu.Lock()
	s.moments = append(s.moments, moment)
	var due []*hook
	for _, h := range s.hooks {
		if h.step == step && h.after == after && h.nth == nth {
			h.done = true
			due = append(due, h)
		}
	}
	s.mu.Unlock()
	s.together.Store(after)
	defer s.together.Store(false)
	for _, h := range due {
		if h.do != nil {
			h.do(s.run)
		}
		broken = broken || h.breaks
	}
	return broken
}

type outbound struct {
	interceptor.ActivityOutboundInterceptorBase
}

func (o *outbound) GetInfo(ctx context.Context) activity.Info {
	info := o.Next.GetInfo(ctx)
	if at, ok := ctx.Value(timesKey{}).(times); ok {
		info.ScheduledTime, info.StartedTime = at.scheduled, at.started
	}
	return info
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// lane is one way to make a workflow and wait for its end.
type lane interface {
	// name is short and tells it from the others.
	name() string
	// prepare makes what n workflows need, outside of what is measured.
	prepare(ctx context.Context, n int) error
	// run makes one and returns when its caller knows the end.
	run(ctx context.Context) (workflowID string, err error)
	// programs are the processes that work for it.
	programs() programs
	// temporal is the server that it runs on.
	temporal() temporalclient.Client
}

// programs are who works for a lane.
type programs struct{ server, worker, platform *process.Process }

// refundLane makes refunds of one kind, at so many merchants in turn.
type refundLane struct {
	label, beside string
	inline        string // the setting; "" is what an account has that says nothing
	merchants     []merchants.Merchant
	total, amount refund.Fen

	site  *site
	ready chan refund.Request
}

// account is the name of the lane's merchant of that number.
func (l *refundLane) account(n int) string { return fmt.Sprintf("%s-%d", l.label, n+1) }

// nameNaive is the lane with which the refunds are compared as a whole.
const nameNaive = "naive"

// laneNames are all lanes, in the order in which they are told.
func laneNames() (names []string) {
	for _, l := range refundLanes {
		names = append(names, l.label)
	}
	for _, l := range plainLanes {
		names = append(names, l.label)
	}
	return names
}

// besides is the bare workflow that a lane is compared with, "" for one that is none of refunds.
func besides(name string) string {
	for _, l := range refundLanes {
		if l.label == name {
			return l.beside
		}
	}
	return ""
}

// spreadOver is over how many merchant numbers refunds are spread where the worker keeps each within what its platform permits
// (WeChat 150 requests a second, xlife ten): what is measured is not that.
const spreadOver = 16

// refundLanes are the kinds of refunds, each beside the bare workflow with as many regular activities as its saga has steps at
// the platform. The last ones are the first with another setting of `inline`.
var refundLanes = []*refundLane{
	{
		label: "wechat", beside: "bare-3", total: 300, amount: 100,
		merchants: many(func(n int) merchants.Merchant {
			return merchants.NewWeChat(fmt.Sprint(1900000500+n), "wx5151515151515151")
		}),
	},
	{
		label: "baidu-full", beside: "bare-4", total: 100, amount: 100,
		merchants: []merchants.Merchant{merchants.Baidu{AppKey: "MMMbench", ClientID: "bench", AppID: 10051, Silent: true}},
	},
	{label: "xlife", beside: "bare-1", total: 100, amount: 100, merchants: many(func(n int) merchants.Merchant { return merchants.NewXLife(fmt.Sprint(51515100 + n)) })},
	{
		label: "wechat-reads", beside: "bare-3", total: 300, amount: 100, inline: "reads",
		merchants: many(func(n int) merchants.Merchant {
			return merchants.NewWeChat(fmt.Sprint(1900000700+n), "wx7171717171717171")
		}),
	},
	{
		label: "wechat-all", beside: "bare-3", total: 300, amount: 100, inline: "all",
		merchants: many(func(n int) merchants.Merchant {
			return merchants.NewWeChat(fmt.Sprint(1900000800+n), "wx8181818181818181")
		}),
	},
}

func many(one func(int) merchants.Merchant) (all []merchants.Merchant) {
	for i := range spreadOver {
		all = append(all, one(i))
	}
	return all
}

func (l *refundLane) name() string                    { return l.label }
func (l *refundLane) temporal() temporalclient.Client { return l.site.temporal }

func (l *refundLane) programs() programs {
	return programs{l.site.server, l.site.worker, l.site.sandbox}
}

// prepare makes paid orders.
func (l *refundLane) prepare(ctx context.Context, n int) error {
	paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC()
	l.ready = make(chan refund.Request, n)
	batch := uuid.NewString()[:8]
	return process.Each(8, indexes(n), func(i int) error {
		at := i % len(l.merchants)
		made, err := l.merchants[at].Order(ctx, l.site.stand, control.NewOrder{Total: int64(l.total), Paid: new(true), PaidAt: &paidAt})
		l.ready <- refund.Request{
			ID: fmt.Sprintf("%s-%d", batch, i), Account: l.account(at), Amount: l.amount, Order: made,
			Reason: "parcel never arrived", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		}
		return err
	})
}

func (l *refundLane) run(ctx context.Context) (string, error) {
	r, err := l.next()
	if err != nil {
		return "", err
	}
	started, err := l.site.refunds.Start(ctx, r)
	if err != nil {
		return "", err
	}
	outcome, err := l.site.refunds.Wait(ctx, r.Account, r.ID)
	if err == nil && outcome.Status != refund.StatusSucceeded {
		err = fmt.Errorf("refund %s of %s ended as %s: %s", r.ID, r.Account, outcome.Status, outcome.Reason)
	}
	return started.WorkflowID, err
}

// indexes are 0 to n-1.
func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func (l *refundLane) next() (refund.Request, error) {
	select {
	case r := <-l.ready:
		return r, nil
	default:
		return refund.Request{}, fmt.Errorf("%s: more refunds are made than were prepared", l.label)
	}
}

// plainLane makes workflows of this program's own.
type plainLane struct {
	label, workflow, queue string
	steps                  int
	stock                  bool
	site                   *site
}

var plainLanes = []*plainLane{
	{label: "bare-1", workflow: typeBare, queue: queueBare, steps: 1},
	{label: "bare-3", workflow: typeBare, queue: queueBare, steps: 3},
	{label: "bare-4", workflow: typeBare, queue: queueBare, steps: 4},
	{label: nameNaive, workflow: typeNaive, queue: queueNaive, stock: true},
}

func (l *plainLane) name() string                       { return l.label }
func (l *plainLane) prepare(context.Context, int) error { return nil }

func (l *plainLane) temporal() temporalclient.Client {
	if l.stock {
		return l.site.stock
	}
	return l.site.temporal
}

func (l *plainLane) programs() programs {
	if l.stock {
		return programs{l.site.stockServer, l.site.naive, l.site.stub}
	}
	return programs{l.site.server, l.site.worker, l.site.stub}
}

func (l *plainLane) run(ctx context.Context) (string, error) {
	id := l.label + "/" + uuid.NewString()
	options := temporalclient.StartWorkflowOptions{ID: id, TaskQueue: l.queue}
	run, err := l.temporal().ExecuteWorkflow(ctx, options, l.workflow, order{ID: id, Steps: l.steps, Text: filling})
	if err != nil {
		return "", err
	}
	var got answer
	if err = run.Get(ctx, &got); err == nil && got.Status != answered {
		err = fmt.Errorf("%s ended as %q", id, got.Status)
	}
	return id, err
}

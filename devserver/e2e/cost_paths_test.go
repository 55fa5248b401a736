package e2e

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// price is what one refund costs.
type price struct {
	events  int
	actions actions
}

// plus adds another, times a sign.
func (p price) plus(sign int, other price) price {
	return price{p.events + sign*other.events, p.actions.plus(sign, other.actions)}
}

// Paths that others are priced with.
const (
	plain      = "plain"
	cancelling = "the whole of a verified order: its verification is cancelled"
	byMessage  = "the platform's message ends the wait"
	byPerson   = "nobody can prove how it ended: a person says so"
)

// path is one way a refund of a part of its order can go, and what that costs. Where a platform gives back whole orders
// only, it is the whole.
type path struct {
	name string
	price
	// open says on which transports it can be gone; nil is on all of them.
	open func(habits) bool
	// whole: it is of the whole order, wherever less could be given back.
	whole   bool
	account func(*activities.Account)
	order   func(*control.NewOrder)
	// before acts while nothing is begun; begin begins, by default with the client's Start; during goes on from there.
	before func(*turn, refund.Request)
	begin  act
	during []func(*turn, refund.Request)
	// from is where its result comes from; by default, from where the transport has it.
	from source
	// fails: it ends so, and refused: before the platform has accepted it.
	fails, refused bool
}

// paths are what is asserted, and what docs/performance.md tells. Whoever changes a price changes it there, too.
var paths = []path{
	{name: plain,
		price: price{26, actions{starts: 1, steps: 3, books: 2, attributes: 1}}},
	{name: "the whole order", whole: true, open: not(unwinds),
		price: price{26, actions{starts: 1, steps: 3, books: 2, attributes: 1}}},
	{name: cancelling, whole: true, open: unwinds,
		price: price{32, actions{starts: 1, steps: 4, books: 2, attributes: 1}}},
	{name: "begun by update-with-start", begin: submit,
		price: price{28, actions{submits: 1, updates: 1, steps: 3, books: 2, attributes: 1}}},

	{name: "inline reads: plain", open: answers, account: firstInTask(activities.InlineReads),
		price: price{16, actions{starts: 1, steps: 1, books: 2, attributes: 1}}},
	{name: "inline reads: the whole of a verified order", whole: true, open: both(answers, unwinds), account: firstInTask(activities.InlineReads),
		price: price{22, actions{starts: 1, steps: 2, books: 2, attributes: 1}}},
	{name: "inline all: plain", open: answers, account: firstInTask(activities.InlineAll),
		price: price{11, actions{starts: 1, books: 1, attributes: 1}}},
	{name: "inline all: the whole of a verified order", whole: true, open: both(answers, unwinds), account: firstInTask(activities.InlineAll),
		price: price{17, actions{starts: 1, steps: 1, books: 2, attributes: 1}}},

	{name: "20 questions until the result is there", open: both(answers, tells), order: late, before: onTheTwentieth,
		price: price{26, actions{starts: 1, steps: 3, retries: 19, books: 2, attributes: 1}}},
	{name: byMessage, open: both(tells, proves), from: fromMessage,
		price: price{36, actions{starts: 1, signals: 1, steps: 4, books: 2, attributes: 1}}},
	{name: byPerson, open: not(proves), from: fromPerson,
		price: price{33, actions{starts: 1, signals: 1, steps: 3, books: 3, attributes: 2}}},
	{name: "in doubt, and found", open: finds, before: losesTheAnswer,
		price: price{34, actions{starts: 1, steps: 4, books: 2, attributes: 3}}},

	{name: "approved, by a signal", account: asksOne, during: acts(reach(refund.StatusAwaitingApproval), approves("finance-2")),
		price: price{34, actions{starts: 1, signals: 1, steps: 3, books: 3, attributes: 4}}},
	{name: "approved, by an update", account: asksOne, during: acts(reach(refund.StatusAwaitingApproval), (*world).approve),
		price: price{35, actions{starts: 1, updates: 1, steps: 3, books: 3, attributes: 4}}},
	{name: "approved by two people, by signals", account: asksTwo,
		during: acts(reach(refund.StatusAwaitingApproval), approves("finance-2"), approvedByOne, approves("finance-3")),
		price:  price{39, actions{starts: 1, signals: 2, steps: 3, books: 4, attributes: 4}}},

	{name: "waits for the cap until it is raised", account: capped, before: usesUp, during: append(acts(reach(refund.StatusAwaitingBudget)), raises),
		price: price{35, actions{starts: 1, signals: 1, steps: 3, books: 3, timers: 1, attributes: 4}}},
	{name: "waits for the cap until the next day", account: capped, before: usesUp, during: acts(nextDay),
		price: price{35, actions{starts: 1, steps: 3, books: 3, timers: 1, attributes: 4}}},

	{name: "refused: its id is in use for other content", before: otherwise, fails: true, refused: true,
		price: price{7, actions{starts: 1, books: 1, attributes: 1}}},
	{name: "refused: too little is left of the order", before: spends, fails: true, refused: true,
		price: price{7, actions{starts: 1, books: 1, attributes: 1}}},
	{name: "refused: the order is not paid", open: seesUnpaid, order: notPaid, fails: true, refused: true,
		price: price{14, actions{starts: 1, steps: 1, books: 2, attributes: 1}}},
	{name: "refused by the platform", open: canRefuse, before: refuses, fails: true, refused: true,
		price: price{21, actions{starts: 1, steps: 2, books: 3, attributes: 1}}},
	{name: "accepted by the platform, and failed there", open: both(tells, proves), order: doomed, fails: true,
		price: price{27, actions{starts: 1, steps: 3, books: 3, attributes: 1}}},
}

// firstInTask makes first attempts in the workflow's own task.
func firstInTask(which activities.Inline) func(*activities.Account) {
	return func(a *activities.Account) { a.Inline = which }
}

func named(t *testing.T, name string) path {
	t.Helper()
	i := slices.IndexFunc(paths, func(p path) bool { return p.name == name })
	require.GreaterOrEqual(t, i, 0, "no path is named %s", name)
	return paths[i]
}

func (p path) goesOn(h habits) bool { return p.open == nil || p.open(h) }

// source is from where its result comes on a transport.
func (p path) source(h habits) source {
	if p.from != "" {
		return p.from
	}
	return h.source()
}

func (p path) ends() refund.Status {
	if p.fails {
		return refund.StatusFailed
	}
	return refund.StatusSucceeded
}

// on is its price on a transport. Where the platform cannot be asked for results, what it takes to hear of one comes to
// the price of each refund that was accepted; where its answer to the refund has the result, questions are saved.
func (p path) on(t *testing.T, h habits) price {
	t.Helper()
	if h.Query == providers.QueryNone {
		require.True(t, h.NoOrderQuery, "a platform that is asked about orders, and never for results, has prices that are written nowhere")
		return p.plus(-1, p.questions())
	}
	require.False(t, h.NoOrderQuery, "a platform that is asked for results, and never about orders, has prices that are written nowhere")
	if p.from != "" || p.refused || h.source() == fromAnswer {
		return p.price
	}
	hearing := named(t, byMessage)
	if h.source() == fromPerson {
		hearing = named(t, byPerson)
	}
	return p.plus(1, hearing.price).plus(-1, named(t, plain).price)
}

// questions are what the path's questions cost, about the order and for the result.
func (p path) questions() price {
	var account activities.Account
	if p.account != nil {
		p.account(&account)
	}
	switch {
	case account.Inline != "": // in the workflow's own task, where the result is looked up all the same
		return price{events: 1}
	case p.actions[steps] == 0: // it is refused before anything is asked
		return price{}
	case p.refused:
		return price{6, actions{steps: 1, books: 1}}
	}
	return price{11, actions{steps: 2}}
}

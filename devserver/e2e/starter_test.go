package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func TestStarterStartsFromFileFromStandardInputAndFromFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)

	file := w.request(9800, 9800)
	require.NoError(t, os.WriteFile(w.file("refund.json"), []byte(w.document(file)), 0o600))
	w.starter("", "start", w.file("refund.json"), "--wait").says(t, 0, full(file)+" started: ¥98.00 of ¥98.00",
		"cancelling_verification", "processing", full(file)+" succeeded")
	w.paidOnce(file, w.wait(file))
	w.starter("", "start", w.file("refund.json")).says(t, 0, full(file)+" was started before")

	stdin := w.request(3000, 1000)
	w.starter(w.document(stdin), "start", "-", "--detach", "--wait").says(t, 0, full(stdin)+" started", full(stdin)+" succeeded")
	w.paidOnce(stdin, w.wait(stdin))

	flags := w.request(5000, 1250)
	s := w.starter("", "start", "--account", flags.Account, "--id", flags.ID, "--yuan", "12.50", "--total", "5000", "--reason", "broken",
		"--requested-by", "agent-17", "--platform-order", flags.Order.PlatformID, "--merchant-order", flags.Order.MerchantID,
		"--user-id", flags.Order.UserID, "--paid-at", "2026-11-20T10:00:00+08:00", "--wait", "-o", "json")
	s.says(t, 0)
	var out refund.Outcome
	require.NoError(t, json.Unmarshal([]byte(s.out), &out), s.out)
	w.paidOnce(flags, out)

	made := w.request(700, 700)
	s = w.starter("", "start", "--account", made.Account, "--amount", "700", "--total", "700", "--reason", "broken", "--requested-by", "agent-17",
		"--platform-order", made.Order.PlatformID, "--merchant-order", made.Order.MerchantID, "--user-id", made.Order.UserID, "-o", "json")
	s.says(t, 0)
	var started map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.out), &started), s.out)
	_, made.ID, _ = refund.ParseWorkflowID(started["workflow_id"].(string))
	require.Len(t, made.ID, 32, "an id left out is made up")
	w.paidOnce(made, w.wait(made))
}

func TestStarterTellsTheOutcomeByItsExitCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	w.work(nil)
	start := func(r refund.Request, more ...string) said {
		return w.starter(w.document(r), append([]string{"start", "-"}, more...)...)
	}

	small := w.request(700, 700)
	start(small).says(t, 0, full(small)+" started: ¥7.00 of ¥7.00", full(small)+" checking_order: accepted")
	w.paidOnce(small, w.wait(small))
	start(small).says(t, 0, full(small)+" was started before", full(small)+" succeeded: ")
	more := small
	more.ID = "R-more"
	start(more).says(t, 3, full(more)+" failed: ")

	failed := w.request(1000, 1000, unpaid)
	start(failed, "--wait").says(t, 3, full(failed)+" failed", "not paid")
	w.starter("", "status", full(failed)).says(t, 3, "failed since")

	large := func() refund.Request { return w.request(6000, 6000) }
	rejected, cancelled, slowly, approved := large(), large(), large(), large()
	for _, r := range []refund.Request{rejected, cancelled, slowly, approved} {
		start(r).says(t, 0, full(r)+" started", full(r)+" awaiting_approval: waits for")
	}
	w.starter("", "reject", full(rejected), "--by", "finance-2", "--note", "no parcel").says(t, 0, "rejected by finance-2: no parcel")
	w.starter("", "watch", full(rejected)).says(t, 4, full(rejected)+" rejected")
	w.starter("", "cancel", full(cancelled), "--by", "agent-17").says(t, 0, full(cancelled)+" cancelled: cancelled by agent-17")
	w.starter("", "watch", full(cancelled)).says(t, 5, full(cancelled)+" cancelled")
	start(slowly, "--wait", "--timeout", "1s").says(t, 7, "after 1s the refund is still under way", "awaiting_approval", "starter watch "+full(slowly))
	w.starter("", "watch", full(slowly), "--timeout", "1s").says(t, 7, "still under way")
	w.starter("", "status", full(slowly)).says(t, 0, "awaiting_approval since", "waits for   people to decide",
		"approved    0 of 1", "takes now   approve, reject, cancel", "history")
	w.starter("", "look", full(slowly)).says(t, 0, "awaiting_approval since")

	w.starter("", "approve", full(approved), "--by", "agent-17").says(t, 9, "this changed nothing: agent-17 asked for this refund and cannot approve it")
	w.starter("", "approve", full(approved), "--by", "finance-2", "--note", "called").says(t, 0, "approved by finance-2: called")
	w.starter("", "watch", full(approved)).says(t, 0, full(approved)+" succeeded")
	w.paidOnce(approved, w.wait(approved))
	w.starter("", "approve", full(approved), "--by", "finance-2").says(t, 9, "has ended as succeeded")

	other := approved
	other.Reason = "another"
	start(other).says(t, 8, "was used before for other content", "nothing was started", "choose a new id")
	w.starter("", "status", w.account+"/R404").says(t, 1, "no refund R404 of account "+w.account+" is known: check both")
}

func TestStarterResolvesWhatNeedsAttention(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	refused := func(op string) refund.Request {
		r := w.request(4000, 1000)
		_, err := w.sandbox.AddFault(w.ctx, control.Fault{
			Op: op, OrderID: r.Order.PlatformID, Kind: control.FaultAnswer, Errno: new(int64(10000)), Msg: "signature",
		})
		require.NoError(t, err)
		w.starter(w.document(r), "start", "-", "--wait").says(t, 6, full(r)+" needs attention",
			"starter resolve "+full(r)+" --action retry|succeeded|failed", "what helps  ", "--action retry")
		w.starter("", "status", full(r)).says(t, 6, "needs_attention since", "last said", "waits for   a person", "--action failed")
		return r
	}
	retried := refused("applyOrderRefund")
	w.starter("", "resolve", full(retried), "--by", "ops-1").says(t, 2, `action: want "retry", "succeeded" or "failed"`)
	w.starter("", "resolve", full(retried), "--by", "ops-1", "--action", "failed").says(t, 2, "evidence: want how it is known")
	w.starter("", "resolve", full(retried), "--by", "ops-1", "--action", "retry", "--note", "key replaced").says(t, 0, "resolved with retry by ops-1: key replaced")
	w.starter("", "watch", full(retried)).says(t, 0, full(retried)+" succeeded")
	w.paidOnce(retried, w.wait(retried))

	closed := refused("applyOrderRefund")
	w.starter("", "list", "--account", w.account, "--open").says(t, 0, full(closed))
	w.starter("", "resolve", full(closed), "--by", "ops-1", "--action", "failed", "--evidence", "console shows none").says(t, 0, "resolved with failed")
	w.starter("", "watch", full(closed)).says(t, 3, "console shows none")
	require.Empty(t, w.book(closed).Refunds)
}

func TestStarterSpeaksJSONToPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	w.work(nil)
	empty := w.starter("", "list", "--account", w.account, "-o", "json")
	empty.says(t, 0)
	require.JSONEq(t, "[]", empty.out)
	w.starter("", "list", "--account", w.account).says(t, 0, "no refunds")

	r := w.request(6000, 6000)
	w.start(r)
	w.reach(r, refund.StatusAwaitingApproval)
	var view refund.View
	status := w.starter("", "status", full(r), "-o", "json")
	status.says(t, 0)
	require.NoError(t, json.Unmarshal([]byte(status.out), &view), status.out)
	require.Equal(t, refund.StatusAwaitingApproval, view.Status)
	require.Equal(t, r.Fingerprint(), view.Request.Fingerprint())

	decided := w.starter("", "approve", full(r), "--by", "finance-2", "-o", "json")
	decided.says(t, 0)
	var answer refund.Answer
	require.NoError(t, json.Unmarshal([]byte(decided.out), &answer), decided.out)
	require.Contains(t, answer.Sentence, "approved by finance-2")

	// watch prints one document after another: each step, then the outcome.
	watched := w.starter("", "watch", full(r), "-o", "json")
	watched.says(t, 0)
	documents := json.NewDecoder(strings.NewReader(watched.out))
	var last json.RawMessage
	for documents.More() {
		require.NoError(t, documents.Decode(&last), watched.out)
	}
	var out refund.Outcome
	require.NoError(t, json.Unmarshal(last, &out))
	w.paidOnce(r, out)

	eventually(t, w.ctx, "the list shows the end", func() (bool, string) {
		listed := w.starter("", "list", "--account", w.account, "--status", "succeeded", "-o", "json")
		listed.says(t, 0)
		var all []map[string]any
		require.NoError(t, json.Unmarshal([]byte(listed.out), &all), listed.out)
		return len(all) == 1 && all[0]["id"] == r.ID && all[0]["amount"] == 6000.0, listed.out
	})
	w.starter("", "list", "--account", w.account).says(t, 0, "REFUND", full(r), "succeeded", "¥60.00", r.Order.MerchantID)
}

func TestStarterSaysWhatToDoAboutEveryMistake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	r := w.request(1000, 1000)
	good := w.document(r)
	for _, c := range []struct {
		name  string
		input string
		args  []string
		wants []string
	}{
		{"no request", "", []string{"start"}, []string{"want a JSON file", "--account", "--help shows them"}},
		{"no such file", "", []string{"start", "nowhere.json"}, []string{"nowhere.json"}},
		{"no JSON", "refund please", []string{"start", "-"}, []string{"- holds no JSON"}},
		{"unknown field", strings.Replace(good, `"amount"`, `"amout"`, 1), []string{"start", "-"},
			[]string{"nothing was done", "amout: unknown field"}},
		{"amount with a fraction", strings.Replace(good, "1000", "10.5", 1), []string{"start", "-"}, []string{"amount: want an integer number of fen"}},
		{"file and flags", good, []string{"start", "-", "--amount", "5"}, []string{"--amount", "cannot be given together with a file"}},
		{"two files", "", []string{"start", "a", "b"}, []string{"want one file, got 2"}},
		{"fields missing", "", []string{"start", "--account", "shop"}, []string{"amount:", "reason:", "order.platform_id:", "order.total:"}},
		{"the amount twice", "", []string{"start", "--account", "shop", "--amount", "5", "--yuan", "0.05"}, []string{"--amount and --yuan name the same amount"}},
		{"no yuan", "", []string{"start", "--account", "shop", "--yuan", "1.234"}, []string{"--yuan:"}},
		{"no time", "", []string{"start", "--account", "shop", "--paid-at", "yesterday"}, []string{"--paid-at", "2026-11-20T10:00:00+08:00"}},
		{"no refund's name", "", []string{"status", "R1"}, []string{`"R1" names no refund: want ACCOUNT/ID`}},
		{"no name", "", []string{"watch"}, []string{"want one refund, ACCOUNT/ID"}},
		{"unknown status", "", []string{"list", "--status", "lost"}, []string{`--status "lost": want one of`, "needs_attention"}},
		{"unknown output", "", []string{"list", "-o", "xml"}, []string{"-o xml: want text or json"}},
		{"unknown flag", "", []string{"list", "--al"}, []string{"--al", "--help shows the flags"}},
		{"unknown command", "", []string{"refund"}, []string{`unknown command "refund"`}},
		{"nobody is named", "", []string{"look"}, []string{"want one refund, ACCOUNT/ID, or --all"}},
		{"one of all", "", []string{"look", "--all", w.account + "/R1"}, []string{"--all names the refunds already"}},
		{"account of one", "", []string{"look", "--account", "shop", w.account + "/R1"}, []string{"--account belongs to --all"}},
		{"no key", "", []string{"approve", w.account + "/R1", "--key-file", "nowhere.key"}, []string{"--key-file", "nowhere.key"}},
		{"signed for ever", "", []string{"approve", w.account + "/R1", "--key-file", "x", "--valid", "9999h"}, []string{"--valid", "at most 744h"}},
		{"nobody decides", "", []string{"approve", w.account + "/R1", "--by", ""}, []string{"by: want 1 to 64 characters"}},
	} {
		w.starter(c.input, c.args...).says(t, 2, c.wants...)
	}
	_, err := w.refunds.Status(w.ctx, r.Account, r.ID)
	require.Error(t, err, "none of this started anything")
}

func TestStarterSaysWhenNobodyIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	t.Run("no server", func(t *testing.T) {
		t.Parallel()
		w.command(w.ctx, "", "list", "--address", "127.0.0.1:1").says(t, 1,
			"cannot reach Temporal at 127.0.0.1:1", "make demo", "--address")
	})
	t.Run("no worker", func(t *testing.T) {
		t.Parallel()
		w.work(nil)() // the namespace knows the search attributes, but nobody works any more
		r := w.request(1000, 1000)
		w.starter(w.document(r), "start", "-", "--detach").says(t, 0, "started")
		w.starter(w.document(r), "start", "-").says(t, 7, "was started before", "no worker has answered within 10s")
		w.starter("", "approve", full(r), "--by", "finance-2").says(t, 1, "no worker answered for "+full(r), "--signal")
		w.starter("", "approve", full(r), "--by", "finance-3", "--signal").says(t, 0, "approve is left for the worker")
		w.starter("", "status", full(r)).says(t, 1, "no worker answered for "+full(r), "is one running on this task queue?")
		w.work(nil)
		w.paidOnce(r, w.wait(r))
	})
}

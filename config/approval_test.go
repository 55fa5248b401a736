package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

func TestAnApprovalIsThePolicyOfItsRefunds(t *testing.T) {
	for name, c := range map[string]struct {
		approval string
		want     refund.ApprovalPolicy
	}{
		"nothing is said": {"{}", refund.ApprovalPolicy{
			RemindEvery: 24 * time.Hour, Deadline: 168 * time.Hour, AtDeadline: refund.DeadlineStay,
		}},
		"everything is said": {"{always: true, above: 5, twice_above: 5, initiators: [support, system], remind_every: 1h, deadline: 1h," +
			" at_deadline: reject, decision_key_files: [a, b]}", refund.ApprovalPolicy{
			Always: true, Above: new(refund.Fen(5)), TwiceAbove: new(refund.Fen(5)),
			Initiators: []refund.Initiator{refund.InitiatorSupport, refund.InitiatorSystem}, RemindEvery: time.Hour, Deadline: time.Hour,
			AtDeadline: refund.DeadlineReject, Signed: true,
		}},
		"0s turns reminders and deadline off": {"{remind_every: 0s, deadline: 0s}", refund.ApprovalPolicy{AtDeadline: refund.DeadlineStay}},
		"without a deadline reminders go on":  {"{deadline: 0s}", refund.ApprovalPolicy{RemindEvery: 24 * time.Hour, AtDeadline: refund.DeadlineStay}},
		"a deadline within a day comes before the first reminder": {"{deadline: 4h}", refund.ApprovalPolicy{
			Deadline: 4 * time.Hour, AtDeadline: refund.DeadlineStay,
		}},
		"two are asked though one never is": {"{twice_above: 0, deadline: 24h}", refund.ApprovalPolicy{
			TwiceAbove: new(refund.Fen), RemindEvery: 24 * time.Hour, Deadline: 24 * time.Hour, AtDeadline: refund.DeadlineStay,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := Parse([]byte(setting("approval", c.approval)), ".")
			require.NoError(t, err)
			require.Equal(t, c.want, parsed.Accounts["shop"].Approval.Policy())
		})
	}
}

func TestAnApprovalThatCannotBeMeantIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ approval, wrong string }{
		"two above less than one":               {"{above: 10, twice_above: 9}", "twice_above: want at least the 10 fen"},
		"nobody's behalf":                       {"{initiators: [user, robot]}", "initiators[1]: want user, support or system"},
		"the same behalf twice":                 {"{initiators: [user, user]}", "initiators[1]: user is named twice"},
		"a behalf that is no list":              {"{initiators: user}", "initiators: want a list"},
		"reminders that fill the history":       {"{remind_every: 1m}", "remind_every: want at least 10m0s"},
		"a negative pause":                      {"{remind_every: -1h}", "remind_every: want at least 10m0s"},
		"a negative deadline":                   {"{deadline: -1h}", "deadline: want a time"},
		"a reminder after the deadline":         {"{remind_every: 200h}", "deadline: want at least the 200h0m0s"},
		"days, which are no duration":           {"{deadline: 7d}", "deadline: want a duration"},
		"an end there is not":                   {"{at_deadline: approve}", "at_deadline: want stay or reject"},
		"a rejection at no time":                {"{deadline: 0s, at_deadline: reject}", "at_deadline: nothing can be rejected"},
		"signatures that no key can have made":  {"{decision_key_files: []}", "decision_key_files: want at least one file"},
		"the same key twice":                    {"{decision_key_files: [a, a]}", "decision_key_files[1]: want the name of another file"},
		"a key without a name":                  {`{decision_key_files: [""]}`, "decision_key_files[0]: want the name of another file"},
		"a key written where its name belonged": {"{decision_key: x}", "decision_key: unknown setting"},
		"an amount in yuan":                     {"{twice_above: 98.50}", "twice_above: want whole fen"},
		"always, in a word":                     {"{always: often}", "always: want true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(setting("approval", c.approval)), ".")
			require.ErrorContains(t, err, "accounts.shop.approval."+c.wrong)
		})
	}
}

func TestWhatARefundDoesWithoutRoomIsWaitUnlessSaid(t *testing.T) {
	c, err := Parse([]byte(smallest), ".")
	require.NoError(t, err)
	require.Equal(t, refund.BudgetPolicy{DailyCap: refund.ExhaustedWait, Reserve: refund.ExhaustedWait}, c.Accounts["shop-baidu"].Limits.Budget())

	c, err = Parse([]byte(setting("limits", "{on_daily_cap: ask, on_reserve: fail}")), ".")
	require.NoError(t, err)
	require.Equal(t, refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk, Reserve: refund.ExhaustedFail}, c.Accounts["shop"].Limits.Budget())

	for _, which := range []string{"on_daily_cap", "on_reserve"} {
		_, err = Parse([]byte(setting("limits."+which, "panic")), ".")
		require.ErrorContains(t, err, "accounts.shop.limits."+which+": want wait, ask or fail")
	}
}

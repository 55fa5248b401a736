package workflows_test

import (
	"testing"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Client and stand-in were written apart from the same protocol notes: here
// they meet on every transport and with every habit of sending.
func TestEveryTransportAndEveryHabitOfSendingPays(t *testing.T) {
	no := false
	habits := map[string]func(*baidu.Settings){
		"as it is":                  func(*baidu.Settings) {},
		"no amount on full refunds": func(s *baidu.Settings) { s.SendAmountOnFull = &no },
		"the reason raw":            func(s *baidu.Settings) { s.SendReason = baidu.SendReasonRaw },
	}
	var situations []situation
	for _, transport := range []baidu.Transport{baidu.TransportCashier, baidu.TransportCashierLegacy, baidu.TransportOpenAPI} {
		for habit, set := range habits {
			for name, part := range map[string]bool{"in full": false, "in part": true} {
				world := refundtest.Options{Settings: func(s *baidu.Settings) { s.Transport = transport; set(s) }}
				cancels := map[bool]int{false: 1, true: 0}[part]
				name = string(transport) + ", " + habit + ", " + name
				situations = append(situations,
					situation{name: name, world: world, part: part, ends: refund.StatusSucceeded,
						also: calls(map[string]int{opCancel: cancels, opApply: 1})},
					situation{name: name + ", the answer lost", world: world, part: part, ends: refund.StatusSucceeded,
						faults: []control.Fault{lost(opApply, control.After, 1)}, also: calls(map[string]int{opCancel: cancels, opApply: 1})},
					situation{name: name + ", the request lost", world: world, part: part, ends: refund.StatusSucceeded,
						faults: []control.Fault{lost(opApply, control.Before, 1)}, also: calls(map[string]int{opCancel: cancels, opApply: 2})})
			}
		}
	}
	prove(t, situations)
}

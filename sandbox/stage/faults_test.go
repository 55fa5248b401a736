package stage

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestFaultsStrikeInOrder(t *testing.T) {
	fault := func(body string, nth, times int) control.Fault {
		return control.Fault{Op: "apply", Kind: control.FaultStatus, Status: 500, Body: body, Nth: nth, Times: times}
	}
	slow := control.Fault{Op: "apply", Kind: control.FaultDelay, Delay: 1}
	for name, c := range map[string]struct {
		faults []control.Fault
		want   []string // the spoiling fault's body per call, "+" for a delay
	}{
		"the next call, once":                      {[]control.Fault{fault("a", 0, 0)}, []string{"a", "", ""}},
		"the third call":                           {[]control.Fault{fault("a", 3, 0)}, []string{"", "", "a", ""}},
		"two in a row":                             {[]control.Fault{fault("a", 1, 2)}, []string{"a", "a", ""}},
		"for ever":                                 {[]control.Fault{fault("a", 2, -1)}, []string{"", "a", "a", "a"}},
		"several due at once take one call each":   {[]control.Fault{fault("a", 1, 1), fault("b", 1, 1), fault("c", 1, 1)}, []string{"a", "b", "c", ""}},
		"occurrences count all calls, also spoilt": {[]control.Fault{fault("a", 1, 1), fault("b", 2, 1)}, []string{"a", "b", ""}},
		"a delay comes on top":                     {[]control.Fault{slow, fault("a", 1, 1), slow}, []string{"+a+", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var f Faults
			for _, fault := range c.faults {
				_, err := f.Add(fault, []string{"apply"})
				require.NoError(t, err)
			}
			require.Empty(t, f.take(control.Call{Op: "other"}), "another operation does not count")
			for i, want := range c.want {
				got := ""
				for _, struck := range f.take(control.Call{Op: "apply"}) {
					if struck.Kind == control.FaultDelay {
						got += "+"
					}
					got += struck.Body
				}
				require.Equal(t, want, got, "call %d", i+1)
			}
			require.Equal(t, len(c.want), f.List()[0].Seen)
			f.Clear()
			require.Empty(t, f.List())
		})
	}
}

func TestFaultsThatCannotWorkAreRefused(t *testing.T) {
	code := int64(1)
	for want, f := range map[string]control.Fault{
		`op "x" is unknown`:                  {Op: "x", Kind: control.FaultHTML},
		`it needs phase "after"`:             {Op: "*", Kind: control.FaultTampered},
		`kind "drop" is for messages`:        {Op: "*", Kind: control.FaultDrop},
		`kind "duplicate" is for messages`:   {Op: "apply", Kind: control.FaultDuplicate},
		`kind "html" has no meaning for op`:  {Op: control.OpNotify, Kind: control.FaultHTML},
		`phase "after" has no meaning`:       {Op: control.OpNotify, Kind: control.FaultDrop, Phase: control.After},
		"delay has no meaning for":           {Op: control.OpNotify, Kind: control.FaultDrop, Delay: 1},
		`kind "" is unknown`:                 {Op: "*"},
		`phase "during" is unknown`:          {Op: "*", Kind: control.FaultHTML, Phase: "during"},
		"nth is -1":                          {Op: "*", Kind: control.FaultHTML, Nth: -1},
		"times is -2":                        {Op: "*", Kind: control.FaultHTML, Times: -2},
		`kind "delay" needs delay`:           {Op: "*", Kind: control.FaultDelay},
		"delay has no meaning":               {Op: "*", Kind: control.FaultHTML, Delay: 1},
		`kind "status" needs status`:         {Op: "*", Kind: control.FaultStatus},
		"status is 100":                      {Op: "*", Kind: control.FaultStatus, Status: 100},
		"status has no meaning":              {Op: "*", Kind: control.FaultHTML, Status: 500},
		"retry_after is not in whole":        {Op: "*", Kind: control.FaultStatus, Status: 429, RetryAfter: control.Duration(time.Millisecond)},
		"retry_after has no meaning":         {Op: "*", Kind: control.FaultHTML, RetryAfter: control.Duration(time.Second)},
		"body has no meaning":                {Op: "*", Kind: control.FaultHTML, Body: "x"},
		"errno, error_code, msg or data has": {Op: "*", Kind: control.FaultHTML, Msg: "x"},
		"msg or data has no meaning":         {Op: "*", Kind: control.FaultHTML, Code: "X"},
		"3 are given":                        {Op: "*", Kind: control.FaultAnswer, Errno: &code, Code: "X", Body: "x"},
		"0 are given":                        {Op: "*", Kind: control.FaultAnswer, Msg: "x"},
		"2 are given":                        {Op: "*", Kind: control.FaultAnswer, Errno: &code, ErrorCode: &code},
	} {
		t.Run(want, func(t *testing.T) {
			var faults Faults
			_, err := faults.Add(f, []string{"apply"})
			require.ErrorContains(t, err, want)
			require.Empty(t, faults.List())
		})
	}
}

func TestClockKnowsShanghaiMidnight(t *testing.T) {
	at := time.Date(2026, 12, 31, 15, 59, 59, 0, time.UTC) // 23:59:59 in Shanghai
	c := NewClock(func() time.Time { return at })
	require.Equal(t, "2026-12-31", Day(c.Now()))
	c.NextDay()
	require.Equal(t, "2027-01-01T00:00:01+08:00", c.Now().Format(time.RFC3339))
	c.NextDay()
	require.Equal(t, "2027-01-02T00:00:01+08:00", c.Now().Format(time.RFC3339))
	c.Advance(time.Hour)
	require.Equal(t, 24*time.Hour+2*time.Second+time.Hour, c.View().Offset.Std())
	c.Reset()
	require.True(t, at.Equal(c.Now()))
}

func TestCallLogStaysBounded(t *testing.T) {
	var l CallLog
	for range maxCalls + 1 {
		l.add(control.Call{Op: "apply"})
	}
	calls := l.Find(control.CallFilter{})
	require.Len(t, calls, maxCalls/2+1)
	require.EqualValues(t, maxCalls+1, calls[len(calls)-1].Seq, "the newest stay")
	require.Len(t, l.Find(control.CallFilter{After: maxCalls}), 1)
	empty, err := json.Marshal(l.Find(control.CallFilter{Op: "none"}))
	require.NoError(t, err)
	require.JSONEq(t, `[]`, string(empty))
}

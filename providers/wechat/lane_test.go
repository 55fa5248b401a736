package wechat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

func TestAFullLaneSendsNothingAndSaysForHowLong(t *testing.T) {
	wechat := newStub(t, text(200, accepted(t, TransportV2)))
	p := newProvider(t, settings(t, TransportV2, wechat.URL))
	p.lane.requests = wire.NewLane(2)
	for range 2 {
		_, err := p.Apply(t.Context(), partial())
		require.NoError(t, err)
	}
	_, err := p.Apply(t.Context(), partial())
	f := failureOf(t, err)
	require.Equal(t, refund.Failure{Class: throttled, Op: "refund", Code: "lane", RetryAfter: 500 * time.Millisecond, Hint: f.Hint}, *f)
	require.Len(t, wechat.seen, 2)
	p.now = func() time.Time { return moment.Add(f.RetryAfter) }
	_, err = p.Apply(t.Context(), partial())
	require.NoError(t, err)
}

func TestTooManyWrongRequestsSilenceTheMerchantForAMinute(t *testing.T) {
	for _, transport := range transports {
		wechat := newStub(t, text(200, refused(t, transport, codeShielded, "无效请求过多")))
		p := newProvider(t, settings(t, transport, wechat.URL))
		_, err := p.Apply(t.Context(), partial())
		require.Equal(t, time.Minute, failureOf(t, err).RetryAfter)
		sent := len(wechat.seen)
		for at, quiet := range map[time.Duration]bool{0: true, 59 * time.Second: true, time.Minute: false} {
			now := moment.Add(at)
			p.now = func() time.Time { return now }
			err := p.lane.enter(opQuery, now)
			require.Equal(t, quiet, err != nil, "%s after %s", transport, at)
			if quiet {
				require.Equal(t, time.Minute-at, failureOf(t, err).RetryAfter)
			}
		}
		require.Len(t, wechat.seen, sent)
	}
}

func TestMoreInvalidRequestsThanWeChatBearsPauseTheLane(t *testing.T) {
	wechat := newStub(t, text(200, refused(t, TransportV2, "PARAM_ERROR", "x")))
	p := newProvider(t, settings(t, TransportV2, wechat.URL))
	for i := range invalidPerSecond + 1 {
		require.NoError(t, p.lane.enter(opApply, moment), "request %d", i)
		_, err := p.Apply(t.Context(), partial())
		require.Equal(t, misconfigured, failureOf(t, err).Class)
	}
	err := p.lane.enter(opApply, moment)
	require.Equal(t, time.Second, failureOf(t, err).RetryAfter)
	require.NoError(t, p.lane.enter(opApply, moment.Add(time.Second)))
}

func TestAccountsOfOneMerchantNumberShareItsLane(t *testing.T) {
	a, err := New(settings(t, TransportV2, "http://localhost"))
	require.NoError(t, err)
	b, err := New(settings(t, TransportV2, "http://localhost"))
	require.NoError(t, err)
	require.Same(t, a.lane.requests, b.lane.requests)
	require.Same(t, a.lane.invalid, b.lane.invalid)
	other := settings(t, TransportV2, "http://localhost")
	other.SubMchID = "1900000112"
	c, err := New(other)
	require.NoError(t, err)
	require.NotSame(t, a.lane.requests, c.lane.requests)
	require.NotSame(t, a.lane.requests, a.lane.invalid)
}

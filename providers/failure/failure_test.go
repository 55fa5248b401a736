package failure

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

var hints = Hints{Look: "look", Slow: "slow", Unreached: "unreached", Refused: "refused"}

func TestOnlyWhatWasNotSentIsHarmlessToRepeat(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want refund.Failure
	}{
		"not sent":        {&wire.Error{Kind: wire.KindConnect}, refund.Failure{Class: refund.ClassTransient, Code: "connect", Message: "connect: the request was not sent", Hint: "unreached"}},
		"perhaps arrived": {&wire.Error{Kind: wire.KindTimeout, MayHaveArrived: true}, refund.Failure{Class: refund.ClassAmbiguous, Code: refund.CodeTimeout, Hint: "look"}},
		"wrapped":         {fmt.Errorf("x: %w", &wire.Error{Kind: wire.KindLost, MayHaveArrived: true}), refund.Failure{Class: refund.ClassAmbiguous, Code: "connection lost", Hint: "look"}},
		"anything else":   {errors.New("?"), refund.Failure{Class: refund.ClassAmbiguous, Code: "transport", Hint: "look"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, hints.Transport(c.err)) })
	}
}

func TestAStatusBySelfNeverMeansSuccessOrFailure(t *testing.T) {
	for status, want := range map[int]refund.Class{
		100: refund.ClassAmbiguous, 301: refund.ClassAmbiguous, 304: refund.ClassAmbiguous,
		400: refund.ClassMisconfigured, 401: refund.ClassMisconfigured, 404: refund.ClassMisconfigured,
		408: refund.ClassAmbiguous, 429: refund.ClassThrottled, 499: refund.ClassMisconfigured,
		500: refund.ClassAmbiguous, 502: refund.ClassAmbiguous, 504: refund.ClassAmbiguous, 599: refund.ClassAmbiguous,
	} {
		f, ok := hints.Status(status, time.Minute)
		require.False(t, ok, status)
		require.Equal(t, want, f.Class, status)
		require.Equal(t, want != refund.ClassMisconfigured, f.RetryAfter == time.Minute, "%d: waiting does not repair a set-up", status)
	}
	for _, status := range []int{200, 204, 299} {
		_, ok := hints.Status(status, 0)
		require.True(t, ok, status)
	}
}

func TestWhatLooksLikeASecretIsNotShown(t *testing.T) {
	secret := strings.Repeat("aB3+/", 5)
	require.NotContains(t, Clean("sign "+secret+" is wrong"), secret)
	require.Equal(t, "余额不足", Clean("余额不足"))
}

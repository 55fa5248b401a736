package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

func TestAClientThatIsBroughtIsNotTakenForOneThatEncrypts(t *testing.T) {
	_, err := Start(t.Context(), Options{Config: complete(t).load(everything), Logger: logrus.New(), Client: struct{ client.Client }{}})
	require.ErrorContains(t, err, "encryption: a client was brought")
	require.ErrorContains(t, err, "let it carry the codec")
}

func TestAHintIsGivenWhereItFits(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		asks bool
	}{
		"nobody answers":             {fmt.Errorf("dialling: %w", serviceerror.NewUnavailable("refused")), true},
		"nobody answers in time":     {fmt.Errorf("dialling: %w", context.DeadlineExceeded), true},
		"it lets nobody in so":       {serviceerror.NewPermissionDenied("no", ""), false},
		"it knows no such address":   {errors.New("bad target"), false},
		"somebody stopped the start": {context.Canceled, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := Unreached("a:1", c.err)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, "temporal.address a:1: ")
			require.Equal(t, c.asks, strings.HasSuffix(err.Error(), "(is the server running?)"))
		})
	}
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	const hint = "is another worker of this machine listening there?"
	_, err = listenOn(t.Context(), "monitor.listen", nil, taken.Addr().String())
	require.ErrorContains(t, err, hint)
	_, err = listenOn(t.Context(), "monitor.listen", nil, "192.0.2.1:0") // an address of documentation, nobody's
	require.ErrorContains(t, err, "monitor.listen: ")
	require.NotContains(t, err.Error(), hint)
}

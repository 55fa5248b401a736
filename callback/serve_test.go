package callback

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

func TestRunningCallbacksFinishBeforeTheReceiverEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	began, release := make(chan struct{}), make(chan struct{})
	logger, _ := logtest.NewNullLogger()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(began)
			<-release
			io.WriteString(w, "taken")
		}), logger)
	}()
	type answer struct {
		body string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		response, err := http.Post("http://"+l.Addr().String()+toRefund, "text/plain", strings.NewReader("a"))
		if err != nil {
			answers <- answer{err: err}
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		answers <- answer{string(body), err}
	}()
	<-began
	stop()
	close(release)
	require.Equal(t, answer{body: "taken"}, <-answers)
	require.NoError(t, <-ended)
	_, err = net.Dial("tcp", l.Addr().String())
	require.Error(t, err, "nobody listens any more")
}

func TestAReceiverThatCannotListenSaysWhere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	logger, _ := logtest.NewNullLogger()
	require.ErrorContains(t, Serve(t.Context(), l, http.NotFoundHandler(), logger), "callbacks on 127.0.0.1:")
}

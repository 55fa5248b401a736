package callback

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/baidu"
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

// hasty is Baidu with less patience: a question's time is over after a millisecond.
type hasty struct{ *baidu.Provider }

func (hasty) AuditDeadline() time.Duration { return auditMargin + time.Millisecond }

// line is a connection to the receiver, for messages that no HTTP client would send.
func (w *world) line() (say func(text string) (status int, body string)) {
	w.Helper()
	server := httptest.NewServer(w.Handler)
	w.Cleanup(server.Close)
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(w, err)
	w.Cleanup(func() { _ = c.Close() })
	in := bufio.NewReader(c)
	return func(text string) (int, string) {
		_, err := io.WriteString(c, text)
		require.NoError(w, err)
		answer, err := http.ReadResponse(in, nil)
		require.NoError(w, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(w, err)
		return answer.StatusCode, string(body)
	}
}

func head(path, rest string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + rest + "\r\n\r\n"
}

func TestATricklingSenderIsCutOffWhenNobodyWaitsForTheAnswer(t *testing.T) {
	w := newWorld(t).accepted()
	w.accounts["shop"] = hasty{w.accounts["shop"].(*baidu.Provider)}
	before := w.state()
	status, _ := w.line()(head(toAudit, "Content-Length: 100") + "orderId=8")
	require.Equal(t, http.StatusRequestTimeout, status)
	status, _ = w.line()(head(toAudit, "Transfer-Encoding: chunked") + "3\r\nord\r\n")
	require.Equal(t, http.StatusRequestTimeout, status)
	require.Equal(t, before, w.state())
}

func TestTheBodyOfATooLargeMessageIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	status, _ := w.line()(head(toRefund, "Content-Length: 10000000000"))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
}

// patience records until when the server reads.
type patience struct {
	*httptest.ResponseRecorder
	until []time.Time
}

func (p *patience) SetReadDeadline(at time.Time) error { p.until = append(p.until, at); return nil }

// A deadline that passes while the server waits for the next message ends that one.
func TestTheCutSpoilsNoLaterMessageOfItsLine(t *testing.T) {
	w := newWorld(t).accepted()
	for path, body := range map[string]string{toAudit: question().signed(t, platform()), toRefund: notice("1").signed(t, platform())} {
		p := &patience{ResponseRecorder: httptest.NewRecorder()}
		w.ServeHTTP(p, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
		require.Len(t, p.until, 2, path)
		require.False(t, p.until[0].IsZero(), "there is a cut")
		require.True(t, p.until[1].IsZero(), "and it is taken back")
	}
}

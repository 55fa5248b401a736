package telemetry

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	logrustest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/sandbox/control"
)

// traced runs one refund with a lost answer, and returns its spans.
func traced(t *testing.T, o Options, world refundtest.Options) (*refundtest.Run, tracetest.SpanStubs) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	o.TraceExporter = kept
	tele := eyes(t, o)
	w := seen(t, tele, world)
	w.Fault(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.After, Times: 1})
	r := w.Run(w.Part())
	require.NoError(t, tele.provider.ForceFlush(t.Context()))
	return r, kept.GetSpans()
}

func TestARefundIsOneTraceDownToItsExchanges(t *testing.T) {
	_, spans := traced(t, Options{Program: "refundflow-worker"}, refundtest.Options{})
	name := map[string]string{}
	for _, s := range spans {
		name[s.SpanContext.SpanID().String()] = s.Name
		require.Equal(t, spans[0].SpanContext.TraceID(), s.SpanContext.TraceID(), "%s is in another trace", s.Name)
	}
	links := map[string]bool{}
	for _, s := range spans {
		step, _, _ := strings.Cut(s.Name, " ")
		links[name[s.Parent.SpanID().String()]+" > "+step] = true
	}
	for _, want := range []string{
		" > RunWorkflow:RefundWorkflow", "RunWorkflow:RefundWorkflow > StartActivity:Apply", "StartActivity:Apply > RunActivity:Apply",
		"RunActivity:Apply > POST", "RunActivity:FindOut > GET", "RunWorkflow:RefundWorkflow > StartActivity:Open",
	} {
		require.Contains(t, links, want)
	}
}

func TestATraceNamesTheRefundAndTheAnswer(t *testing.T) {
	r, spans := traced(t, Options{Program: "refundflow-worker"}, refundtest.Options{})
	host, err := url.Parse(r.URL)
	require.NoError(t, err)
	for _, s := range spans {
		said := map[string]string{}
		for _, a := range s.Attributes {
			said[string(a.Key)] = a.Value.String()
		}
		switch {
		case s.Name == "RunActivity:Apply":
			require.Equal(t, "R1", said["refundflow.refund"])
			require.Equal(t, refundtest.AccountName, said["refundflow.account"])
			require.Equal(t, "baidu", said["refundflow.provider"])
			require.Equal(t, "ambiguous", said["refundflow.class"])
			require.Equal(t, "ambiguous", said["error.type"])
		case strings.HasPrefix(s.Name, "POST"), strings.HasPrefix(s.Name, "GET"):
			require.Equal(t, host.Host, said["server.address"])
			require.True(t, said["http.response.status_code"] == "200" || said["error.type"] == "connection lost", "%v", said)
			require.False(t, s.EndTime.Before(s.StartTime))
		}
		require.Equal(t, "refundflow-worker", s.Resource.Attributes()[0].Value.AsString())
	}
}

// Whoever looks at traces is not always somebody who may know the customer.
func TestATraceHoldsNothingThatAPersonOrAPlatformWrote(t *testing.T) {
	r, spans := traced(t, Options{}, refundtest.Options{})
	require.NotEmpty(t, spans)
	text := ""
	for _, s := range spans {
		require.Empty(t, s.Events, "errors are written there, with their texts")
		require.Empty(t, s.Status.Description)
		text += s.Name + "\n"
		for _, a := range s.Attributes {
			text += string(a.Key) + "=" + a.Value.String() + "\n"
		}
	}
	for _, private := range append(r.Bench().Secrets, r.Request.Reason, r.Request.RequestedBy, r.Request.Order.UserID, r.Request.Order.PlatformID, "?", "/cashier") {
		require.NotEmpty(t, private)
		require.NotContains(t, text, private)
	}
}

func TestOneInSoManyRefundsIsTraced(t *testing.T) {
	_, spans := traced(t, Options{TraceOneIn: 1 << 40}, refundtest.Options{})
	require.Empty(t, spans)
}

// Some platforms sign the headers they are sent, and none asked for ours.
func TestAPlatformIsSentNoHeaderOfATrace(t *testing.T) {
	var mu sync.Mutex
	headers := map[string]bool{}
	var real http.Handler
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		for name := range r.Header {
			headers[name] = true
		}
		mu.Unlock()
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	kept := tracetest.NewInMemoryExporter()
	tele := eyes(t, Options{TraceExporter: kept})
	w := seen(t, tele, refundtest.Options{Address: proxy.URL})
	platform, err := url.Parse(w.URL)
	require.NoError(t, err)
	real = httputil.NewSingleHostReverseProxy(platform)
	w.Run(w.Part())
	require.NoError(t, tele.provider.ForceFlush(t.Context()))
	require.NotEmpty(t, kept.GetSpans())
	require.Equal(t, map[string]bool{"Content-Type": true, "Content-Length": true, "User-Agent": true}, headers)
}

func TestTracesGoToTheirCollectorAndAreMissedAloud(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		warned bool
	}{{"taken", http.StatusOK, false}, {"refused", http.StatusForbidden, true}} {
		t.Run(c.name, func(t *testing.T) {
			came := make(chan *http.Request, 1)
			collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				came <- r
				w.WriteHeader(c.status)
			}))
			t.Cleanup(collector.Close)
			logger, lines := logrustest.NewNullLogger()
			tele, err := New(Options{Program: "refundflow-worker", Logger: logger, TraceEndpoint: collector.URL + "/otel"})
			require.NoError(t, err)
			_, span := tele.tracer.Start(t.Context(), "one")
			span.End()
			require.NoError(t, tele.Close(t.Context()))
			request := <-came
			require.Equal(t, "/otel/v1/traces", request.URL.Path)
			require.Equal(t, "application/x-protobuf", request.Header.Get("Content-Type"))
			warned := false
			for _, l := range lines.AllEntries() {
				warned = warned || l.Level == logrus.WarnLevel
			}
			require.Equal(t, c.warned, warned)
		})
	}
}

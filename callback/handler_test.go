package callback

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/baidu"
)

func TestWhatIsNotThePlatformsChangesNothing(t *testing.T) {
	const secret = "hunter2"
	for _, to := range []struct {
		path string
		form form
	}{{toRefund, notice("1")}, {toAudit, question()}} {
		good := to.form.signed(t, platform())
		for name, body := range map[string]string{
			"forged":                          to.form.with("tpOrderId", secret).signed(t, newKey()),
			"signed with the merchant's key":  to.form.signed(t, merchant()),
			"unsigned":                        "refundBatchId=700&refundStatus=1&orderId=" + secret,
			"changed":                         strings.Replace(good, "orderId="+order1, "orderId=800200452", 1),
			"a field more":                    good + "&x=" + secret,
			"a field twice":                   good + "&orderId=" + order1,
			"a field twice, once escaped":     good + "&%6frderId=" + order1,
			"truncated":                       good[:len(good)/2],
			"without its last byte":           good[:len(good)-1],
			"empty":                           "",
			"JSON":                            `{"refundStatus":1,"orderId":"` + secret + `"}`,
			"the largest that is read at all": good + "&x=" + strings.Repeat("y", MaxBody-len(good)-3),
		} {
			t.Run(to.path+" "+name, func(t *testing.T) {
				w := newWorld(t).accepted()
				before := w.state()
				got, status := w.post(to.path, body)
				require.Equal(t, 200, status, "Baidu repeats by errno")
				require.Equal(t, notTaken, got)
				require.Equal(t, before, w.state())
				require.Empty(t, w.signals)
				require.Contains(t, w.logged(), "account=shop")
				require.Contains(t, w.logged(), "provider=baidu")
				require.Contains(t, w.logged(), "code=")
				require.NotContains(t, w.logged(), secret)
				require.NotContains(t, w.logged(), order1)
			})
		}
	}
}

func TestWithoutThePlatformsKeyTheLogNamesTheSetting(t *testing.T) {
	w := newWorld(t).accepted()
	w.accounts["shop"] = newBaidu(t, "MMM4hG", false)
	for path, f := range map[string]form{toRefund: notice("1"), toAudit: question()} {
		got, _ := w.post(path, f.signed(t, platform()))
		require.Equal(t, notTaken, got)
	}
	require.Nil(t, w.record().Evidence)
	require.Equal(t, 2, strings.Count(w.logged(), "platform_public_key_file"))
}

// brief is a provider that cannot do anything more than it must.
type brief struct{ providers.Provider }

// trap panics with the message.
type trap struct{ *baidu.Provider }

func (trap) Notification(c providers.Callback) (providers.Notification, error) { panic(string(c.Body)) }

func TestTheWayToTheReceiver(t *testing.T) {
	w := newWorld(t)
	w.accounts["brief"] = brief{w.accounts["shop"]}
	w.accounts["trap"] = trap{w.accounts["shop"].(*baidu.Provider)}
	huge := strings.Repeat("a", MaxBody+1)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"GET explains", http.MethodGet, toRefund, "", 405},
		{"GET explains the audit", http.MethodGet, toAudit, "", 405},
		{"PUT", http.MethodPut, toAudit, "", 405},
		{"HEAD", http.MethodHead, toRefund, "", 405},
		{"an unknown account", http.MethodPost, "/callbacks/nobody/refund", "a=1", 404},
		{"an account that is a path", http.MethodPost, "/callbacks/shop%2Frefund/refund", "a=1", 404},
		{"a provider that is not notified", http.MethodPost, "/callbacks/brief/refund", "a=1", 404},
		{"a provider that does not audit", http.MethodPost, "/callbacks/brief/audit", "a=1", 404},
		{"a way around", http.MethodPost, "/callbacks/../callbacks/shop/refund", "a=1", 404},
		{"a way around, escaped", http.MethodPost, "/callbacks/%2e%2e/refund", "a=1", 404},
		{"a step on the spot", http.MethodPost, "/callbacks/./shop/refund", "a=1", 404},
		{"a doubled slash", http.MethodPost, "//callbacks/shop/refund", "a=1", 404},
		{"a slash too many", http.MethodPost, "/callbacks/shop/refund/", "a=1", 404},
		{"no account", http.MethodPost, "/callbacks//refund", "a=1", 404},
		{"another place", http.MethodPost, "/callbacks/shop/payment", "a=1", 404},
		{"no place", http.MethodPost, "/", "a=1", 404},
		{"too large", http.MethodPost, toRefund, huge, 413},
		{"too large for an audit", http.MethodPost, toAudit, huge, 413},
		{"a panic", http.MethodPost, "/callbacks/trap/refund", "hunter2", 500},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		require.Equal(t, c.status, answer.Code, c.name)
		if c.status == 405 {
			require.Equal(t, "POST", answer.Header().Get("Allow"), c.name)
			require.Equal(t, 1, strings.Count(answer.Body.String(), "\n"), "one line")
		}
	}
	require.Equal(t, 1, w.alerts(), "the panic")
	require.NotContains(t, w.logged(), "hunter2")

	cut := httptest.NewRecorder()
	w.ServeHTTP(cut, httptest.NewRequest(http.MethodPost, toRefund, iotest.ErrReader(errors.New("reset by hunter2"))))
	require.Equal(t, 400, cut.Code)
	require.NotContains(t, w.logged(), "hunter2")
}

func TestParametersInTheAddressAreNotRead(t *testing.T) {
	w := newWorld(t).accepted()
	got, _ := w.post(toRefund+"?"+notice("1").signed(t, platform()), "")
	require.Equal(t, notTaken, got)
	got, _ = w.post(toRefund+"?refundStatus=2&orderId=1", notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.Equal(t, providers.ResultSucceeded, w.record().Evidence.State)
}

func TestAReplyIsInTimeHoweverSlowTheBooksAndTheSignalAre(t *testing.T) {
	shop, hang := newBaidu(t, "MMM4hG", true), func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	for name, c := range map[string]struct{ path, body, want string }{
		"a notification": {toRefund, notice("1").signed(t, platform()), notTaken},
		"an audit":       {toAudit, question().signed(t, platform()), later},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock moves only while everybody waits
				logger, _ := logtest.NewNullLogger()
				h := New(Options{Accounts: accounts{"shop": shop}, Books: &books{before: hang}, Logger: logger,
					Signal: func(context.Context, string) error { return nil }})
				begin := time.Now()
				answer := httptest.NewRecorder()
				h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body)))
				require.Equal(t, c.want, answer.Body.String())
				require.LessOrEqual(t, time.Since(begin)+auditMargin, shop.AuditDeadline())
			})
		})
	}
	require.Less(t, bookTime+signalTime, shop.AuditDeadline(), "Baidu's notifications have the same deadline")

	w := newWorld(t).accepted()
	w.signal = func(ctx context.Context) error {
		deadline, ok := ctx.Deadline()
		require.True(t, ok, "a server that does not answer holds nobody up")
		require.LessOrEqual(t, time.Until(deadline), signalTime)
		return nil
	}
	got, _ := w.post(toRefund, notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.Len(t, w.signals, 1)
}

func TestASenderWhoHangsUpStillWakesTheRefund(t *testing.T) {
	w := newWorld(t).accepted()
	ctx, hangUp := context.WithCancel(t.Context())
	w.signal = func(ctx context.Context) error {
		require.NoError(t, ctx.Err(), "it does not end with the request")
		return nil
	}
	w.books.Books = hanging{w.Store, hangUp}
	r := httptest.NewRequest(http.MethodPost, toRefund, strings.NewReader(notice("1").signed(t, platform()))).WithContext(ctx)
	w.ServeHTTP(httptest.NewRecorder(), r)
	require.NotNil(t, w.record().Evidence)
	require.Equal(t, []string{"refund/shop/R1"}, w.signals)
}

// FuzzAForgerChangesNothing sends anything but the platform's own words.
func FuzzAForgerChangesNothing(f *testing.F) {
	w := newWorld(f).accepted()
	for _, form := range []form{notice("1"), question()} {
		for _, audit := range []bool{false, true} {
			f.Add(audit, form.signed(f, merchant()))
			f.Add(audit, form.signed(f, platform())[:200])
		}
	}
	f.Add(false, "")
	f.Add(true, "rsaSign=%zz")
	before := w.state()
	f.Fuzz(func(t *testing.T, audit bool, body string) {
		w.TB = t
		path := toRefund
		if audit {
			path = toAudit
		}
		got, status := w.post(path, body)
		if len(body) > MaxBody {
			require.Equal(t, 413, status)
			return
		}
		require.Equal(t, 200, status)
		require.Equal(t, notTaken, got)
		require.Empty(t, w.signals)
		require.Equal(t, before, w.state())
		w.log.Reset()
	})
}

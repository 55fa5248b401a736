package baidu_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// keptWorld keeps its books in a file; refunds take an hour, so that restarts find them processing.
func keptWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, sandbox.Options{File: filepath.Join(t.TempDir(), "books.json"),
		Baidu: control.BaiduSettings{SettleAfter: control.Duration(time.Hour), ShortBalance: control.Fail}})
}

// restart ends the sandbox and runs another on the same file, with none of the settings the first was started with.
func (w *world) restart() {
	w.Helper()
	require.NoError(w, w.srv.Close())
	w.options.Baidu = control.BaiduSettings{}
	w.start()
}

// shown is everything the control API tells about the books.
func (w *world) shown() string {
	w.Helper()
	books, err := w.baidu.Books(w.Context())
	require.NoError(w, err)
	settings, err := w.baidu.Settings(w.Context())
	require.NoError(w, err)
	clock, err := w.ctl.Clock(w.Context())
	require.NoError(w, err)
	text, err := json.MarshalIndent([]any{books, settings, clock}, "", " ")
	require.NoError(w, err)
	return string(text)
}

func (w *world) batch(r reply) string {
	w.Helper()
	require.Zero(w, r.code(), r.Raw)
	var data struct {
		ID string `json:"refundBatchId"`
	}
	require.NoError(w, json.Unmarshal(r.Data, &data))
	return data.ID
}

func secondOrder(o *control.NewBaiduOrder) {
	o.OrderID, o.TpOrderID, o.Outcome, o.SettleAfter = "2", "T2", control.Failed, new(control.Duration(2*time.Hour))
}

func second(f form) form { return with(with(f, "orderId", "2"), "tpOrderId", "T2") }

func TestARestartGoesOnWhereTheBooksWere(t *testing.T) {
	w := keptWorld(t)
	w.patch(control.BaiduMerchantPatch{OnRepeat: new(control.Replay), DailyCap: new(int64(5000))})
	w.order(nil)
	w.order(secondOrder)
	token := w.token()
	w.advance(24 * time.Hour)
	first := w.post(cashierApply, partial("100", "B1"))
	failing := w.batch(w.post(cashierApply, second(partial("200", "B2"))))
	w.patch(control.BaiduMerchantPatch{Balance: new(int64(99))})
	doomed := w.batch(w.post(cashierApply, partial("300", "B3")))
	w.advance(59 * time.Minute)
	before := w.shown()

	w.restart()

	require.Equal(t, before, w.shown())
	require.Zero(t, w.find(token).code(), "the token is still good")
	require.Equal(t, first.Raw, w.post(cashierApply, partial("100", "B1")).Raw, "the serial is known, so it is replayed")
	w.patch(control.BaiduMerchantPatch{Balance: new(int64(1000))})
	require.NotContains(t, []string{w.batch(first), failing, doomed}, w.batch(w.post(cashierApply, partial("400", "B4"))))
	require.EqualValues(t, 10005, w.post(cashierApply, partial("4001", "B5")).code(), "1000 fen of today's cap are used")

	w.advance(time.Minute)
	states := func() (all []control.RefundStatus) {
		for _, r := range w.book().Refunds {
			all = append(all, r.Status)
		}
		return all
	}
	require.Equal(t, []control.RefundStatus{control.Success, control.Failed, control.Processing}, states())
	require.EqualValues(t, 600, w.merchant().Balance, "nothing was behind the doomed refund, so nothing comes back")
	w.advance(time.Hour)
	require.EqualValues(t, 800, w.merchant().Balance, "the failed refund of the second order gives back what it drew")
	require.Equal(t, control.Success, states()[2])
	settled := w.shown()
	w.restart()
	require.Equal(t, settled, w.shown(), "final is final")
	w.advance(29 * 24 * time.Hour)
	require.Contains(t, w.find(token).Raw, `"error_code":111`, "the token ends when it was to end")
}

func TestTheFirstRefundOfASerialIsRememberedAcrossOrders(t *testing.T) {
	w := keptWorld(t)
	w.order(nil)
	w.order(secondOrder)
	first := w.post(cashierApply, second(partial("100", "B1")))
	require.NotEqual(t, first.Raw, w.post(cashierApply, partial("100", "B1")).Raw, "paid again")
	w.patch(control.BaiduMerchantPatch{OnRepeat: new(control.Replay)})
	w.restart()
	require.Equal(t, first.Raw, w.post(cashierApply, second(partial("100", "B1"))).Raw)
	require.EqualValues(t, 40000, w.post(cashierApply, partial("100", "B1")).code())
}

// A kill leaves the file as the last answer found it. So after each answer a second sandbox on a copy of the file must know
// all that the first one knows.
func TestAKillBetweenAnyTwoCallsLosesNothing(t *testing.T) {
	w := keptWorld(t)
	twin := filepath.Join(t.TempDir(), "twin.json")
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"order registered", func() { w.order(nil) }},
		{"second order registered", func() { w.order(secondOrder) }},
		{"partial refund", func() { w.post(cashierApply, partial("100", "B1")) }},
		{"the same again", func() { w.post(cashierApply, partial("100", "B1")) }},
		{"token issued", func() { w.token() }},
		{"order query", func() { w.query() }},
		{"refused refund", func() { w.post(cashierApply, partial("9801", "B2")) }},
		{"refund whose answer is lost", func() {
			w.fault(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.After})
			_, _, err := w.send(http.MethodPost, cashierApply, encode(w.sign(partial("300", "B3"), "rsaSign")))
			require.Error(t, err)
		}},
		{"clock advanced", func() { w.advance(time.Hour) }},
		{"merchant changed", func() { w.patch(control.BaiduMerchantPatch{Balance: new(int64(77_777)), ClientSecret: new("other")}) }},
		{"settings changed", func() {
			_, err := w.baidu.SetSettings(t.Context(), control.BaiduSettings{OverTotal: control.Pay})
			require.NoError(t, err)
		}},
		{"verification cancelled", func() { require.Zero(t, w.post(cashierCancel, with(cancel(), "orderId", "2")).code()) }},
		{"order changed", func() {
			_, err := w.baidu.PatchOrder(t.Context(), "2", control.BaiduOrderPatch{Outcome: new(control.Success)})
			require.NoError(t, err)
		}},
		{"next day", func() {
			_, err := w.ctl.NextDay(t.Context())
			require.NoError(t, err)
		}},
		{"everything forgotten", func() { require.NoError(t, w.ctl.Reset(t.Context())) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.do()
			text, err := os.ReadFile(w.options.File)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(twin, text, 0o600))
			other := &world{T: t, options: sandbox.Options{File: twin}}
			other.start()
			again, err := os.ReadFile(twin)
			require.NoError(t, err)
			require.Equal(t, string(text), string(again), "what was read is what is written, hidden things included")
			require.Equal(t, w.shown(), other.shown())
		})
	}
}

func TestWhatCannotBeWrittenIsAnsweredNeitherWayAndKeptLater(t *testing.T) {
	w := keptWorld(t)
	w.order(nil)
	dir := filepath.Dir(w.options.File)
	require.NoError(t, os.RemoveAll(dir))

	res, body, err := w.send(http.MethodPost, cashierApply, encode(w.sign(partial("100", "B1"), "rsaSign")))
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, res.StatusCode)
	require.False(t, json.Valid(body), "no code that a client could take for an answer: %s", body)
	require.Contains(t, string(body), "cannot be written")
	_, err = w.baidu.Books(t.Context())
	var refusal *control.Error
	require.True(t, errors.As(err, &refusal))
	require.Equal(t, http.StatusInternalServerError, refusal.Status, "what is not in the file is not shown either")

	require.NoError(t, os.Mkdir(dir, 0o700))
	require.EqualValues(t, 100, w.book().Refunding)
	w.restart()
	require.EqualValues(t, 100, w.book().Refunding)
}

// Worth its time under -race: every lock is met by callers who change what it guards.
func TestParallelCallsOfEveryKindLeaveOneTruth(t *testing.T) {
	w := keptWorld(t)
	w.order(nil)
	_, public := docKey(t)
	var wg sync.WaitGroup
	failures := make([]error, 60)
	for i := range failures {
		apply := encode(w.sign(partial("100", fmt.Sprint("B", i)), "rsaSign"))
		wg.Go(func() {
			switch i % 6 {
			case 0, 1:
				_, _, failures[i] = w.send(http.MethodPost, cashierApply, apply)
			case 2:
				_, _, failures[i] = w.send(http.MethodGet, "/oauth/2.0/token", encode(credentials()))
			case 3:
				_, failures[i] = w.baidu.CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: fmt.Sprint("M", i), AppID: 1, PublicKeyPEM: public})
			case 4:
				_, failures[i] = w.baidu.PatchMerchant(t.Context(), "MMM4hG", control.BaiduMerchantPatch{DailyCap: new(int64(1_000_000 + i))})
			case 5:
				_, failures[i] = w.baidu.CreateOrder(t.Context(), control.NewBaiduOrder{AppKey: "MMM4hG", Total: 1})
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(failures...))
	require.Len(t, w.book().Refunds, 20)
	before := w.shown()
	w.restart()
	require.Equal(t, before, w.shown())
}

func TestBooksFileIsForItsOwnerOnly(t *testing.T) {
	w := keptWorld(t)
	require.NoError(t, w.srv.Close())
	require.NoError(t, os.Chmod(w.options.File, 0o644))
	require.NoError(t, os.WriteFile(w.options.File+".new", []byte("half a fi"), 0o644)) // left by a kill
	for _, moment := range []func(){w.start, func() { w.order(nil) }} {
		moment()
		info, err := os.Stat(w.options.File)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
		require.NoFileExists(t, w.options.File+".new")
	}
}

func TestBooksThatDoNotAddUpAreRefused(t *testing.T) {
	w := keptWorld(t)
	w.order(nil)
	w.order(secondOrder)
	w.post(cashierApply, partial("100", "B1"))
	w.post(cashierApply, second(partial("100", "B1")))
	require.NoError(t, w.srv.Close())
	good, err := os.ReadFile(w.options.File)
	require.NoError(t, err)
	edits := map[string]struct{ old, new string }{
		"cap_rule is":                    {`"cap_rule": "cross"`, `"cap_rule": "sometimes"`},
		"next_batch or next_id":          {`"next_id": 800200452`, `"next_id": 0`},
		"not below next_batch":           {`"next_batch": 152713837`, `"next_batch": 5`},
		"refund_batch_id 152713835":      {`"refund_batch_id": "152713836"`, `"refund_batch_id": "152713835"`},
		"refund_batch_id is not":         {`"refund_batch_id": "152713836"`, `"refund_batch_id": "x"`},
		"refunds[0]: status":             {`"status": "processing"`, `"status": "maybe"`},
		"merchants[0]: public_key_pem":   {`BEGIN PUBLIC KEY`, `BEGIN KEY`},
		"merchants[0]: platform_key_pem": {`BEGIN PRIVATE KEY`, `BEGIN KEY`},
		"merchants[0]: client_id":        {`"client_secret": "secret-1"`, `"client_secret": ""`},
		`app_key "MMM" is no merchant`:   {`"tp_order_id": "10000234",` + "\n          " + `"app_key": "MMM4hG"`, `"app_key": "MMM"`},
		"order_id is not":                {`"order_id": "2"`, `"order_id": "two"`},
		`order_id "2" or its`:            {`"tp_order_id": "T2"`, `"tp_order_id": "10000234"`},
		"audit is":                       {`"status": "processing"`, `"status": "processing", "audit": "maybe"`},
		"audit_fields is":                {`"audit_fields": "current"`, `"audit_fields": "ancient"`},
		"notify is":                      {`"notify": "both"`, `"notify": "nobody"`},
		"orders[0]: outcome":             {`"outcome": "success"`, `"outcome": "maybe"`},
		"unknown field":                  {`"drawn"`, `"drown"`},
		"unexpected":                     {"\n  }\n}\n", ""},
	}
	for _, want := range slices.Sorted(maps.Keys(edits)) {
		t.Run(want, func(t *testing.T) {
			bad := strings.Replace(string(good), edits[want].old, edits[want].new, 1)
			require.NotEqual(t, string(good), bad, "the edit must find its place")
			path := filepath.Join(t.TempDir(), "books.json")
			require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
			_, err := sandbox.Start(t.Context(), sandbox.Options{File: path})
			require.ErrorIs(t, err, stage.ErrForeignBooks)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), "secret-1")
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, bad, string(left), "a file that is refused is not touched")
		})
	}
}

// The file as programs before the letters wrote it: none of the newer fields is there.
func TestBooksWithoutLettersAreOlderBooks(t *testing.T) {
	w := keptWorld(t)
	w.order(nil)
	w.post(cashierApply, partial("100", "B1"))
	before := w.shown()
	require.NoError(t, w.srv.Close())
	text, err := os.ReadFile(w.options.File)
	require.NoError(t, err)
	older := string(text)
	for _, line := range []string{`"audit_fields": "current",`, `"notify": "both",`} {
		require.Contains(t, older, line)
		older = strings.Replace(older, line, "", 1)
	}
	older = regexp.MustCompile(`,\s*"empty_user": false`).ReplaceAllString(older, "")
	for _, word := range []string{"audit", "notify", "empty_user", "outbox", "authority", "barred", "elsewhere", "ask_at"} {
		require.NotContains(t, older, word)
	}
	require.Contains(t, older, `"over_total"`)
	require.NoError(t, os.WriteFile(w.options.File, []byte(older), 0o600))
	w.start()
	require.Equal(t, before, w.shown())
	w.advance(time.Hour)
	require.EqualValues(t, 100, w.book().Refunded)
}

package workflows_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// tally is the smallest provider there can be, for a platform that nobody has
// heard of: one JSON call, answered at once, and a repeat is answered with the
// first result. docs/adding-a-provider.md walks through it.
type tally struct {
	client *wire.Client
	url    string
}

func (p *tally) Rules() providers.Rules {
	return providers.Rules{
		Provider: "tally", Merchant: "tally/1", OrderKey: providers.OrderKeyMerchant,
		Number:  refund.NumberFormat{Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-", Max: 40},
		Partial: true,
		Query:   providers.QueryNone, RepeatAnswers: true, // asking is done by sending again
		AbsenceReads: 1, AbsenceInterval: time.Second, MaxResends: 20,
		Poll: []time.Duration{time.Minute}, PollFor: time.Hour,
	}
}

func (p *tally) Validate(r refund.Request) error {
	var bad refund.InvalidError
	if r.Order.MerchantID == "" {
		bad.Add("order.merchant_id", "want the merchant's order number: tally knows orders by it")
	}
	return bad.OrNil()
}

func (p *tally) OrderState(context.Context, refund.Order) (providers.OrderState, error) {
	return providers.OrderState{}, nil // cannot be asked: the stored order is believed
}

func (p *tally) Query(context.Context, providers.Instruction) (providers.Result, error) {
	return providers.Result{State: providers.ResultUnknown}, nil
}

// Apply turns every answer it cannot vouch for into an ambiguous failure. That is
// the whole art.
func (p *tally) Apply(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	body, err := json.Marshal(map[string]any{"number": in.Number, "order": in.Request.Order.MerchantID, "fen": in.Request.Amount})
	if err != nil {
		return providers.Receipt{}, err
	}
	unclear := &refund.Failure{Class: refund.ClassAmbiguous, Op: "refund", Code: "unreadable", Hint: "the saga asks"}
	answer, err := p.client.Do(ctx, wire.Call{Method: http.MethodPost, URL: p.url, ContentType: "application/json", Body: string(body)})
	if err != nil {
		return providers.Receipt{}, unclear
	}
	object, err := wire.ParseObject(answer.Body)
	if err != nil || answer.Status != http.StatusOK {
		return providers.Receipt{}, unclear
	}
	var given wire.Int
	var id wire.ID
	if object.Read("given", &given) != nil || object.Read("id", &id) != nil || refund.Fen(given) != in.Request.Amount {
		return providers.Receipt{}, unclear
	}
	return providers.Receipt{PlatformRefundID: string(id), Amount: refund.Fen(given), State: providers.ResultSucceeded}, nil
}

// tallyPlatform is its stand-in. It breaks off its first answer.
type tallyPlatform struct {
	mu     sync.Mutex
	placed []control.PlacedRefund
	calls  int
}

func (p *tallyPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Number string `json:"number"`
		Fen    int64  `json:"fen"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls++; len(p.placed) == 0 {
		p.placed = append(p.placed, control.PlacedRefund{Number: in.Number, PlatformRefundID: "T1", Amount: in.Fen, Status: control.Success})
	}
	if p.calls == 1 {
		panic(http.ErrAbortHandler)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"given": p.placed[0].Amount, "id": p.placed[0].PlatformRefundID})
}

func TestAFifthProviderNeedsNothingOfTheSaga(t *testing.T) {
	platform := &tallyPlatform{}
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	w := refundtest.On(t, providertest.Transport{Name: "tally", Open: func(t *testing.T, g providertest.Ground) *providertest.Bench {
		return &providertest.Bench{
			Provider: &tally{client: wire.NewClient(wire.Options{}), url: server.URL},
			Platform: control.New(g.Server.URL()),
			Refunds:  func(*testing.T, refund.Order) []control.PlacedRefund { return platform.placed },
		}
	}}, refundtest.Options{})

	r := w.Run(w.Request("R1", refund.Order{MerchantID: "O1", Total: 9800}, 3050))
	require.Nil(t, r.Stood)
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	require.Contains(t, r.Passed(), refund.StatusInDoubt, "the first answer was lost")
	require.Equal(t, 2, platform.calls)
}

// Which provider it is must be nobody's business but the registry's.
func TestNothingAboveTheProvidersKnowsOneByName(t *testing.T) {
	name := regexp.MustCompile(`(?i)"[^"]*(baidu|wechat|xlife|shengpay)[^"]*"|providers/(baidu|wechat|xlife|shengpay)`)
	for _, dir := range []string{"../workflows", "../activities", "../ledger", "../ledger/sqlstore", "../client", "../callback",
		"../config", "../refund", "../worker/service"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, dir)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, line := range strings.Split(string(text), "\n") {
				code, _, _ := strings.Cut(line, "//")
				require.False(t, name.MatchString(code), "%s: %s", file, line)
			}
		}
	}
}

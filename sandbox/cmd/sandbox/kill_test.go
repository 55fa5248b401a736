package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// asProgram makes the test binary be the program, so that it can be killed for real.
const asProgram = "SANDBOX_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program runs the sandbox as a process of its own and returns its address and a SIGKILL.
func program(t *testing.T, books string) (address string, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "--addr", "127.0.0.1:0", "--books", books)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	_, rest, found := strings.Cut(line, "ready at ")
	require.True(t, found, line)
	address, _, _ = strings.Cut(rest, ",")
	return address, kill
}

func registered(t *testing.T, ctl *control.Client) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	_, err = ctl.Baidu().CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "MMM", AppID: 1, ClientID: "c", ClientSecret: "s",
		Balance: 1_000_000, PublicKeyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))})
	require.NoError(t, err)
	_, err = ctl.Baidu().CreateOrder(t.Context(), control.NewBaiduOrder{AppKey: "MMM", OrderID: "1", UserID: "2", TpOrderID: "T1", Total: 1_000_000})
	require.NoError(t, err)
}

func answer(ctx context.Context, method, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

func TestAKillInTheMiddleOfManyCallsLosesNoAnsweredRefund(t *testing.T) {
	books := filepath.Join(t.TempDir(), "books.json")
	address, kill := program(t, books)
	registered(t, control.New(address))
	var token struct {
		Value string `json:"access_token"`
	}
	require.NoError(t, answer(t.Context(), http.MethodGet,
		address+"/oauth/2.0/token?grant_type=client_credentials&client_id=c&client_secret=s", &token))

	apply := func(address, serial string) bool {
		var got struct {
			Errno *int64 `json:"errno"`
		}
		q := url.Values{"access_token": {token.Value}, "pmAppKey": {"MMM"}, "orderId": {"1"}, "userId": {"2"}, "tpOrderId": {"T1"},
			"refundType": {"1"}, "refundReason": {"test"}, "isSkipAudit": {"1"}, "applyRefundMoney": {"1"}, "bizRefundBatchId": {serial}}
		err := answer(t.Context(), http.MethodPost, address+"/rest/2.0/smartapp/pay/paymentservice/applyOrderRefund?"+q.Encode(), &got)
		return err == nil && got.Errno != nil && *got.Errno == 0
	}
	// Eight callers apply as fast as they can until the process is gone; it is killed while all of them are at it.
	const callers, enough = 8, 60
	answered := make(chan string, 100_000)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := 0; ; i++ {
				serial := fmt.Sprintf("C%dN%d", caller, i)
				if !apply(address, serial) {
					return
				}
				answered <- serial
			}
		})
	}
	var promised []string
	for range enough {
		promised = append(promised, <-answered)
	}
	kill()
	wg.Wait()
	close(answered)
	for serial := range answered {
		promised = append(promised, serial)
	}

	address, _ = program(t, books)
	o, err := control.New(address).Baidu().Order(t.Context(), "1")
	require.NoError(t, err)
	kept := map[string]bool{}
	for _, r := range o.Refunds {
		kept[r.BizRefundBatchID] = true
	}
	for _, serial := range promised {
		require.True(t, kept[serial], "%s was answered with success", serial)
	}
	require.LessOrEqual(t, len(kept), len(promised)+callers, "beyond the answered ones only those under way can be there")
	require.True(t, apply(address, "AFTERWARDS"), "the token outlives the kill too")
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// settleAfter is how long the stand-in takes from accepting a refund to paying
// it: long enough to be seen as processing.
var settleAfter = control.Duration(800 * time.Millisecond)

// The demo's accounts. Each is a merchant of its own at the stand-in, so that
// their budgets do not touch.
const (
	shop   = "shop-baidu"  // approval above ¥500.00
	capped = "shop-capped" // daily cap ¥100.00
)

type merchant struct {
	Account, AppKey, ClientID string
	AppID                     int64
	DailyCap                  int64
}

var merchants = []merchant{
	{Account: shop, AppKey: "MMMdemo", ClientID: "demo", AppID: 10026},
	{Account: capped, AppKey: "MMMcapped", ClientID: "capped", AppID: 10027, DailyCap: 10_000},
}

// world is what the demo's refunds happen in.
type world struct {
	dir, sandboxURL string
	out             io.Writer
	server          *engine.Engine
	sandbox         *control.Client
	refunds         *client.Client
}

func (w *world) configFile() string      { return filepath.Join(w.dir, "refundflow.yaml") }
func (w *world) file(name string) string { return filepath.Join(w.dir, name) }

// prepare makes the merchants' keys and the worker's configuration. What is
// there from an earlier run is kept.
func (w *world) prepare(ctx context.Context, logLevel string) error {
	for _, m := range merchants {
		public, err := key(w.file(m.Account + ".pem"))
		if err != nil {
			return err
		}
		secret, err := secret(w.file(m.Account + ".secret"))
		if err != nil {
			return err
		}
		_, err = w.sandbox.Baidu().CreateMerchant(ctx, control.NewBaiduMerchant{
			AppKey: m.AppKey, AppID: m.AppID, PublicKeyPEM: public, ClientID: m.ClientID, ClientSecret: secret,
			Balance: 1_000_000_00, DailyCap: m.DailyCap,
		})
		var exists *control.Error
		known := errors.As(err, &exists) && exists.Status == http.StatusConflict
		if err != nil && !known {
			return err
		}
	}
	var b bytes.Buffer
	err := configTemplate.Execute(&b, map[string]any{
		"Temporal": w.server.Address(), "Namespace": w.server.Namespace(), "Sandbox": w.sandboxURL,
		"Merchants": merchants, "Log": logLevel,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(w.configFile(), b.Bytes(), 0o600)
}

var configTemplate = template.Must(template.New("").Parse(`# Written by the development server; the README explains every setting.
temporal:
  address: {{.Temporal}}
  namespace: {{.Namespace}}
ledger: sqlite:ledger.db
log:
  level: {{.Log}}
accounts:
{{- range .Merchants}}
  {{.Account}}:
    approval:
      above: 50000            # fen: a person approves what is larger than ¥500.00
    limits:
      daily_cap: {{.DailyCap}}          # fen, 0 = none
    baidu:
      transport: cashier
      app_id: "{{.AppID}}"
      app_key: {{.AppKey}}
      private_key_file: {{.Account}}.pem
      openapi:
        client_id: {{.ClientID}}
        client_secret_file: {{.Account}}.secret
      cashier_url: {{$.Sandbox}}/cashier
      order_url: {{$.Sandbox}}/platform/entity/openapi/queryorderdetail
      openapi_url: {{$.Sandbox}}
      poll: [300ms, 300ms, 500ms, 1s]   # faster than in life
      absence_interval: 2s
{{- end}}
`))

// key returns the public half, in PEM, of the private key in the file, which it
// makes when there is none.
func key(file string) (string, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			return "", err
		}
		data = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return "", fmt.Errorf("%s holds no key: remove it, and a new one is made", file)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("%s: %w: remove it, and a new one is made", file, err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.(*rsa.PrivateKey).Public())
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

func secret(file string) (string, error) {
	data, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return string(data), err
	}
	random := make([]byte, 16)
	rand.Read(random)
	s := hex.EncodeToString(random)
	return s, os.WriteFile(file, []byte(s), 0o600)
}

// order makes a paid and verified order at the stand-in, and a request to give
// some of it back.
func (w *world) order(ctx context.Context, m merchant, id string, total, amount refund.Fen, change func(*control.NewBaiduOrder)) (refund.Request, error) {
	wanted := control.NewBaiduOrder{AppKey: m.AppKey, Total: int64(total)}
	if change != nil {
		change(&wanted)
	}
	o, err := w.sandbox.Baidu().CreateOrder(ctx, wanted)
	if err != nil {
		return refund.Request{}, err
	}
	return refund.Request{
		ID: id, Account: m.Account, Amount: amount, Reason: "parcel never arrived", Initiator: refund.InitiatorUser,
		RequestedBy: "agent-17",
		Order: refund.Order{
			PlatformID: o.OrderID, MerchantID: o.TpOrderID, UserID: o.UserID, Total: total,
			PaidAt: time.Now().Add(-26 * time.Hour).Truncate(time.Second),
		},
	}, nil
}

// stamp makes the ids of one run differ from those of the last one, which may
// be in the same database.
func stamp() string { return strconv.FormatInt(time.Now().Unix(), 36) }

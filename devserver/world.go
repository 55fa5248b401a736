package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// world is what the demo's refunds happen in.
type world struct {
	dir       string
	callbacks string // where the worker listens, "host:port"
	out       io.Writer
	server    *engine.Engine
	// baidu is the stand-in whose clock the demo moves on. punctual is that of the
	// other platforms: they turn away a call, and the worker a callback, whose clock is
	// off by minutes.
	baidu, punctual *stand
	refunds         *client.Client
}

func (w *world) configFile() string { return filepath.Join(w.dir, "refundflow.yaml") }

// callback is the address before "/refund" and "/audit" of an account.
func (w *world) callback(account string) string {
	return "http://" + w.callbacks + "/callbacks/" + account
}

// prepare sets the accounts up and writes the worker's configuration. What is
// there from an earlier run is kept.
func (w *world) prepare(ctx context.Context, logLevel string) error {
	type section struct {
		Name     string
		DailyCap int64
		Block    string
	}
	var sections []section
	for _, a := range accounts {
		s := a.stand(w)
		block, err := a.Register(ctx, merchants.Site{
			Account: a.name, Folder: w.dir, Sandbox: s.Client, URL: s.server.URL(), TLSURL: s.server.TLSURL(), CAPEM: s.server.CAPEM(),
			Callbacks: w.callback(a.name), Poll: a.poll, AbsenceInterval: a.absence,
		})
		if err != nil {
			return fmt.Errorf("account %s: %w", a.name, err)
		}
		sections = append(sections, section{a.name, int64(a.dailyCap), block})
	}
	var b bytes.Buffer
	err := configTemplate.Execute(&b, map[string]any{
		"Temporal": w.server.Address(), "Namespace": w.server.Namespace(), "Callbacks": w.callbacks, "Log": logLevel, "Accounts": sections,
		"Above": int64(oneApproves), "TwiceAbove": int64(twoApprove),
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
callbacks:
  listen: {{.Callbacks}}
accounts:
{{- range .Accounts}}
  {{.Name}}:
    approval:
      above: {{$.Above}} # fen: a person approves what is larger
      twice_above: {{$.TwiceAbove}} # fen: two people approve what is larger
    limits:
      daily_cap: {{.DailyCap}} # fen, 0 = none
{{.Block}}
{{- end}}`))

// requester asks for every refund of the demo, and so may approve none.
const requester = "agent-17"

// order makes a paid order at the account's stand-in, and a request to give some
// of it back.
func (w *world) order(ctx context.Context, a *account, id string, total, amount refund.Fen, change func(*control.NewOrder)) (refund.Request, error) {
	// By the clock of people, not by that of a stand-in whose nights pass in a moment.
	paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second)
	wanted := control.NewOrder{Total: int64(total), PaidAt: &paidAt}
	if change != nil {
		change(&wanted)
	}
	order, err := a.Order(ctx, a.stand(w).Client, wanted)
	return refund.Request{
		ID: id, Account: a.name, Amount: amount, Reason: "parcel never arrived", Initiator: refund.InitiatorUser,
		RequestedBy: requester, Order: order,
	}, err
}

// stamp makes the ids of one run differ from those of the last one, which may
// be in the same database.
func stamp() string { return strconv.FormatInt(time.Now().Unix(), 36) }

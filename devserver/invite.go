package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/refundflow/refundflow/refund"
)

// invite leaves two refunds waiting, and says what to try next.
func (w *world) invite(ctx context.Context, quiet bool) error {
	if quiet {
		fmt.Fprintln(w.out, "Press Ctrl-C to stop.")
		return nil
	}
	id := stamp()
	big, err := w.order(ctx, shop, "big"+id, 128800, 128800, nil)
	if err != nil {
		return err
	}
	late, err := w.order(ctx, capped, "late"+id, 9900, 9900, nil)
	if err != nil {
		return err
	}
	var pages []string
	for _, r := range []refund.Request{big, late} {
		started, err := w.refunds.Start(ctx, r)
		if err != nil {
			return err
		}
		pages = append(pages, w.server.WorkflowURL(started.WorkflowID)+"/"+started.RunID+"/user-metadata")
	}
	mine, err := w.order(ctx, shop, "mine"+id, 2500, 2500, nil)
	if err != nil {
		return err
	}
	file := filepath.Join(w.dir, "refund.json")
	document, err := json.MarshalIndent(mine, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(document, '\n'), 0o600); err != nil {
		return err
	}
	address := ""
	if a := w.server.Address(); a != "127.0.0.1:7233" {
		address = " --address " + a
	}
	starter := "go run ./starter" + address
	bigName, lateName := big.Account+"/"+big.ID, late.Account+"/"+late.ID
	for _, line := range []string{
		"",
		"Two more are waiting, one for an approval and one for budget. See where they stand:",
		"  " + pages[0],
		"  " + pages[1],
		"",
		"In another terminal, from the root of the repository:",
		"  " + starter + " list",
		"  " + starter + " status " + lateName,
		"  " + starter + " approve " + bigName + " --by finance-2",
		"  " + starter + " watch " + bigName,
		"  " + starter + " start " + file + " --wait",
		"  curl " + w.punctual.server.URL() + "/sandbox/v1/deliveries",
		"",
		"Press Ctrl-C to stop.",
	} {
		fmt.Fprintln(w.out, line)
	}
	return nil
}

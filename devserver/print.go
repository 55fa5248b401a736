package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/refundflow/refundflow/refund"
)

func (w *world) greet(noWorker bool) {
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "refundflow, everything on this machine:\n\n")
	fmt.Fprintf(t, "  Temporal\t%s\n", w.server.Address())
	fmt.Fprintf(t, "  Web UI\t%s\n", w.server.UIURL())
	fmt.Fprintf(t, "  Baidu\t%s\ta stand-in with books of its own\n", w.sandboxURL)
	if noWorker {
		fmt.Fprintf(t, "  worker\tyours to start:\tgo run ./worker --config %s\n", w.configFile())
	} else {
		fmt.Fprintf(t, "  worker\t%s\n", w.configFile())
	}
	t.Flush()
	fmt.Fprintln(w.out)
}

func mark(err error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}

func (w *world) printResult(r result) {
	fmt.Fprintf(w.out, "  %s %-9s %s\n", mark(r.err), r.scenario.name, r.scenario.what)
	var begun time.Time
	for i, step := range r.view.Steps {
		if i == 0 {
			begun = step.At
		}
		fmt.Fprintf(w.out, "      %8s  %-23s  %s\n", since(begun, step.At), step.Status, step.Text)
	}
	if r.err != nil {
		fmt.Fprintf(w.out, "      %s\n", r.err)
	}
	fmt.Fprintln(w.out)
}

func since(begun, at time.Time) string {
	d := at.Sub(begun)
	if d > time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}

func (w *world) printTable(results []result, ok bool) {
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  REFUND\tAMOUNT\tENDED AS\tEXPECTED\tBAIDU'S BOOKS\t")
	for _, r := range results {
		fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\t%s\t\n", mark(r.err), r.scenario.name, r.scenario.amount,
			r.view.Status, r.scenario.ends, r.books)
	}
	t.Flush()
	if ok {
		fmt.Fprintln(w.out, "\nEvery refund ended as it should, and Baidu's books agree.")
	} else {
		fmt.Fprintln(w.out, "\nNot every refund ended as it should: see above.")
	}
}

// invite leaves two refunds waiting, and says what to try next.
func (w *world) invite(ctx context.Context, quiet bool) error {
	if quiet {
		fmt.Fprintln(w.out, "Press Ctrl-C to stop.")
		return nil
	}
	id := stamp()
	big, err := w.order(ctx, merchants[0], "big"+id, 128800, 128800, nil)
	if err != nil {
		return err
	}
	late, err := w.order(ctx, merchants[1], "late"+id, 9900, 9900, nil)
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
	mine, err := w.order(ctx, merchants[0], "mine"+id, 2500, 2500, nil)
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
		"Two more are waiting, one for an approval and one for tomorrow's budget. See where they stand:",
		"  " + pages[0],
		"  " + pages[1],
		"",
		"In another terminal, from the root of the repository:",
		"  " + starter + " list",
		"  " + starter + " status " + lateName,
		"  " + starter + " approve " + bigName + " --by finance-2",
		"  " + starter + " watch " + bigName,
		"  " + starter + " start " + file + " --wait",
		"  curl " + w.sandboxURL + "/sandbox/v1/baidu/books",
		"",
		"Press Ctrl-C to stop.",
	} {
		fmt.Fprintln(w.out, line)
	}
	return nil
}

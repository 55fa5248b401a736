package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/worker/service"
)

// platformCommand shows what the platforms did or asked by themselves, and lets a
// person answer. It works on the ledger alone, whether workers run or not.
func platformCommand(out io.Writer, file *string) *cobra.Command {
	var asJSON bool
	root := &cobra.Command{
		Use:   "platform",
		Short: "What the platforms did or asked by themselves: refunds made elsewhere, questions for a person",
		Long: `What the platforms did or asked by themselves.

Refunds are also made in a platform's console, by its service desk, or by the
platform itself. They are written down when the platform reports them, and
count in what is left of their order. Baidu asks before it pays: a question about
a refund that nobody asked for here is answered "not decided yet", again and
again, until a person decides.`,
		Example: `  worker platform refunds
  worker platform audits
  worker platform decide shop-baidu 149235070 approve --by finance-2 --note "service desk, case 4711"`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	root.AddCommand(
		&cobra.Command{
			Use: "refunds", Short: "List the refunds that were made elsewhere, newest first", Args: cobra.NoArgs,
			RunE: onBooks(func(cmd *cobra.Command, books ledger.Ledger, _ *config.Config, _ []string) error {
				all, err := books.ForeignRefunds(cmd.Context(), "")
				if err != nil {
					return err
				}
				return printForeign(out, all, asJSON)
			}).run(file),
		},
		&cobra.Command{
			Use: "audits", Short: "List the questions that platforms asked before paying, newest first", Args: cobra.NoArgs,
			RunE: onBooks(func(cmd *cobra.Command, books ledger.Ledger, _ *config.Config, _ []string) error {
				all, err := books.Audits(cmd.Context(), "")
				if err != nil {
					return err
				}
				return printAudits(out, all, asJSON)
			}).run(file),
		},
		decideCommand(out, file),
	)
	return root
}

// decideCommand lets a person answer a question.
func decideCommand(out io.Writer, file *string) *cobra.Command {
	var by, note string
	decide := &cobra.Command{
		Use:   "decide ACCOUNT PLATFORM-REFUND-ID approve|refuse",
		Short: "Answer a question that is not decided yet",
		Long: `Answer a question that is not decided yet. The platform hears it when it asks
the next time, within minutes, and for ever the same.

approve lets the platform pay what it asked about. refuse is final on the
platform's side: Baidu marks the order as not refundable, for everybody. Questions
about refunds that were made here answer themselves; one of those can only be
refused, after it has ended.`,
		Example: `  worker platform audits
  worker platform decide shop-baidu 149235070 approve --by finance-2 --note "service desk, case 4711"`,
		Args: cobra.ExactArgs(3),
		RunE: onBooks(func(cmd *cobra.Command, books ledger.Ledger, c *config.Config, args []string) error {
			return decideAudit(cmd, out, books, c, args, by, note)
		}).run(file),
	}
	decide.Flags().StringVar(&by, "by", "", "who decides (required)")
	decide.Flags().StringVar(&note, "note", "", "why")
	_ = decide.MarkFlagRequired("by") // fails only for a flag that does not exist
	return decide
}

// onBooks is a command that works on the ledger of a configuration file.
type onBooks func(cmd *cobra.Command, books ledger.Ledger, c *config.Config, args []string) error

// run opens the ledger around the command. The file is named when flags are read,
// after the command was made.
func (do onBooks) run(file *string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := config.Load(*file)
		if err != nil {
			return err
		}
		books, err := service.OpenLedger(cmd.Context(), c, func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+text) })
		if err != nil {
			return err
		}
		return errors.Join(do(cmd, books, c, args), books.Close())
	}
}

func decideAudit(cmd *cobra.Command, out io.Writer, books ledger.Ledger, c *config.Config, args []string, by, note string) error {
	decision := providers.AuditDecision(args[2])
	if decision != providers.AuditApprove && decision != providers.AuditRefuse {
		return fmt.Errorf("want approve or refuse, got %q", args[2])
	}
	all, err := service.OpenAccounts(c)
	if err != nil {
		return err
	}
	account, err := all.Account(args[0])
	if err != nil {
		return err
	}
	if err := books.SettleAudit(cmd.Context(), account.Provider.Rules().Merchant, args[1], decision, by, note, time.Now()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "decided: %s. The platform hears it when it asks next, within minutes.\n", decision)
	return err
}

func printForeign(out io.Writer, all []ledger.ForeignRefund, asJSON bool) error {
	if asJSON {
		return printJSON(out, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "none: every refund the platforms reported was asked for here")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tPLATFORM REFUND\tORDER\tAMOUNT\tSTATE\tFIRST HEARD\tLAST HEARD")
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Account, f.PlatformRefundID, f.OrderKey, told(f.Amount.String(), f.Amount != 0), f.State,
			f.First.Local().Format(time.DateTime), f.Last.Local().Format(time.DateTime))
	}
	return w.Flush()
}

func printAudits(out io.Writer, all []ledger.AuditEntry, asJSON bool) error {
	if asJSON {
		return printJSON(out, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "none: no platform has asked yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tPLATFORM REFUND\tORDER\tAMOUNT\tDECISION\tASKED\tLAST\tREFUND\tWHY")
	for _, a := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d×\t%s\t%s\t%s\n", a.Account, a.PlatformRefundID, a.OrderKey,
			told(a.Amount.String(), a.Amount != 0), a.Decision, a.Asked, a.Last.Local().Format(time.DateTime), told(a.Key.ID, a.Key.ID != ""), a.Why)
	}
	return w.Flush()
}

// told stands a dash where the platform told nothing.
func told(text string, known bool) string {
	if !known {
		return "-"
	}
	return text
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

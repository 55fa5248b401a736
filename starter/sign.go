package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// signing is how decisions are signed: with which key, for how long.
type signing struct {
	file  string
	valid time.Duration
}

func (s *signing) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.file, "key-file", "", "sign with this file of the account's decision key (approval.decision_key_files)")
	flags.DurationVar(&s.valid, "valid", time.Hour, "how long what is signed may be taken, as in 10m; at most "+refund.LongestSeal.String())
}

// key reads the key as the worker does, or returns nil when nothing is to be signed.
func (s signing) key() ([]byte, error) {
	if s.file == "" {
		return nil, nil
	}
	if s.valid < time.Second || s.valid > refund.LongestSeal {
		return nil, usageError{fmt.Errorf("--valid %s: want at least 1s and at most %s", s.valid, refund.LongestSeal)}
	}
	secret, err := wire.SecretFile(s.file)
	if err != nil {
		return nil, usageError{fmt.Errorf("--key-file: %w", err)}
	}
	return []byte(secret), nil
}

// seal signs from now on.
func (s signing) seal(key []byte, sealed refund.Sealed) refund.Seal {
	sealed.Expires = time.Now().Add(s.valid).UTC().Truncate(time.Second) // the signature knows no parts of seconds
	return refund.Seal{Expires: sealed.Expires, Signature: sealed.Sign(key)}
}

func (c *cli) signCommand() *cobra.Command {
	var how signing
	var decision, by, note, evidence string
	var amount int64
	cmd := &cobra.Command{
		Use:   "sign ACCOUNT/ID --amount FEN --decision approve|reject|resolve-retry|...",
		Short: "Sign a decision, to be pasted into the Web UI",
		Long: `Sign a decision with the account's decision key, and print it as the payload of a
signal, to be pasted into the Web UI (More Actions, Send a Signal) or sent by any
program. Nobody is asked: neither a server nor a worker needs to be reached.

  --decision           the signal that takes it
  approve, reject      the same
  resolve-retry,
  resolve-succeeded,
  resolve-failed       resolve

The signature covers account, id, amount, decision, who decides, the evidence of a
resolution and until when; not the note. It counts once: to decide again, sign anew.`,
		Example: `  starter sign shop-baidu/R20261121-0001 --amount 89900 --decision approve \
      --by finance-2 --key-file decision.key --valid 1h
  starter sign shop-baidu/R20261121-0001 --amount 89900 --decision resolve-succeeded \
      --by finance-2 --evidence "console receipt 152713835" --key-file decision.key`,
		Args: exactly(1, "one refund, ACCOUNT/ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			account, id, err := name(args[0])
			if err != nil {
				return err
			}
			if amount <= 0 {
				return usageError{fmt.Errorf("--amount: want the refund's amount in fen, got %d", amount)}
			}
			payload, seal, err := unsigned(decision, by, note, evidence)
			if err != nil {
				return err
			}
			key, err := how.key()
			if err != nil {
				return err
			}
			if key == nil {
				return usageError{fmt.Errorf("--key-file: want the file of the account's decision key")}
			}
			*seal = how.seal(key, refund.Sealed{
				Account: account, ID: id, Amount: refund.Fen(amount), Decision: decision, By: by, Evidence: evidence,
			})
			e := json.NewEncoder(c.out) // on one line, for -o text as well
			e.SetEscapeHTML(false)
			return e.Encode(payload)
		},
	}
	cmd.Flags().Int64Var(&amount, "amount", 0, "the refund's amount, in fen")
	cmd.Flags().StringVar(&decision, "decision", "", "approve, reject, resolve-retry, resolve-succeeded or resolve-failed")
	cmd.Flags().StringVar(&by, "by", whoami(), "who decides")
	cmd.Flags().StringVar(&note, "note", "", "why")
	cmd.Flags().StringVar(&evidence, "evidence", "", "of resolve-succeeded and resolve-failed: how it is known")
	how.register(cmd.Flags())
	return cmd
}

// unsigned is the payload of the signal that takes the decision, and its place for the
// signature.
func unsigned(decision, by, note, evidence string) (payload any, seal *refund.Seal, err error) {
	switch decision {
	case string(refund.VerbApprove), string(refund.VerbReject):
		if evidence != "" {
			return nil, nil, usageError{fmt.Errorf("--evidence belongs to resolve-succeeded and resolve-failed: say it with --note")}
		}
		d := &refund.Decision{By: by, Note: note}
		return d, &d.Seal, d.Validate()
	}
	for _, action := range []refund.ResolveAction{refund.ResolveRetry, refund.ResolveSucceeded, refund.ResolveFailed} {
		if decision == refund.SealedResolve(action) {
			r := &refund.Resolution{Action: action, By: by, Note: note, Evidence: evidence}
			return r, &r.Seal, r.Validate()
		}
	}
	return nil, nil, usageError{fmt.Errorf("--decision %q: want approve, reject, resolve-retry, resolve-succeeded or resolve-failed", decision)}
}

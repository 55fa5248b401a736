package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"time"

	"github.com/spf13/pflag"

	"github.com/refundflow/refundflow/refund"
)

// requestFlags spell out a request on the command line.
type requestFlags struct {
	request               refund.Request
	amount, total         int64
	amountYuan, totalYuan string
	paidAt                string
	initiator             string
}

func (f *requestFlags) register(flags *pflag.FlagSet) {
	r, o := &f.request, &f.request.Order
	flags.StringVar(&r.ID, "id", "", "your business key for this refund, 1 to 32 of 0-9A-Za-z_-; made up when left out")
	flags.StringVar(&r.Account, "account", "", "merchant account, as in the worker's configuration")
	flags.Int64Var(&f.amount, "amount", 0, "amount to give back, in fen")
	flags.StringVar(&f.amountYuan, "yuan", "", "the same in yuan, as in 98.00")
	flags.Int64Var(&f.total, "total", 0, "what was paid for the order, in fen")
	flags.StringVar(&f.totalYuan, "total-yuan", "", "the same in yuan")
	flags.StringVar(&r.Reason, "reason", "", "why, for people")
	flags.StringVar(&f.initiator, "initiator", string(refund.InitiatorUser), "on whose behalf: user, support or system")
	flags.StringVar(&r.RequestedBy, "requested-by", whoami(), "who asks; may not approve")
	flags.StringVar(&o.PlatformID, "platform-order", "", "the platform's order number (Baidu: orderId)")
	flags.StringVar(&o.MerchantID, "merchant-order", "", "your own order number (Baidu: tpOrderId)")
	flags.StringVar(&o.UserID, "user-id", "", "the platform's number of the payer (Baidu: userId)")
	flags.StringVar(&f.paidAt, "paid-at", "", "when it was paid, as in 2026-11-20T10:00:00+08:00")
	flags.StringToStringVar(&r.Extra, "extra", nil, "what only one provider needs, as name=value")
}

// build makes the request, and an id where none was given.
func (f *requestFlags) build() (refund.Request, error) {
	r := f.request
	r.Initiator = refund.Initiator(f.initiator)
	r.ID = cmp.Or(r.ID, refund.NewID())
	var err error
	if r.Amount, err = fen("amount", f.amount, "yuan", f.amountYuan); err != nil {
		return r, err
	}
	if r.Order.Total, err = fen("total", f.total, "total-yuan", f.totalYuan); err != nil {
		return r, err
	}
	if f.paidAt != "" {
		if r.Order.PaidAt, err = time.Parse(time.RFC3339, f.paidAt); err != nil {
			return r, usageError{fmt.Errorf("--paid-at %q: want a time as in 2026-11-20T10:00:00+08:00", f.paidAt)}
		}
	}
	return r, r.Validate()
}

func fen(fenFlag string, inFen int64, yuanFlag, inYuan string) (refund.Fen, error) {
	if inYuan == "" {
		return refund.Fen(inFen), nil
	}
	if inFen != 0 {
		return 0, usageError{fmt.Errorf("--%s and --%s name the same amount: give one", fenFlag, yuanFlag)}
	}
	v, err := refund.ParseYuan(inYuan)
	if err != nil {
		return 0, usageError{fmt.Errorf("--%s: %w", yuanFlag, err)}
	}
	return v, nil
}

func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// requestFrom reads the request from a file or from flags, not from both.
func (c *cli) requestFrom(args []string, f *requestFlags, flags *pflag.FlagSet) (refund.Request, error) {
	if len(args) == 0 {
		if !flags.Changed("account") && !flags.Changed("amount") && !flags.Changed("yuan") {
			return refund.Request{}, usageError{errors.New("want a JSON file, - for standard input, or the flags --account, --amount, ...; --help shows them")}
		}
		return f.build()
	}
	var mixed []string
	ours := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&requestFlags{}).register(ours)
	flags.Visit(func(flag *pflag.Flag) {
		if ours.Lookup(flag.Name) != nil {
			mixed = append(mixed, "--"+flag.Name)
		}
	})
	if len(mixed) > 0 {
		return refund.Request{}, usageError{fmt.Errorf("%v cannot be given together with a file: write it into the file", mixed)}
	}
	data, err := c.read(args[0])
	if err != nil {
		return refund.Request{}, usageError{err}
	}
	r, err := refund.ParseRequest(data)
	if invalid := (*refund.InvalidError)(nil); err != nil && !errors.As(err, &invalid) {
		return r, usageError{fmt.Errorf("%s holds no JSON: %w", args[0], err)}
	}
	return r, err
}

func (c *cli) read(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(c.in)
	}
	return os.ReadFile(file)
}

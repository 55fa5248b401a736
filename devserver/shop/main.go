// Command shop is a merchant at the stand-ins: it sets up an account at each of
// them, takes orders, and reads the platforms' books. With it a system of separate
// programs or containers can be tried without a real platform.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/sandbox/control"
)

// accounts are the names and merchants that "open" makes. Baidu's is one who is told
// nothing and asks; the others are told, so that callbacks can be tried as well.
var accounts = []struct {
	name string
	merchants.Merchant
}{
	{"shop-baidu", merchants.Baidu{AppKey: "MMMshop", ClientID: "shop", AppID: 10031, Silent: true}},
	{"shop-wechat", merchants.NewWeChat("1900000131", "wx1313131313131313")},
	{"shop-xlife", merchants.NewXLife("31313131")},
	{"shop-shengpay", merchants.NewShengpay("31313132", "app31313132")},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(os.Stdout).ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func command(out io.Writer) *cobra.Command {
	var address string
	root := &cobra.Command{
		Use:   "shop",
		Short: "Open accounts at the stand-ins for the platforms, take orders, and read their books",
		Example: `  shop open --folder deploy/refundflow --process deploy/process.yaml
  shop order shop-baidu --total 9800 | starter start - --wait
  shop books refund.json`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&address, "sandbox", "http://127.0.0.1:9300", "the stand-ins' address")
	stands := func() *control.Client { return control.New(address) }
	root.AddCommand(openCommand(out, &address), orderCommand(out, stands), booksCommand(out, stands))
	return root
}

// merchant finds an account.
func merchant(name string) (merchants.Merchant, error) {
	for _, a := range accounts {
		if a.name == name {
			return a.Merchant, nil
		}
	}
	return nil, fmt.Errorf("there is no account %q: want shop-baidu, shop-wechat, shop-xlife or shop-shengpay", name)
}

// Command sandbox runs the stand-in payment platforms as a program of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

const long = `Stand-ins of payment platforms over HTTP, with books of their own and faults on demand. Money is integer fen.

A first round with curl, after "sandbox --addr 127.0.0.1:9300":

  openssl genrsa -out key.pem 2048
  openssl rsa -in key.pem -pubout -out pub.pem
  S=http://127.0.0.1:9300/sandbox/v1
  curl $S/                                      # every endpoint of the control API
  curl $S/baidu/merchants -d "$(jq -n --rawfile pem pub.pem '{app_key:"MMMabc",app_id:10026,balance:1000000,public_key_pem:$pem}')"
  curl $S/baidu/orders -d '{"app_key":"MMMabc","order_id":"800200451","total":9800}'
  curl $S/faults -d '{"op":"applyOrderRefund","kind":"disconnect","phase":"after"}'   # the money moves, the answer is lost
  curl $S/clock/advance -d '{"next_day":true}'
  curl $S/baidu/books/800200451                 # what was really paid, and every call

With --tls-addr 127.0.0.1:9301 there is a second door over HTTPS; "curl $S/tls" shows the certificate to trust there.

With --books FILE the clock, the books and the messages to merchants that are under way survive a restart, even a kill; planned
faults and the logs do not. The file holds keys and secrets and is readable by its owner only.

A client reaches the stand-in by its host alone:

  Baidu      http://127.0.0.1:9300/cashier/applyOrderRefund, /nop/server/rest, /rest/2.0/smartapp/pay/paymentservice/...
  WeChat     https://127.0.0.1:9301/secapi/pay/refund with the certificate that creating the merchant answered, /pay/refundquery,
             /pay/orderquery; http://127.0.0.1:9300/_/pay/refund (Cloud Run), /cgi-bin/token, /tcb/invokecloudfunction
  xlife      http://127.0.0.1:9300/router/rest
  Shengpay   http://127.0.0.1:9300/pay/refund, /refund/queryRefundOrder, /pay/queryOrder`

func command() *cobra.Command {
	var o sandbox.Options
	var settleAfter, queryLag time.Duration
	cmd := &cobra.Command{
		Use:           "sandbox",
		Short:         "Stand-ins of payment platforms to test refunds against",
		Long:          long,
		Args:          cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) error {
			settles, lags := control.Duration(settleAfter), control.Duration(queryLag)
			o.Baidu.SettleAfter, o.Baidu.QueryLag = settles, lags
			o.WeChat.SettleAfter, o.WeChat.QueryLag = settles, lags
			o.Shengpay.SettleAfter, o.Shengpay.QueryLag = settles, lags // xlife answers at once
			server, err := sandbox.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "sandbox ready at %s, control API at %s/sandbox/v1/\n", server.URL(), server.URL())
			if o.TLSAddr != "" {
				fmt.Fprintf(cmd.OutOrStdout(), "TLS door at %s, its authority at %s/sandbox/v1/tls\n", server.TLSURL(), server.URL())
			}
			<-cmd.Context().Done()
			return server.Close()
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Addr, "addr", "127.0.0.1:9300", "host:port to listen on; port 0 takes a free one")
	flags.StringVar(&o.TLSAddr, "tls-addr", "", "host:port of a second, HTTPS door that asks for client certificates; default: none")
	flags.StringSliceVar(&o.TLSNames, "tls-name", nil, "with --tls-addr: a further host name that clients will use, such as that of the container")
	flags.BoolVar(&o.AllowRemote, "allow-remote", false, "permit addresses other machines can reach, and messages to merchants there; there is no login")
	flags.StringVar(&o.File, "books", "", "file that keeps the books over restarts; default: memory only")
	flags.DurationVar(&settleAfter, "settle-after", 5*time.Second, "how long an accepted refund stays processing; an existing books file brings its own")
	flags.DurationVar(&queryLag, "query-lag", 0, "how long refund queries do not show a fresh refund; an existing books file brings its own")
	cmd.AddCommand(healthCommand())
	return cmd
}

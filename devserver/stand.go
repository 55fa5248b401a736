package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

// settleAfter is how long the platforms take from accepting a refund to paying it:
// long enough to be seen as processing. xlife answers with the result.
const settleAfter = control.Duration(800 * time.Millisecond)

// stand is a running stand-in; each can play all platforms.
type stand struct {
	*control.Client
	server *sandbox.Server
}

// startStand listens on the port, and with TLS on a free one; books is the name of
// the file that keeps its books beside the database, if there is one.
func startStand(ctx context.Context, o options, port int, dir, books string) (*stand, error) {
	so := sandbox.Options{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), TLSAddr: "127.0.0.1:0",
		Baidu:    control.BaiduSettings{SettleAfter: settleAfter},
		WeChat:   control.WeChatSettings{SettleAfter: settleAfter},
		Shengpay: control.ShengpaySettings{SettleAfter: settleAfter},
	}
	if o.db != "" {
		so.File = filepath.Join(dir, books)
	}
	s, err := sandbox.Start(ctx, so)
	if err != nil {
		return nil, fmt.Errorf("the stand-in for the platforms: %w; choose another port with --sandbox-port (0 takes a free one)", err)
	}
	return &stand{Client: control.New(s.URL()), server: s}, nil
}

// callbackListener is where the worker hears the platforms, and its address; nil
// without a worker of ours: then somebody else's listens there.
func callbackListener(ctx context.Context, o options) (net.Listener, string, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.callbackPort))
	if o.noWorker && o.callbackPort != 0 {
		return nil, address, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("the worker's address for callbacks: %w; choose another port with --callback-port (0 takes a free one)", err)
	}
	if address = l.Addr().String(); o.noWorker { // only a free port was looked for
		return nil, address, l.Close()
	}
	return l, address, nil
}

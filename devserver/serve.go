package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/worker/service"
)

type options struct {
	once, quiet, noWorker                   bool
	db, logLevel                            string
	port, uiPort, sandboxPort, callbackPort int
	out                                     io.Writer
}

// serve starts everything in the order of need, runs the refunds, and stays up
// until it is told to stop.
func serve(ctx context.Context, o options) (err error) {
	log, err := logger(o.logLevel)
	if err != nil {
		return err
	}
	place, cleanUp, err := place(o.db)
	if err != nil {
		return err
	}
	defer cleanUp()

	server, err := engine.Start(ctx, engine.Options{DBFile: o.db, FrontendPort: o.port, UIPort: o.uiPort, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()

	baidu, err := startStand(ctx, o, o.sandboxPort, place, "baidu-books.json")
	if err != nil {
		return err
	}
	defer baidu.server.Close()
	punctual, err := startStand(ctx, o, 0, place, "other-books.json")
	if err != nil {
		return err
	}
	defer punctual.server.Close()
	hearing, callbacks, err := callbackListener(ctx, o)
	if err != nil {
		return err
	}
	if hearing != nil {
		defer hearing.Close() // the worker does, once there is one
	}

	world := &world{dir: place, callbacks: callbacks, out: o.out, server: server, baidu: baidu, punctual: punctual}
	if err := world.prepare(ctx, o.logLevel); err != nil {
		return err
	}
	attending, done := context.WithCancel(ctx)
	defer done()
	go world.attend(attending)
	temporal, err := server.Dial(ctx, service.ClientOptions(log))
	if err != nil {
		return err
	}
	defer temporal.Close()
	world.refunds = client.New(temporal)

	if !o.noWorker {
		c, err := config.Load(world.configFile())
		if err != nil {
			return err
		}
		worker, err := service.Start(ctx, service.Options{Config: c, Logger: log, Client: temporal, Callbacks: hearing})
		if err != nil {
			return err
		}
		defer worker.Stop()
	}
	world.greet(o.noWorker)
	if !o.quiet && !o.noWorker {
		if !world.run(ctx) && o.once {
			return errNotAsItShould
		}
	}
	if o.once {
		return nil
	}
	if err := world.invite(ctx, o.quiet || o.noWorker); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Fprintln(o.out, "\nstopping")
	return nil
}

// place is the folder for ledger, books, keys and configuration: the database's
// own, or a temporary one that goes with the process.
func place(db string) (dir string, cleanUp func(), err error) {
	if db != "" {
		dir, err = filepath.Abs(filepath.Dir(db))
		if err != nil {
			return "", nil, err
		}
		return dir, func() {}, os.MkdirAll(dir, 0o700)
	}
	dir, err = os.MkdirTemp("", "refundflow-demo-")
	return dir, func() { os.RemoveAll(dir) }, err
}

func logger(level string) (*logrus.Logger, error) {
	l, err := service.NewLogger(config.Log{Level: level, Format: "text"})
	if err != nil {
		return nil, fmt.Errorf("--log %q: want debug, info, warning or error", level)
	}
	return l, nil
}

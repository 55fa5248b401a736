package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/worker/service"
)

// The other processes of a measurement are this program again, on a leash: it never outlives who started it.
const roleTemporal, roleWorker, roleNaive, roleStub = "temporal", "worker", "naive-worker", "stub"

// play runs one of them until its standard input ends.
func play(ctx context.Context, role string, args []string) error {
	flags := flag.NewFlagSet(role, flag.ContinueOnError)
	port := flags.Int("port", 0, "")
	profiles := flags.Int("profiles", 0, "")
	db, stock := flags.String("db", "", ""), flags.Bool("stock", false, "")
	file, stub, temporal := flags.String("config", "", ""), flags.String("stub", "", ""), flags.String("temporal", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch role {
	case roleTemporal:
		if !*stock {
			service.TuneMemory() // as the development server does
		}
		server, err := engine.Start(ctx, engine.Options{DBFile: *db, FrontendPort: *port, Stock: *stock})
		if err != nil {
			return err
		}
		return errors.Join(listening(ctx, *profiles, http.HandlerFunc(pprof.Profile)), server.Stop())
	case roleStub:
		return listening(ctx, *port, http.HandlerFunc(stubAnswers))
	case roleNaive:
		connection, stop, err := workNaively(ctx, *temporal, *stub)
		if err != nil {
			return err
		}
		defer connection.Close()
		defer stop()
		return listening(ctx, *port, http.HandlerFunc(pprof.Profile))
	default:
		return work(ctx, *file, *stub, *port)
	}
}

// answered is the status of the stub's answers.
const answered = "SUCCESS"

func stubAnswers(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"status":%q,"number":"5000000001","text":%q}`, answered, filling[:200])
}

func listening(ctx context.Context, port int, handler http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", process.At(port))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	process.Leashed(ctx)
	return server.Close()
}

// work is the worker of the product, and beside it, on the same connection, one for bare workflows. Its profile is asked
// for at the port.
func work(ctx context.Context, file, stub string, port int) error {
	service.TuneMemory()
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	logger, err := service.NewLogger(c.Log)
	if err != nil {
		return err
	}
	temporal, stop, err := workBoth(ctx, c, logger, stub)
	if err != nil {
		return err
	}
	defer temporal.Close()
	defer stop()
	return listening(ctx, port, http.HandlerFunc(pprof.Profile))
}

// workBoth starts both workers on one connection that dials as the product does.
func workBoth(ctx context.Context, c *config.Config, logger logrus.FieldLogger, stub string, change ...func(*client.Options)) (
	_ client.Client, stop func(), _ error,
) {
	options := service.ClientOptions(logger)
	options.HostPort = c.Temporal.Address
	for _, f := range change {
		f(&options)
	}
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	refunds, err := service.Start(ctx, service.Options{Config: c, Logger: logger, Client: temporal})
	if err != nil {
		temporal.Close()
		return nil, nil, err
	}
	bare := worker.New(temporal, queueBare, service.Tuned())
	newCaller(stub).registerBare(bare)
	if err := bare.Start(); err != nil {
		refunds.Stop()
		temporal.Close()
		return nil, nil, err
	}
	return temporal, func() { bare.Stop(); refunds.Stop() }, nil
}

// workNaively starts a worker with nothing set.
func workNaively(ctx context.Context, address, stub string, change ...func(*client.Options)) (_ client.Client, stop func(), _ error) {
	options := client.Options{HostPort: address, Logger: service.SDKLogger(silent())}
	for _, f := range change {
		f(&options)
	}
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	if err := service.RegisterSearchAttributes(ctx, temporal, client.DefaultNamespace); err != nil {
		temporal.Close()
		return nil, nil, err
	}
	w := worker.New(temporal, queueNaive, worker.Options{})
	newCaller(stub).registerNaive(w)
	if err := w.Start(); err != nil {
		temporal.Close()
		return nil, nil, err
	}
	return temporal, w.Stop, nil
}

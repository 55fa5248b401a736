package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/refundflow/refundflow/devserver/timeskip"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Engine is a running server. All methods may be called from several goroutines.
type Engine struct {
	namespace string
	ports     ports
	uiAddress string

	log    serverLog
	store  *storage // nil in memory
	server temporal.Server
	conn   *grpc.ClientConn // for the Web UI and for ourselves
	ui     *webUI

	stopOnce sync.Once
	stopErr  error
}

// Start starts the server and its Web UI and returns when workflows can be started, usually after half a second. ctx
// limits the start only; the server runs until [Engine.Stop].
//
// Errors: [*PortError] for a port that is taken, [*FileError] for a database file that cannot be used, both with the flag
// to change in their text. After an error nothing is left running.
func Start(ctx context.Context, options Options) (_ *Engine, err error) {
	options, err = options.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{namespace: options.Namespace, log: newServerLog(options.Logger)}

	uiListener, err := listen("--ui-port", options.UIPort)
	if err != nil {
		return nil, err
	}
	e.uiAddress = uiListener.Addr().String()
	defer func() {
		if err != nil {
			err = errors.Join(err, uiListener.Close(), e.Stop())
		}
	}()

	if e.ports, err = choosePorts(options.FrontendPort); err != nil {
		return nil, err
	}
	if options.DBFile != "" {
		if e.store, err = openStorage(ctx, options.DBFile); err != nil {
			return nil, err
		}
	}
	if err := e.startServer(ctx, options); err != nil {
		return nil, err
	}
	e.conn, err = grpc.NewClient(e.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("connect to the server just started: %w", err)
	}
	if err := waitReady(ctx, workflowservice.NewWorkflowServiceClient(e.conn), e.namespace); err != nil {
		return nil, err
	}
	e.ui, err = startUI(uiListener, e.conn, options)
	return e, err
}

func (e *Engine) startServer(ctx context.Context, options Options) error {
	sql := sqlConfig(e.store, options.Stock)
	if err := createNamespace(sql, options.Namespace, options.Retention); err != nil {
		return err
	}
	server, err := newServer(serverConfig(sql, e.ports), dynamicConfig(options.Stock), e.ports, e.log)
	if err != nil {
		return fmt.Errorf("set up the server: %w", err)
	}
	// The server's Start has no context, and takes far less than a second when it works.
	if err := ctx.Err(); err != nil {
		return err
	}
	e.server = server // from here on Stop has to stop it, also when only some of its services started
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	return nil
}

// Address is the frontend's host:port, for clients and workers in any language.
func (e *Engine) Address() string { return address(e.ports.frontend) }

// Namespace is the namespace that Start made sure of.
func (e *Engine) Namespace() string { return e.namespace }

// UIURL is the Web UI's address, without a slash at the end.
func (e *Engine) UIURL() string { return (&url.URL{Scheme: "http", Host: e.uiAddress}).String() }

// WorkflowURL is the page of one workflow (its newest run) in the Web UI.
func (e *Engine) WorkflowURL(workflowID string) string {
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", e.UIURL(), e.namespace, url.PathEscape(workflowID))
}

// Client is [Engine.Dial] without further options.
func (e *Engine) Client(ctx context.Context) (client.Client, error) {
	return e.Dial(ctx, client.Options{})
}

// Dial connects an SDK client; the caller closes it, before Stop. HostPort is always this server; an empty Namespace is
// the engine's; a nil Logger follows [Options.Logger], errors only. Give a logger of your own to see what workflows and
// activities of a worker on this client write.
func (e *Engine) Dial(ctx context.Context, options client.Options) (client.Client, error) {
	options.HostPort = e.Address()
	if options.Namespace == "" {
		options.Namespace = e.namespace
	}
	if options.Logger == nil {
		options.Logger = log.NewSdkLogger(e.log)
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to the embedded server at %s: %w", options.HostPort, err)
	}
	return c, nil
}

// TimeSkip moves the clocks of workflows in the engine's namespace.
func (e *Engine) TimeSkip() *timeskip.Control {
	return timeskip.New(workflowservice.NewWorkflowServiceClient(e.conn), e.namespace)
}

// Stop stops the Web UI and the server, folds a database file's log into it, and lets the file go. Workflows in a file
// go on at the next Start. Nothing is logged after it is called. Calling it again returns the first call's error.
//
// It takes about a second: the server lets open calls drain, and has long polls of its own. Stop workers and clients
// first, or they will see their calls fail. Some of the server's goroutines wind down a few seconds later and some of its
// idle connections stay until the process ends, so it is no way to run hundreds of engines one after another.
func (e *Engine) Stop() error {
	e.stopOnce.Do(func() {
		e.log.mute()
		var errs []error
		if e.ui != nil {
			errs = append(errs, e.ui.stop())
		}
		if e.conn != nil {
			errs = append(errs, e.conn.Close())
		}
		if e.server != nil {
			if err := e.server.Stop(); err != nil {
				errs = append(errs, fmt.Errorf("stop the server: %w", err))
			}
		}
		if e.store != nil {
			if err := e.store.close(); err != nil {
				errs = append(errs, fmt.Errorf("close the database file: %w", err))
			}
		}
		e.stopErr = errors.Join(errs...)
	})
	return e.stopErr
}

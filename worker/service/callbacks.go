package service

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/callback"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// listen receives the platforms' messages where the configuration says so.
func (s *Service) listen(ctx context.Context, o Options) error {
	listener, err := listenOn(ctx, "callbacks.listen", o.Callbacks, o.Config.Callbacks.Listen)
	if listener == nil {
		return err
	}
	handler := callback.New(callback.Options{
		Accounts: callbackAccounts{&s.accounts}, Books: s.ledger, Signal: s.wake, Logger: o.Logger,
		Reopen: func(ctx context.Context, r refund.Request) error {
			_, err := s.remote(o.Config.TaskQueue).Reopen(ctx, r) // its alert asks for a person
			return err
		},
	})
	serving, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := callback.Serve(serving, listener, handler, o.Logger); err != nil {
			s.fail(fmt.Errorf("callbacks: %w", err))
		}
	}()
	s.hush = func() { stop(); <-done }
	return nil
}

// wake asks a refund to look for its result now.
func (s *Service) wake(ctx context.Context, workflowID string) error {
	return s.signal(ctx, workflowID, workflows.SignalNotification)
}

// signal makes a refund look again. One that has ended, or was forgotten, needs no
// waking.
func (s *Service) signal(ctx context.Context, workflowID, name string) error {
	err := s.client.SignalWorkflow(ctx, workflowID, "", name, nil)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	return err
}

// callbackAccounts shows the accounts as the receiver wants them.
type callbackAccounts struct{ activities.Accounts }

func (a callbackAccounts) Provider(name string) (providers.Provider, bool) {
	account, err := a.Account(name)
	return account.Provider, err == nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/refundflow/refundflow/worker/service"
	"github.com/refundflow/refundflow/workflows"
)

const (
	// defaultRetention is how long a new namespace keeps refunds that have ended.
	defaultRetention = 30 * 24 * time.Hour
	// setupWithin limits the whole set-up: a server learns of a new namespace within ten
	// seconds, and one that has just started needs some more.
	setupWithin = 2 * time.Minute
)

func setupCommand(out io.Writer, s *settings) *cobra.Command {
	var retention time.Duration
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Make the namespace and its search attributes, where they are missing",
		Long: `Make the namespace and its search attributes, where they are missing. It may be
repeated; workers need it once, before the first of them starts.

In Temporal Cloud a namespace is made in the console, and this command adds the search
attributes to it. The ledger remembers refunds for ever, whatever the retention.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, done := context.WithTimeout(cmd.Context(), setupWithin)
			defer done()
			return setup(ctx, out, s, retention)
		},
	}
	cmd.Flags().DurationVar(&retention, "retention", 0,
		"how long Temporal keeps refunds that have ended; left out: as it is, 720h in a new namespace")
	return cmd
}

func setup(ctx context.Context, out io.Writer, s *settings, retention time.Duration) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	logger, err := service.NewLogger(c.Log)
	if err != nil {
		return err
	}
	server, err := service.FindServer(c, logger)
	if err != nil {
		return err
	}
	options := service.ClientOptions(logger)
	server.ClientOptions(&options)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return service.Unreached(server.Address, err)
	}
	defer temporal.Close()
	if err := ensureNamespace(ctx, out, temporal.WorkflowService(), server.Namespace, retention); err != nil {
		return fmt.Errorf("temporal.namespace %s: %w", server.Namespace, err)
	}
	if err := whenKnown(ctx, func() error { return service.RegisterSearchAttributes(ctx, temporal, server.Namespace) }); err != nil {
		return err
	}
	if err := whenKnown(ctx, func() error { return searchable(ctx, temporal.WorkflowService(), server.Namespace) }); err != nil {
		return fmt.Errorf("search attributes are registered, but cannot be searched by: %w", err)
	}
	_, err = fmt.Fprintln(out, "search attributes are registered")
	return err
}

// ensureNamespace makes the namespace, or gives one that exists the retention.
func ensureNamespace(ctx context.Context, out io.Writer, temporal workflowservice.WorkflowServiceClient, name string, retention time.Duration) error {
	has, err := temporal.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	var missing *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &missing):
		if retention == 0 {
			retention = defaultRetention
		}
		_, err = temporal.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace: name, Description: "refunds", WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists // made by another set-up meanwhile
		if err != nil && !errors.As(err, &exists) {
			return err
		}
		_, err = fmt.Fprintf(out, "namespace %s is made; refunds that have ended can be seen for %s\n", name, retention)
		return err
	case err != nil:
		return err
	}
	kept := has.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention != 0 && retention != kept {
		if _, err := temporal.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
			Namespace: name, Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
		}); err != nil {
			return fmt.Errorf("--retention: %w", err)
		}
		kept = retention
	}
	_, err = fmt.Fprintf(out, "namespace %s is there; refunds that have ended can be seen for %s\n", name, kept)
	return err
}

// searchable asks for refunds by every attribute. The server registers an attribute at
// once, and turns refunds that have it away until it has read its namespaces again.
func searchable(ctx context.Context, temporal workflowservice.WorkflowServiceClient, name string) error {
	var by []string
	for attribute := range workflows.SearchAttributes() {
		by = append(by, attribute+" IS NULL")
	}
	slices.Sort(by)
	_, err := temporal.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: name, Query: strings.Join(by, " AND ")})
	return err
}

// whenKnown repeats a call until the server knows the new namespace, and what belongs to it.
func whenKnown(ctx context.Context, call func() error) error {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		err := call()
		var unknown *serviceerror.NamespaceNotFound
		var invalid *serviceerror.InvalidArgument // a query by an attribute that is not known
		if !errors.As(err, &unknown) && !errors.As(err, &invalid) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

package telemetry

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
)

// Lines names the refund in every log line of a step or a workflow: refund, account
// and, where the account is configured, provider; and the step. It needs no [Telemetry].
func Lines(accounts activities.Accounts) interceptor.WorkerInterceptor {
	return &lines{accounts: accounts}
}

type lines struct {
	interceptor.WorkerInterceptorBase
	accounts activities.Accounts
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (l *lines) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &stepLines{interceptor.ActivityInboundInterceptorBase{Next: next}, l.accounts}
}

// InterceptWorkflow implements [interceptor.WorkerInterceptor].
func (l *lines) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &courseLines{interceptor.WorkflowInboundInterceptorBase{Next: next}, l.accounts}
}

type stepLines struct {
	interceptor.ActivityInboundInterceptorBase
	accounts activities.Accounts
}

// Init implements [interceptor.ActivityInboundInterceptor].
func (s *stepLines) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return s.Next.Init(&stepLogger{interceptor.ActivityOutboundInterceptorBase{Next: outbound}, s.accounts})
}

type stepLogger struct {
	interceptor.ActivityOutboundInterceptorBase
	accounts activities.Accounts
}

// GetLogger implements [interceptor.ActivityOutboundInterceptor].
func (s *stepLogger) GetLogger(ctx context.Context) log.Logger {
	info := activity.GetInfo(ctx)
	return log.With(named(s.Next.GetLogger(ctx), subjectOf(s.accounts, info.WorkflowExecution.ID)), "step", info.ActivityType.Name)
}

type courseLines struct {
	interceptor.WorkflowInboundInterceptorBase
	accounts activities.Accounts
}

// Init implements [interceptor.WorkflowInboundInterceptor].
func (c *courseLines) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return c.Next.Init(&courseLogger{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, c.accounts})
}

type courseLogger struct {
	interceptor.WorkflowOutboundInterceptorBase
	accounts activities.Accounts
}

// GetLogger implements [interceptor.WorkflowOutboundInterceptor].
func (c *courseLogger) GetLogger(ctx workflow.Context) log.Logger {
	return named(c.Next.GetLogger(ctx), subjectOf(c.accounts, workflow.GetInfo(ctx).WorkflowExecution.ID))
}

func named(logger log.Logger, of subject) log.Logger {
	if of.id == "" {
		return logger // of no refund, the reconciler's say
	}
	logger = log.With(logger, "refund", of.id, "account", of.named)
	if of.provider != "" {
		logger = log.With(logger, "provider", of.provider)
	}
	return logger
}

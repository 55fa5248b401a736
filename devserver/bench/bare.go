package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Names of what the measuring worker runs beside refunds.
const (
	queueBare, queueNaive = "bench-bare", "bench-naive"
	typeBare, typeNaive   = "Bare", "Naive"
	typeCall              = "Call"
)

// order is the document of a bare workflow: of the size of a refund's request.
type order struct {
	ID    string `json:"id"`
	Steps int    `json:"steps"`
	Text  string `json:"text"`
}

// call is the input of a step, answer its result: of the sizes of a refund's steps.
type call struct {
	ID   string    `json:"id"`
	Step string    `json:"step"`
	Now  time.Time `json:"now"`
}

type answer struct {
	Status string `json:"status"`
	Number string `json:"number"`
}

var filling = strings.Repeat("refund ", 50)

// bare is what the engine itself costs: so many regular activities, one after the other.
func bare(ctx workflow.Context, in order) (answer, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 25 * time.Second, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second},
	})
	var got answer
	for step := range in.Steps {
		in := call{ID: in.ID, Step: fmt.Sprintf("step %d", step+1), Now: workflow.Now(ctx)}
		if err := workflow.ExecuteActivity(ctx, typeCall, in).Get(ctx, &got); err != nil {
			return answer{}, err
		}
	}
	return got, nil
}

// caller makes one HTTP call to the stub per activity.
type caller struct {
	url    string
	client *http.Client
}

func newCaller(url string) *caller {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 200
	return &caller{url: url, client: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
}

func (c *caller) call(ctx context.Context, in call) (answer, error) {
	var got answer
	body, err := json.Marshal(map[string]any{"call": in, "text": filling[:200]})
	if err != nil {
		return got, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return got, err
	}
	request.Header.Set("Content-Type", "application/json")
	said, err := c.client.Do(request)
	if err != nil {
		return got, err
	}
	defer said.Body.Close()
	text, err := io.ReadAll(said.Body)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	return got, err
}

// registerBare makes a worker run bare workflows.
func (c *caller) registerBare(w worker.Registry) {
	w.RegisterWorkflowWithOptions(bare, workflow.RegisterOptions{Name: typeBare})
	w.RegisterActivityWithOptions(c.call, activity.RegisterOptions{Name: typeCall})
}

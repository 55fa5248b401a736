package engine_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

func TestTheWebUIShowsPagesAndTalksToTheServer(t *testing.T) {
	ctx := testContext(t)
	eng := start(ctx, t, engine.Options{CodecEndpoint: "http://127.0.0.1:8089"})

	page, policy := get(ctx, t, eng.UIURL()+"/")
	require.Contains(t, page, "<html")
	require.Contains(t, policy, "connect-src 'self'", "pages must not call out")
	page, _ = get(ctx, t, eng.WorkflowURL("refund/shop/R1"))
	require.Contains(t, page, "<html")

	var settings struct {
		DefaultNamespace                     string
		DisableNewsFetch, NotifyOnNewVersion bool
		DisableWriteActions                  bool
		Codec                                struct {
			Endpoint           string
			IncludeCredentials bool
		}
	}
	body, _ := get(ctx, t, eng.UIURL()+"/api/v1/settings")
	require.NoError(t, json.Unmarshal([]byte(body), &settings))
	require.Equal(t, "default", settings.DefaultNamespace)
	require.True(t, settings.DisableNewsFetch)
	require.False(t, settings.NotifyOnNewVersion)
	require.False(t, settings.DisableWriteActions)
	require.Equal(t, "http://127.0.0.1:8089", settings.Codec.Endpoint)
	require.True(t, settings.Codec.IncludeCredentials, "the cookie of the codec server's page")

	body, _ = get(ctx, t, eng.UIURL()+"/api/v1/namespaces")
	var namespaces struct {
		Namespaces []struct{ NamespaceInfo struct{ Name string } }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &namespaces))
	names := make([]string, 0, 2)
	for _, ns := range namespaces.Namespaces {
		names = append(names, ns.NamespaceInfo.Name)
	}
	require.Contains(t, names, "default")
}

func get(ctx context.Context, t *testing.T, url string) (body, policy string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", url, content)
	return string(content), strings.Join(response.Header.Values("Content-Security-Policy"), "\n")
}

// What people do in the Web UI: approve a refund by a signal typed by hand.
func TestTheWebUIMayAct(t *testing.T) {
	ctx := testContext(t)
	eng := start(ctx, t, engine.Options{})
	c, disconnect := connect(ctx, t, eng)
	defer disconnect()
	const id = "refund-R1"
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: queue}, nightWorkflow)
	require.NoError(t, err)
	signal := eng.UIURL() + "/api/v1/namespaces/default/workflows/" + id + "/signal/approve"

	require.Equal(t, http.StatusForbidden, post(ctx, t, signal, "cross-site"), "another site's page must not act here")
	require.Zero(t, signals(ctx, t, c, id))
	require.Equal(t, http.StatusOK, post(ctx, t, signal, "same-origin"))
	// A signal that comes while a workflow task runs is in the history after that task.
	require.Eventually(t, func() bool { return signals(ctx, t, c, id) == 1 }, 10*time.Second, 20*time.Millisecond)
}

// post sends what a browser would send for a page of the given origin.
func post(ctx context.Context, t *testing.T, url, fetchSite string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"signalName":"approve"}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", fetchSite)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	return response.StatusCode
}

func signals(ctx context.Context, t *testing.T, c client.Client, id string) (n int) {
	t.Helper()
	events := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetWorkflowExecutionSignaledEventAttributes() != nil {
			n++
		}
	}
	return n
}

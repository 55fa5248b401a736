package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealthIsWhatTheWorkerHereSays(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		body, listen string // listen in which %s is the port
		says, wrong  string
	}{
		"ready":                  {200, `{"ready":true,"checks":{"workers":"ok","ledger":"ok"}}`, "127.0.0.1:%s", "ready; ledger: ok; workers: ok\n", ""},
		"it listens everywhere":  {200, `{"ready":true}`, ":%s", "ready", ""},
		"on every IPv4 address":  {200, `{"ready":true}`, "0.0.0.0:%s", "ready", ""},
		"not ready":              {503, `{"checks":{"workers":"stopping"}}`, "127.0.0.1:%s", "", "not ready; workers: stopping"},
		"its words disagree":     {503, `{"ready":true}`, "127.0.0.1:%s", "", "not ready"},
		"another program's page": {200, `<html>`, "127.0.0.1:%s", "", "is no worker"},
		"a page that is missing": {404, ``, "127.0.0.1:%s", "", "is no worker"},
	} {
		t.Run(name, func(t *testing.T) {
			worker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					c.status = http.StatusTeapot
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer worker.Close()
			_, port, err := net.SplitHostPort(worker.Listener.Addr().String())
			require.NoError(t, err)
			file := write(t, t.TempDir(), "refundflow.yaml", "monitor: {listen: '"+fmt.Sprintf(c.listen, port)+"'}\naccounts: {a: {baidu: {}}}\n", 0o644)
			out, err := ask(t, "health", "-c", file)
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				require.Empty(t, out)
				return
			}
			require.NoError(t, err)
			require.Contains(t, out, c.says)
		})
	}
}

func TestHealthThatNobodyTellsIsNone(t *testing.T) {
	file := write(t, t.TempDir(), "refundflow.yaml", "accounts: {a: {baidu: {}}}\n", 0o644)
	_, err := ask(t, "health", "-c", file)
	require.ErrorContains(t, err, "monitor.listen is not set")

	file = write(t, t.TempDir(), "refundflow.yaml", "monitor: {listen: '127.0.0.1:1'}\naccounts: {a: {baidu: {}}}\n", 0o644)
	_, err = ask(t, "health", "-c", file)
	require.ErrorContains(t, err, "no answer at monitor.listen")
}

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACodecServerIsHealthyWhenItAnswers(t *testing.T) {
	ask := func(listen string) error {
		file := write(t, t.TempDir(), "refundflow.yaml", `
encryption:
  key_files: [a.key]
  server: {listen: "`+listen+`", origins: ["http://127.0.0.1:8233"], token_files: [people.token]}
`+codecAccount, 0o600)
		cmd := command(io.Discard)
		cmd.SetArgs([]string{"codec", "health", "--config", file})
		return cmd.ExecuteContext(t.Context())
	}
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/livez" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
	}))
	listen := strings.TrimPrefix(server.URL, "http://")
	require.NoError(t, ask(listen))
	require.NoError(t, ask("0.0.0.0:"+listen[strings.LastIndex(listen, ":")+1:]), "who listens everywhere listens here too")
	status = http.StatusOK
	require.ErrorContains(t, ask(listen), "is no codec server")
	server.Close()
	require.ErrorContains(t, ask(listen), "no answer at encryption.server.listen")
}

func TestWithoutACodecServerThereIsNobodyToAsk(t *testing.T) {
	file := write(t, t.TempDir(), "refundflow.yaml", codecAccount, 0o600)
	cmd := command(io.Discard)
	cmd.SetArgs([]string{"codec", "health", "--config", file})
	require.ErrorContains(t, cmd.ExecuteContext(t.Context()), "encryption.server is not set")
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/config"
)

const codecAccount = `
accounts:
  shop-baidu:
    baidu: {transport: cashier, app_id: "10026", app_key: MMM4hG, private_key_file: not-here.pem}
`

func TestTheCodecServerNeedsItsOwnFilesAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.key", strings.Repeat("0f", 32), 0o600)
	write(t, dir, "people.token", strings.Repeat("people-", 6), 0o600)
	file := write(t, dir, "refundflow.yaml", `
encryption:
  key_files: [a.key]
  server: {listen: "127.0.0.1:0", origins: ["http://127.0.0.1:8233"], token_files: [people.token]}
`+codecAccount, 0o600)
	c, err := config.Load(file)
	require.NoError(t, err)
	logger, said := logtest.NewNullLogger()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- serveCodec(ctx, c, logger) }()
	address := ""
	require.Eventually(t, func() bool {
		for _, e := range said.AllEntries() {
			address, _ = e.Data["address"].(string)
		}
		return address != ""
	}, time.Minute, time.Millisecond, "it has no key of the account, and starts")
	client := http.Client{Timeout: time.Minute}
	r, err := client.Get(fmt.Sprintf("http://%s/", address))
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusOK, r.StatusCode)
	stop()
	require.NoError(t, <-done)
}

func TestACodecServerThatCannotStartListsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	run := func(encryption string) error {
		file := write(t, dir, "refundflow.yaml", encryption+codecAccount, 0o600)
		c, err := config.Load(file)
		require.NoError(t, err)
		return serveCodec(t.Context(), c, logrus.New())
	}
	require.ErrorContains(t, run(""), "encryption.server")
	require.ErrorContains(t, run("encryption: {key_files: [a.key]}"), "encryption.server")
	const both = `encryption: {key_files: [a.key], server: {listen: "127.0.0.1:1", origins: ["http://127.0.0.1:8233"], token_files: [people.token]}}`
	err := run(both)
	require.ErrorContains(t, err, "a.key")
	require.ErrorContains(t, err, "people.token")
	write(t, dir, "a.key", "tooshort", 0o600)
	write(t, dir, "people.token", strings.Repeat("people-", 6), 0o644)
	err = run(both)
	require.ErrorContains(t, err, "64 hexadecimal digits")
	require.ErrorContains(t, err, "chmod 600")
}

func TestTheHelpNamesTheCodecServer(t *testing.T) {
	var out strings.Builder
	cmd := command(&out)
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"codec", "--help"})
	require.NoError(t, cmd.Execute())
	require.Contains(t, out.String(), "TEMPORAL_CODEC_ENDPOINT")
}

package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHelpTeachesWithExamples(t *testing.T) {
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--help"})
	require.NoError(t, cmd.Execute())
	for _, want := range []string{"curl $S/faults", "--addr", "--settle-after", "--query-lag", "--tls-addr", "--allow-remote", "--books"} {
		require.Contains(t, out.String(), want)
	}
}

func TestProgramRunsUntilItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &notice{written: cancel}
	cmd := command()
	cmd.SetOut(out)
	cmd.SetArgs([]string{"--addr", "127.0.0.1:0"})
	require.NoError(t, cmd.ExecuteContext(ctx))
	require.Contains(t, out.String(), "sandbox ready at http://127.0.0.1:")
}

func TestTheTLSDoorIsAnnounced(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	lines := 0
	out := &notice{}
	out.written = func() {
		if lines++; lines == 2 {
			cancel()
		}
	}
	cmd := command()
	cmd.SetOut(out)
	cmd.SetArgs([]string{"--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0"})
	require.NoError(t, cmd.ExecuteContext(ctx))
	require.Contains(t, out.String(), "TLS door at https://127.0.0.1:")
}

// notice ends the program as soon as it has said that it is ready.
type notice struct {
	bytes.Buffer
	written func()
}

func (n *notice) Write(b []byte) (int, error) {
	defer n.written()
	return n.Buffer.Write(b)
}

func TestAnAddressForOthersNeedsTheFlag(t *testing.T) {
	cmd := command()
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs([]string{"--addr", "0.0.0.0:0"})
	require.ErrorContains(t, cmd.Execute(), "loopback")
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/worker/service"
)

// askWithin is more than the worker itself takes to find out.
const askWithin = 4 * time.Second

// healthCommand asks a running worker how it is, for images in which nothing else could.
func healthCommand(out io.Writer, s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the worker that runs here whether it is ready",
		Long: `Ask the worker that runs here, at monitor.listen of the configuration, whether it is
ready: whether it works and reaches Temporal and the ledger. The exit code is 0 when it
is, and 1 otherwise. It is meant as the health check of a container.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			if c.Monitor == nil {
				return errors.New("monitor.listen is not set: nobody can be asked; give it an address such as 127.0.0.1:9464")
			}
			return askReady(cmd.Context(), out, c.Monitor.Listen)
		},
	}
}

// askReady prints the checks, and returns an error unless the worker is ready.
func askReady(ctx context.Context, out io.Writer, listen string) error {
	address, err := here(listen)
	if err != nil {
		return fmt.Errorf("monitor.listen: %w", err)
	}
	ctx, done := context.WithTimeout(ctx, askWithin)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request) // no proxy: it is this machine
	if err != nil {
		return fmt.Errorf("no answer at monitor.listen %s: %w", listen, err)
	}
	defer response.Body.Close()
	var health service.Health
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&health); err != nil {
		return fmt.Errorf("what answers at monitor.listen %s with status %d is no worker: %w", listen, response.StatusCode, err)
	}
	var checks []string
	for _, name := range slices.Sorted(maps.Keys(health.Checks)) {
		checks = append(checks, name+": "+health.Checks[name])
	}
	if !health.Ready || response.StatusCode != http.StatusOK {
		return errors.New("not ready; " + strings.Join(checks, "; "))
	}
	_, err = fmt.Fprintln(out, "ready; "+strings.Join(checks, "; "))
	return err
}

// here is where a process of this machine is asked that listens there.
func here(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() { // it listens everywhere: here too
		host = ""
	}
	return net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port), nil
}

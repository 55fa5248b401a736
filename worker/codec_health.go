package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

// codecHealthCommand asks a running codec server how it is, for images in which nothing
// else could.
func codecHealthCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the codec server that runs here whether it answers; the exit code tells",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			if c.Encryption == nil || c.Encryption.Server == nil {
				return errors.New("encryption.server is not set: there is no codec server to ask")
			}
			return askLive(cmd.Context(), c.Encryption.Server.Listen)
		},
	}
}

func askLive(ctx context.Context, listen string) error {
	address, err := here(listen)
	if err != nil {
		return fmt.Errorf("encryption.server.listen: %w", err)
	}
	ctx, done := context.WithTimeout(ctx, askWithin)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/livez", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request) // no proxy: it is this machine
	if err != nil {
		return fmt.Errorf("no answer at encryption.server.listen %s: %w", listen, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("what answers at encryption.server.listen %s with status %d is no codec server", listen, response.StatusCode)
	}
	return nil
}

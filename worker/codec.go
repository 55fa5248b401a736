package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/codec/server"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/worker/service"
)

// codecCommand runs the codec server, in a process that needs neither the accounts' keys nor the
// ledger.
func codecCommand(s *settings, parts ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "codec",
		Short: "Run the codec server, which shows encrypted refunds in the Web UI",
		Long: `Run the codec server of encryption.server: it decrypts for people who have signed
in and look at Temporal's Web UI, and encrypts what they type there. Of the files that
the configuration names it reads encryption.key_files and encryption.server.token_files
alone, when it starts; no refund is worked on. What changes in them counts after a restart.

In the Web UI, name its address as the codec endpoint (TEMPORAL_CODEC_ENDPOINT), and
TEMPORAL_CODEC_INCLUDE_CREDENTIALS=true for people who sign in on the server's own page,
or TEMPORAL_CODEC_PASS_ACCESS_TOKEN=true where the Web UI has a sign-in of its own.
TEMPORAL_CODEC_DEFAULT_ERROR_MESSAGE and _LINK tell people there where to sign in.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			logger, err := service.NewLogger(c.Log)
			if err != nil {
				return err
			}
			return serveCodec(cmd.Context(), c, logger)
		},
	}
	cmd.AddCommand(parts...)
	return cmd
}

func serveCodec(ctx context.Context, c *config.Config, logger logrus.FieldLogger) error {
	if c.Encryption == nil || c.Encryption.Server == nil {
		return errors.New("encryption.server: nothing says where the codec server listens: give it listen, origins, and token_files or issuer")
	}
	set := c.Encryption.Server
	keys, badKeys := service.OpenCodec(c)
	tokens, badTokens := service.CodecTokens(c)
	if err := errors.Join(badKeys, badTokens); err != nil {
		return err
	}
	s, err := server.New(server.Options{
		Codec: keys, Origins: set.Origins, Tokens: tokens, Issuer: set.Issuer, Audience: set.Audience, Logger: logger,
	})
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", set.Listen)
	if err != nil {
		return fmt.Errorf("encryption.server.listen: %w", err)
	}
	logger.WithFields(logrus.Fields{"address": l.Addr().String(), "keys": keys.KeyIDs()}).Info("codec server started")
	if err := s.Serve(ctx, l); err != nil {
		return err
	}
	logger.Info("codec server stopped")
	return nil
}

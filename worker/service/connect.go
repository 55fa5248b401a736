package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/sirupsen/logrus"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/internal/connection"
	"github.com/refundflow/refundflow/telemetry"
)

// FindServer settles where Temporal is, by the configuration, its profiles and the
// environment.
func FindServer(c *config.Config, l logrus.FieldLogger) (*connection.Server, error) {
	t := c.Temporal
	if err := connection.CheckAddress("temporal.address", t.Address); err != nil {
		return nil, err
	}
	return connection.Find(connection.Wanted{
		Address: t.Address, Namespace: t.Namespace, ConfigFile: c.Beside(t.ConfigFile), Profile: t.Profile,
		Report: func(err error) {
			l.WithError(err).Error("a key of the connection to Temporal was renewed and cannot be used: the one before it stays in use")
		},
	})
}

// connect makes the one client that everything in the process shares.
func (s *Service) connect(ctx context.Context, o Options) error {
	s.namespace, s.converter = cmp.Or(o.Config.Temporal.Namespace, client.DefaultNamespace), converter.GetDefaultDataConverter()
	if s.client != nil {
		return nil
	}
	temporal, namespace, converter, err := dial(ctx, o.Config, o.Logger, s.telemetry)
	if err != nil {
		return err
	}
	s.client, s.owned, s.namespace, s.converter = temporal, true, namespace, converter
	return nil
}

// dial connects as the configuration says, and encrypts and decrypts as it says.
func dial(ctx context.Context, c *config.Config, l logrus.FieldLogger, t *telemetry.Telemetry) (
	_ client.Client, namespace string, _ converter.DataConverter, _ error,
) {
	server, err := FindServer(c, l)
	if err != nil {
		return nil, "", nil, err
	}
	cipher, err := OpenCodec(c)
	if err != nil {
		return nil, "", nil, err
	}
	options := ClientOptions(l)
	server.ClientOptions(&options)
	t.ClientOptions(&options)
	cipher.WorkerOptions(&options)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, "", nil, Unreached(server.Address, err)
	}
	return temporal, server.Namespace, options.DataConverter, nil
}

// Unreached says what became of dialling the server.
func Unreached(address string, err error) error {
	hint := ""
	if _, silent := errors.AsType[*serviceerror.Unavailable](err); silent || errors.Is(err, context.DeadlineExceeded) {
		hint = " (is the server running?)"
	}
	return fmt.Errorf("temporal.address %s: %w%s", address, err, hint)
}

// OpenCodec reads the keys with which payloads are encrypted; nil, which is a codec too,
// without any.
func OpenCodec(c *config.Config) (*codec.Codec, error) {
	if c.Encryption == nil {
		return nil, nil
	}
	cipher, err := codec.Open(c.AllBeside(c.Encryption.KeyFiles), codec.DecryptOnly(c.Encryption.DecryptOnly))
	if err != nil {
		return nil, fmt.Errorf("encryption.key_files: %w", err)
	}
	return cipher, nil
}

// ClientOptions are what every client that serves a worker has in common. Its messages are of a kilobyte or two: to
// compress them, as the SDK would, takes both sides more time than it saves (docs/performance.md).
func ClientOptions(l logrus.FieldLogger) client.Options {
	return client.Options{
		Logger:            SDKLogger(l),
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	}
}

// listenOn is the listener that was brought, or one on the address of the setting; nil
// where there is neither.
func listenOn(ctx context.Context, setting string, brought net.Listener, address string) (net.Listener, error) {
	if brought != nil || address == "" {
		return brought, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %w; is another worker of this machine listening there?", setting, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/sandbox/control"
)

// mine is how a configuration begins that may be written again.
const mine = "# Written by the shop of the stand-ins; written again when it opens again.\n"

type opening struct {
	sandbox, tls, callbacks, process, folder string
	// poll is the pause between questions for a result, as a setting is written.
	poll string
}

func openCommand(out io.Writer, sandbox *string) *cobra.Command {
	var o opening
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Set up an account at each stand-in, and write the worker's configuration with their keys",
		Long: `Set up an account at each stand-in, and write the worker's configuration with their keys.

What is there is kept: keys, and merchants of the same names. A refundflow.yaml that
something else has written is not touched, and is an error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.sandbox = *sandbox
			return o.open(cmd.Context(), out)
		},
	}
	cmd.Flags().StringVar(&o.tls, "tls", "https://127.0.0.1:9301", "the stand-ins' TLS door")
	cmd.Flags().StringVar(&o.callbacks, "callbacks", "http://127.0.0.1:8088/callbacks", "where the stand-ins reach the worker, before /ACCOUNT")
	cmd.Flags().StringVar(&o.process, "process", "", "a file with all settings but the accounts; default: none, which are the defaults")
	cmd.Flags().StringVar(&o.folder, "folder", ".", "where refundflow.yaml and the keys go")
	cmd.Flags().StringVar(&o.poll, "poll", "[2s, 5s, 15s]", "the accounts' poll, as the setting is written")
	return cmd
}

func (o opening) open(ctx context.Context, out io.Writer) error {
	target := filepath.Join(o.folder, "refundflow.yaml")
	has, err := os.ReadFile(target)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && !bytes.HasPrefix(has, []byte(mine)):
		return fmt.Errorf("%s is a configuration of yours, and is left as it is: move it away, or do without the stand-ins (COMPOSE_PROFILES)", target)
	}
	var b bytes.Buffer
	b.WriteString(mine)
	if o.process != "" {
		process, err := os.ReadFile(o.process)
		if err != nil {
			return fmt.Errorf("--process: %w", err)
		}
		b.Write(process)
	}
	stands := control.New(o.sandbox)
	door, err := stands.TLS(ctx)
	if err != nil {
		return err
	}
	b.WriteString("accounts:\n")
	for _, a := range accounts {
		block, err := a.Register(ctx, merchants.Site{
			Account: a.name, Folder: o.folder, Sandbox: stands, URL: o.sandbox, TLSURL: o.tls, CAPEM: door.CAPEM,
			Callbacks: o.callbacks + "/" + a.name, Poll: o.poll, AbsenceInterval: "2s",
		})
		if err != nil {
			return fmt.Errorf("account %s: %w", a.name, err)
		}
		fmt.Fprintf(&b, "  %s:\n%s", a.name, block)
		fmt.Fprintf(out, "%s is open\n", a.name)
	}
	if err := os.WriteFile(target, b.Bytes(), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(out, "written: %s\n", target)
	return nil
}

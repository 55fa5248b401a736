package service

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	codecserver "github.com/refundflow/refundflow/codec/server"
	"github.com/refundflow/refundflow/config"
)

// Check looks at everything that the configuration names and that can be looked at
// without a connection: key files, the connection to Temporal with its profile and
// certificates, the ledger's address, file and password. The error lists every mistake. A configuration
// that has mistakes of its own may be given, to learn of the others.
func Check(c *config.Config) error {
	_, accounts := openAccounts(c, c.Serves(c.Queues()))
	_, server := FindServer(c, logrus.New())
	_, cipher := OpenCodec(c)
	_, tokens := CodecTokens(c)
	return errors.Join(server, checkLedger(c), accounts, cipher, tokens)
}

// CodecTokens reads the tokens that the codec server lets in.
func CodecTokens(c *config.Config) ([]string, error) {
	if c.Encryption == nil || c.Encryption.Server == nil {
		return nil, nil
	}
	all, err := codecserver.ReadTokens(c.AllBeside(c.Encryption.Server.TokenFiles))
	if err != nil {
		return nil, fmt.Errorf("encryption.server.token_files: %w", err)
	}
	for i, token := range all {
		if slices.Contains(all[:i], token) { // the log could not tell who looked
			return nil, fmt.Errorf("encryption.server.token_files[%d]: holds the token of another one: make one for each, or remove it", i)
		}
	}
	return all, nil
}

// Describe tells what a process with this configuration would do and where: no
// secrets, and nothing that has to be asked for.
func Describe(w io.Writer, c *config.Config) error {
	server, err := FindServer(c, logrus.New())
	if err != nil {
		return err
	}
	lines := [][2]string{
		{"temporal", server.String()}, {"ledger", shownLedger(c)}, {"roles", "everything"}, {"queues", strings.Join(c.Queues(), ", ")},
		{"callbacks", "none are received"}, {"monitor", "nobody is told"}, {"traces", "none"}, {"encryption", "off"},
	}
	set := func(name, value string) {
		i := slices.IndexFunc(lines, func(line [2]string) bool { return line[0] == name })
		lines[i][1] = value
	}
	if len(c.Roles) > 0 {
		set("roles", strings.Trim(fmt.Sprint(c.Roles), "[]"))
	}
	if c.Callbacks.Listen != "" && c.Does(config.RoleCallbacks) {
		set("callbacks", c.Callbacks.Listen)
	}
	if c.Monitor != nil {
		set("monitor", c.Monitor.Listen)
	}
	if c.Tracing != nil {
		set("traces", fmt.Sprintf("%s, one in %d", c.Tracing.Endpoint, c.Tracing.OneIn))
	}
	if c.Encryption != nil {
		set("encryption", fmt.Sprintf("on, keys: %d", len(c.Encryption.KeyFiles)))
	}
	for _, name := range c.Serves(c.Queues()) {
		a := c.Accounts[name]
		lines = append(lines, [2]string{"account", fmt.Sprintf("%s, %s, calls on %s", name, a.Settings.Name(), cmp.Or(a.Queue, c.TaskQueue))})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%-11s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

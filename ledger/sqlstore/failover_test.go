package sqlstore

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// machine is where the tests make servers of their own, since a server that is lent
// cannot fail over.
type machine struct {
	*testing.T
	bin, folder string
	as          *syscall.SysProcAttr // PostgreSQL does not run as root
	user        string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{T: t, bin: programs(t)}
	me, err := user.Current()
	require.NoError(t, err)
	m.user = me.Username
	// Not t.TempDir: the folders of that are root's, and a socket's path is short.
	m.folder, err = os.MkdirTemp("", "pg")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(m.folder)) })
	if me.Uid != "0" {
		return m
	}
	other, err := user.Lookup("postgres")
	require.NoError(t, err, "as root, the servers of this test run as the user postgres")
	uid, err := strconv.ParseUint(other.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(other.Gid, 10, 32)
	require.NoError(t, err)
	require.NoError(t, os.Chown(m.folder, int(uid), int(gid)))
	m.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return m
}

// programs is the folder of PostgreSQL's own.
func programs(t *testing.T) string {
	t.Helper()
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	if out, err := exec.CommandContext(t.Context(), "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for i := len(folders) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(folders[i], "pg_basebackup")); err == nil {
			if _, err := os.Stat(filepath.Join(folders[i], "initdb")); err == nil {
				return folders[i]
			}
		}
	}
	require.Fail(t, "initdb and pg_basebackup are neither beside `pg_config --bindir` nor in /usr/lib/postgresql/*/bin: "+
		"install PostgreSQL's server here, or unset "+serverSetting)
	return ""
}

func (m *machine) run(ctx context.Context, program string, args ...string) {
	m.Helper()
	cmd := exec.CommandContext(ctx, filepath.Join(m.bin, program), args...)
	cmd.Dir, cmd.SysProcAttr = m.folder, m.as
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	said, err := os.CreateTemp("", "said") // not a pipe, which a server that goes on would keep open
	require.NoError(m, err)
	defer os.Remove(said.Name())
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(said.Name())
		require.NoError(m, err, "%s %s: %s", program, strings.Join(args, " "), text)
	}
}

func (m *machine) path(name string) string { return filepath.Join(m.folder, name) }

// start lets the cluster of this name serve at the port, until the test ends.
func (m *machine) start(name string, port int) {
	m.Helper()
	m.run(m.Context(), "pg_ctl", "-D", m.path(name), "-l", m.path(name+".log"), "-w",
		"-o", fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1", port, m.folder), "start")
	m.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(m.path(name), "postmaster.pid")); err == nil {
			m.run(context.Background(), "pg_ctl", "-D", m.path(name), "-m", "immediate", "-w", "stop")
		}
	})
}

func (m *machine) stop(name, how string) {
	m.Helper()
	m.run(m.Context(), "pg_ctl", "-D", m.path(name), "-m", how, "-w", "stop")
}

// freePort is one that nobody listens at.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestAFailOverAsksBeforeItSends: the standby lags behind, so that the intent of the last
// sending is lost with the primary; the store goes to the standby by itself, and nobody
// has told it anything. The platform was asked for the money already.
func TestAFailOverAsksBeforeItSends(t *testing.T) {
	ofPostgreSQL(t)
	m := newMachine(t)
	first, second := freePort(t), freePort(t)
	m.run(t.Context(), "initdb", "-D", m.path("primary"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
	m.start("primary", first)
	m.run(t.Context(), "pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(first), "-U", "postgres", "-D", m.path("standby"),
		"-R", "-X", "stream", "-c", "fast", "--no-sync")
	var told []tale
	s, err := Open(t.Context(), fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable", first, second), hears(&told))
	require.NoError(t, err)
	defer s.Close()
	b := books{t, s}.opened("a", 100).held("a", noon, noLimits)
	m.start("standby", second)
	m.caughtUp(b)
	m.stop("standby", "fast") // from here on it lags
	require.True(t, b.beginSend("a", noon).Send)
	m.stop("primary", "immediate")
	m.start("standby", second)
	m.run(t.Context(), "pg_ctl", "-D", m.path("standby"), "-w", "promote")

	for {
		permit, err := b.BeginSend(t.Context(), key("a"), noon, noLimits)
		if err != nil { // of a connection that was lost: the caller calls again
			continue
		}
		require.True(t, permit.Doubt)
		require.False(t, permit.Send, "it would be sent twice")
		break
	}
	require.Len(t, told, 1)
	require.Equal(t, 1, told[0].open)
	require.Len(t, b.homes(), 2)
	b.balanced()
}

// caughtUp waits until a standby has all that was written so far.
func (m *machine) caughtUp(b books) {
	m.Helper()
	var end string
	require.NoError(m, b.writer.QueryRowContext(m.Context(), `SELECT pg_current_wal_lsn()::text`).Scan(&end))
	for {
		var there bool
		require.NoError(m, b.writer.QueryRowContext(m.Context(),
			`SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE replay_lsn >= $1::pg_lsn)`, end).Scan(&there))
		if there {
			return
		}
	}
}

package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

const (
	firstKey  = "first-key-first-key-first-key-first"
	secondKey = "other-key-other-key-other-key-other" // as long as the first
)

// keyed is a running service with one decision key, whose looks at key files are the
// test's.
type keyed struct {
	folder
	*Service
	log *logtest.Hook
}

func newKeyed(t *testing.T, document string) *keyed {
	f := newFolder(t)
	f.write("a.key", firstKey)
	s, log := running(t, f.load(document), &line{})
	return &keyed{folder: f, Service: s, log: log}
}

const oneKey = "accounts: {a: {approval: {decision_key_files: [a.key]}, %x}}"

func (k *keyed) look(times int) {
	for range times {
		k.lookAtKeys(k.t.Context())
	}
}

func (k *keyed) key() string {
	a, err := k.accounts.Account("a")
	require.NoError(k.t, err)
	return string(a.DecisionKeys[0])
}

func (k *keyed) errors() (all []string) {
	for _, e := range k.log.AllEntries() {
		if e.Level <= logrus.WarnLevel {
			all = append(all, e.Data[logrus.ErrorKey].(error).Error())
		}
	}
	return all
}

func TestAKeyThatChangesIsTakenOverHoweverItIsPutThere(t *testing.T) {
	for name, change := range map[string]func(k *keyed){
		"written over, with the same time": func(k *keyed) {
			file := filepath.Join(k.dir, "a.key")
			info, err := os.Stat(file)
			require.NoError(k.t, err)
			k.write("a.key", secondKey)
			require.NoError(k.t, os.Chtimes(file, info.ModTime(), info.ModTime()))
		},
		"another file in its place": func(k *keyed) {
			k.write("next", secondKey)
			require.NoError(k.t, os.Rename(filepath.Join(k.dir, "next"), filepath.Join(k.dir, "a.key")))
		},
		"a link that leads elsewhere": func(k *keyed) { // as Kubernetes swaps the folder behind a secret
			k.write("next", secondKey)
			require.NoError(k.t, os.Symlink(filepath.Join(k.dir, "next"), filepath.Join(k.dir, "link")))
			require.NoError(k.t, os.Rename(filepath.Join(k.dir, "link"), filepath.Join(k.dir, "a.key")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyed(t, oneKey)
			k.look(2)
			require.Empty(t, k.log.AllEntries(), "nothing has changed")
			change(k)
			k.look(2)
			require.Equal(t, secondKey, k.key())
			require.Empty(t, k.errors())
			k.log.Reset()
			k.look(3)
			require.Empty(t, k.log.AllEntries(), "nothing has changed since")
		})
	}
}

func TestAFileThatIsBeingWrittenIsLeftAlone(t *testing.T) {
	k := newKeyed(t, oneKey)
	k.look(1)
	for part := 1; part < len(secondKey); part += 10 {
		k.write("a.key", secondKey[:part])
		k.look(1)
		require.Equal(t, firstKey, k.key())
	}
	k.write("a.key", secondKey)
	k.look(2)
	require.Equal(t, secondKey, k.key())
	require.Empty(t, k.errors(), "nobody is told of halves")
}

func TestAWrongKeyChangesNothingAndIsComplainedOfOnce(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(k *keyed)
		says  string
	}{
		"too short":      {func(k *keyed) { k.write("a.key", "short") }, "want at least 32"},
		"gone":           {func(k *keyed) { require.NoError(k.t, os.Remove(filepath.Join(k.dir, "a.key"))) }, "cannot be read"},
		"open to others": {func(k *keyed) { require.NoError(k.t, os.Chmod(filepath.Join(k.dir, "a.key"), 0o644)) }, "chmod 600"},
		"a folder": {func(k *keyed) {
			require.NoError(k.t, os.Remove(filepath.Join(k.dir, "a.key")))
			require.NoError(k.t, os.Mkdir(filepath.Join(k.dir, "a.key"), 0o700))
		}, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyed(t, oneKey)
			c.spoil(k)
			k.look(5)
			require.Equal(t, firstKey, k.key())
			require.Len(t, k.errors(), 1)
			require.Contains(t, k.errors()[0], "accounts.a.approval.decision_key_files[0]: ")
			require.Contains(t, k.errors()[0], c.says)

			require.NoError(t, os.RemoveAll(filepath.Join(k.dir, "a.key")))
			k.write("a.key", secondKey)
			k.look(2)
			require.Equal(t, secondKey, k.key(), "what is corrected is taken over")
			require.Len(t, k.errors(), 1)
		})
	}
}

func TestAReloadLooksAfterTheFilesThatItNames(t *testing.T) {
	k := newKeyed(t, oneKey)
	k.write("b.key", firstKey)
	next := k.load(strings.ReplaceAll(oneKey, "a.key", "b.key"))
	require.NoError(t, k.Reload(t.Context(), next))
	k.log.Reset()
	k.write("a.key", "nobody reads this any more")
	k.look(3)
	require.Empty(t, k.log.AllEntries())
	k.write("b.key", secondKey)
	k.look(2)
	require.Equal(t, secondKey, k.key())
}

func TestALaneLooksAfterTheKeysOfItsOwnAccountsAlone(t *testing.T) {
	const document = "roles: [xlife]\naccounts: {a: {queue: slow, approval: {decision_key_files: [a.key]}, %x}, b: {baidu: {private_key_file: none.pem}}}"
	k := newKeyed(t, document)
	require.Equal(t, []string{"a"}, k.accounts.Names(), "the keys of others need not be here")
	k.write("none.pem", "a key of another lane")
	k.look(3)
	require.Empty(t, k.log.AllEntries())
}

func TestKeysAreLookedAfterAtEachTickUntilTheEnd(t *testing.T) {
	k, pace := newKeyed(t, oneKey), make(chan time.Time)
	k.lookAfterKeys(pace)
	k.write("a.key", secondKey)
	for range 3 { // the third tick is taken when the second look is over
		pace <- time.Time{}
	}
	require.Equal(t, secondKey, k.key())
	k.rest()
	select {
	case pace <- time.Time{}:
		require.Fail(t, "somebody still looks")
	default:
	}
}

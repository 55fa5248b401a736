package account

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

func TestMistakesAreToldAllAtOnceByTheirNames(t *testing.T) {
	bad := NewMistakes("shop")
	require.NoError(t, bad.OrNil())
	bad.Add("app_key", "want digits, got %s", Length("s3cr3t"))
	bad.Add("openapi.client_id", "want one, got %s", Length(""))
	err := bad.OrNil()
	var invalid *refund.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.ErrorContains(t, err, "shop.app_key")
	require.ErrorContains(t, err, "6 characters")
	require.ErrorContains(t, err, "shop.openapi.client_id")
	require.ErrorContains(t, err, "nothing")
}

func TestOnlyThisMachineIsSpokenToWithoutTLS(t *testing.T) {
	for address, allowed := range map[string]bool{
		"https://pay.example/x": true, "https://10.0.0.1:8443": true,
		"http://localhost:8080": true, "http://127.0.0.1/x": true, "http://127.9.9.9": true, "http://[::1]:80": true,
		"http://pay.example/x": false, "http://10.0.0.1": false, "http://localhost.example.com": false, "http://127.0.0.1.example.com": false,
		"ftp://localhost": false, "pay.example": false, "localhost:80": false, "https://": false, "": false, "://": false, "https://%zz": false,
		"https://u@a": false, "https://a?b=1": false, "https://a/?": false, "https://a/#b": false,
	} {
		require.Equal(t, allowed, AddressProblem(address) == "", address)
	}
}

func TestTimesHaveBounds(t *testing.T) {
	for name, c := range map[string]struct {
		times Times
		wrong string // "" for nothing
	}{
		"nothing set":              {Times{}, ""},
		"the longest of all":       {Times{Timeout: LongestTimeout, Poll: slices.Repeat([]time.Duration{1}, MaxPolls), PollFor: 1, AbsenceInterval: 1}, ""},
		"a timeout that is long":   {Times{Timeout: LongestTimeout + 1}, "x.timeout"},
		"a negative timeout":       {Times{Timeout: -1}, "x.timeout"},
		"a negative interval":      {Times{AbsenceInterval: -1}, "x.absence_interval"},
		"a negative end":           {Times{PollFor: -1}, "x.poll_for"},
		"an empty schedule":        {Times{Poll: []time.Duration{}}, "x.poll"},
		"a schedule without end":   {Times{Poll: slices.Repeat([]time.Duration{1}, MaxPolls+1)}, "x.poll"},
		"a pause that is no pause": {Times{Poll: []time.Duration{1, 0}}, "x.poll[1]"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := NewMistakes("x")
			c.times.Check(bad)
			if c.wrong == "" {
				require.NoError(t, bad.OrNil())
				return
			}
			require.ErrorContains(t, bad.OrNil(), c.wrong)
		})
	}
}

func TestFilesAreCountedFromTheConfigurationAndTheirMistakesCollected(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte("k"), 0o600))
	relative, absolute, none := "key", filepath.Join(dir, "gone"), ""
	In(dir, &relative, &absolute, &none)
	require.Equal(t, filepath.Join(dir, "key"), relative)
	require.Equal(t, filepath.Join(dir, "gone"), absolute)
	require.Empty(t, none)

	bad := NewMistakes("x")
	read := func(path string) (string, error) {
		raw, err := os.ReadFile(path)
		return string(raw), err
	}
	require.Equal(t, "k", Load(bad, "key_file", relative, read))
	require.Empty(t, Load(bad, "none_file", none, read))
	require.NoError(t, bad.OrNil())
	require.Empty(t, Load(bad, "gone_file", absolute, read))
	require.ErrorContains(t, bad.OrNil(), "x.gone_file")

	always := Load(bad, "bad_file", relative, func(string) (int, error) { return 0, errors.New("holds no number") })
	require.Zero(t, always)
	require.ErrorContains(t, bad.OrNil(), "holds no number")
}

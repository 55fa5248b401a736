package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// moody is a machine that is twice as slow in its second round.
func moody() *result {
	r := &result{Machine: here(false), Expenses: []expense{{Lane: "wechat", Events: 26, Actions: map[string]int{"start": 1, "steps": 3}}}}
	for round, slow := range []float64{1, 2, 1} {
		for lane, ms := range map[string]float64{"wechat": 20, "bare-3": 16, nameNaive: 80} {
			r.Cells = append(r.Cells, cell{
				Lane: lane, InFlight: 40, Round: round + 1, PerSecond: 1000 / ms / slow, Latency: latency{P50: ms * slow}, CPU: cpu{Server: ms * slow},
			})
		}
	}
	return r
}

func TestRatiosAreThoseOfOneRound(t *testing.T) {
	r := moody()
	require.Equal(t, spread{0.8, 0.8, 0.8}, r.ratio("wechat", "bare-3", 40, rate), "the machine's mood is not in it")
	require.Equal(t, spread{20, 20, 40}, r.figure("wechat", 40, p50))
	require.Equal(t, spread{}, r.ratio("wechat", "bare-3", 10, rate), "nothing was measured there")
}

func TestABareLaneIsComparedWithWhatRanRightBeforeIt(t *testing.T) {
	r := &result{Cells: []cell{
		{Lane: "wechat", InFlight: 1, Round: 1, PerSecond: 8}, {Lane: "bare-3", InFlight: 1, Round: 1, PerSecond: 10, Beside: "wechat"},
		{Lane: "xlife", InFlight: 1, Round: 1, PerSecond: 3}, {Lane: "bare-3", InFlight: 1, Round: 1, PerSecond: 4, Beside: "xlife"},
	}}
	require.Equal(t, spread{0.8, 0.8, 0.8}, r.ratio("wechat", "bare-3", 1, rate))
	require.Equal(t, spread{0.75, 0.75, 0.75}, r.ratio("xlife", "bare-3", 1, rate))
	require.Equal(t, spread{7, 4, 10}, r.figure("bare-3", 1, rate))
}

func TestAMedianLiesInTheMiddle(t *testing.T) {
	require.Equal(t, spread{2, 1, 9}, spreadOf([]float64{9, 1, 2}))
	require.Equal(t, spread{3, 1, 9}, spreadOf([]float64{9, 1, 2, 4}))
}

func TestEveryLaneHasItsBareOneAndItsColour(t *testing.T) {
	for _, name := range laneNames() {
		require.Contains(t, paint, name)
		if bare := besides(name); bare != "" {
			require.Contains(t, laneNames(), bare)
		}
	}
}

func TestResultsAreToldFromWhatWasKept(t *testing.T) {
	kept, err := json.Marshal(moody())
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "result.json")
	require.NoError(t, os.WriteFile(file, kept, 0o600))
	picture := filepath.Join(t.TempDir(), "speed.svg")
	o, err := parse([]string{"-from", file, "-plot", picture})
	require.NoError(t, err)
	var told bytes.Buffer
	o.out = &told
	found, err := o.results(t.Context())
	require.NoError(t, err)
	require.NoError(t, o.tell(found))
	require.Contains(t, told.String(), "0.80 (0.80–0.80)")
	require.Contains(t, told.String(), "| wechat | 26 ")
	drawn, err := os.ReadFile(picture)
	require.NoError(t, err)
	for _, name := range []string{"wechat", "bare-3", nameNaive, "workflows a second"} {
		require.Contains(t, string(drawn), name)
	}
}

func TestTheLedgerIsToldApartFromTheWorkerItIsAPartOf(t *testing.T) {
	r := result{
		Cells:    []cell{{Lane: "wechat", InFlight: 1, Round: 1, CPU: cpu{Server: 20, Worker: 8}}},
		Expenses: []expense{{Lane: "wechat", Worker: map[string]float64{"ledger": 0.25, "saga": 0.75}}},
	}
	require.Equal(t, []string{"wechat", "1", "28.0 (28.0–28.0)", "", "20.0", "6.0", "2.0", "", ""}, r.times()[1])
}

func TestNothingIsDrawnOfNothing(t *testing.T) {
	o := options{plot: filepath.Join(t.TempDir(), "speed.svg")}
	require.ErrorContains(t, o.tell(&result{}), "nothing to draw")
	require.NoFileExists(t, o.plot)
}

func TestFlagsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	for args, want := range map[string]string{
		"-levels 0":          "-levels 0: want numbers from 1 to 1000",
		"-levels 1,,2":       "-levels 1,,2",
		"-growth 10,x":       "-growth 10,x",
		"-rounds -1":         "-rounds -1",
		"-only nonsense":     "there are wechat, ",
		"more":               `"more" is no flag`,
		"-from no-such-file": "-from",
	} {
		t.Run(args, func(t *testing.T) {
			o, err := parse(strings.Fields(args))
			if err == nil {
				_, err = o.results(t.Context())
			}
			require.ErrorContains(t, err, want)
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	stderr := os.Stderr
	read, write, err := os.Pipe()
	require.NoError(t, err)
	os.Stderr = write
	_, err = parse([]string{"-help"})
	os.Stderr = stderr
	require.ErrorIs(t, err, flag.ErrHelp)
	require.NoError(t, write.Close())
	text, err := io.ReadAll(read)
	require.NoError(t, err)
	for _, name := range []string{"wechat", "baidu-full", "xlife", "bare-3", nameNaive} {
		require.Contains(t, string(text), name)
	}
}

// The innermost call of this project's decides, and what it calls belongs to it.
func TestASampleBelongsToTheRoomThatSpentIt(t *testing.T) {
	stack := func(names ...string) *profile.Sample {
		s := &profile.Sample{Value: []int64{1, 100}}
		for _, name := range names {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		return s
	}
	const root = "github.com/refundflow/refundflow/"
	shares := split(&profile.Profile{Sample: []*profile.Sample{
		stack("modernc.org/sqlite.(*stmt).exec", root+"ledger/sqlstore.(*tx).exec", root+"activities.Apply", "go.temporal.io/sdk/internal.executeFunction"),
		stack("encoding/json.Marshal", root+"activities.Apply", "go.temporal.io/sdk/internal.executeFunction"),
		stack("crypto/internal/rsa.sign", root+"providers/baidu.sign", root+"activities.Apply"),
		stack("runtime.futex", "runtime.schedule"),
	}})
	require.Equal(t, map[string]float64{"ledger": 0.25, "steps": 0.25, "platforms": 0.25, otherwise: 0.25}, shares)
}

package stage

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// tally is the smallest platform: it counts.
type tally struct {
	name  string
	Count int `json:"count"`
}

func (p *tally) Name() string                   { return p.name }
func (p *tally) Ops() []string                  { return nil }
func (p *tally) Routes(*http.ServeMux)          {}
func (p *tally) Control(*http.ServeMux, string) {}
func (p *tally) ControlHelp() []string          { return nil }
func (p *tally) Reset()                         { p.Count = 0 }
func (p *tally) Save() (json.RawMessage, error) { return json.Marshal(p) }
func (p *tally) Restore(b json.RawMessage) error {
	return json.Unmarshal(b, p)
}

func kept(t *testing.T, path string, platforms ...Platform) *Stage {
	t.Helper()
	s := New(time.Now, nil)
	require.NoError(t, s.Keep(path, platforms))
	return s
}

func (p *tally) add() Reply {
	p.Count++
	return Reply{Status: http.StatusOK, Body: []byte(`{}`)}
}

func (p *tally) call(s *Stage) int {
	w := httptest.NewRecorder()
	s.Serve(w, control.Call{Op: "add"}, p.add, nil)
	return w.Code
}

func TestEveryPlatformAndTheClockComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.json")
	one, two := &tally{name: "one"}, &tally{name: "two"}
	s := kept(t, path, one, two)
	one.call(s)
	two.call(s)
	two.call(s)
	s.Control(func(*http.Request) (any, error) { s.Clock.Advance(time.Hour); return nil, nil })(httptest.NewRecorder(), nil)

	one, two = &tally{name: "one"}, &tally{name: "two"}
	newer := &tally{name: "newer", Count: 7}
	s = kept(t, path, one, two, newer)
	require.Equal(t, []int{1, 2, 7}, []int{one.Count, two.Count, newer.Count}, "a platform the file does not know is left as it is")
	require.Equal(t, time.Hour, s.Clock.View().Offset.Std())
}

func TestARefusedControlRequestIsKeptTooForWhatItSettled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.json")
	p := &tally{name: "one"}
	s := kept(t, path, p)
	s.Control(func(*http.Request) (any, error) { p.Count++; return nil, errors.New("no") })(httptest.NewRecorder(), nil)
	p = &tally{name: "one"}
	kept(t, path, p)
	require.Equal(t, 1, p.Count)
}

func TestACallThatChangesNothingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.json")
	p := &tally{name: "one"}
	s := kept(t, path, p)
	require.NoError(t, os.Remove(path))
	s.Serve(httptest.NewRecorder(), control.Call{Op: "look"}, func() Reply { return Reply{Status: http.StatusOK} }, nil)
	require.NoFileExists(t, path)
	p.call(s)
	require.FileExists(t, path)
}

func TestASealedStageNeitherWritesNorAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.json")
	p := &tally{name: "one"}
	s := kept(t, path, p)
	require.Equal(t, http.StatusOK, p.call(s))
	s.Seal()
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, p.call(s))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "the file may be another sandbox's by now")
}

func TestAStageWithoutFileMayBeSealed(t *testing.T) {
	s := New(time.Now, nil)
	s.Seal()
	require.Equal(t, http.StatusOK, (&tally{}).call(s))
}

func TestFilesThatAreNotOursAreRefusedUntouched(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "unexpected end"},
		"no JSON":            {"Dear diary", "invalid character"},
		"another's JSON":     {`{"orders":[]}`, `format is not "refundflow sandbox books"`},
		"another version":    {`{"format":"refundflow sandbox books","version":2}`, "version is 2, this sandbox reads 1"},
		"field unknown":      {`{"format":"refundflow sandbox books","version":1,"faults":[]}`, `unknown field "faults"`},
		"platform unknown":   {`{"format":"refundflow sandbox books","version":1,"platforms":{"paypal":{}}}`, "platforms.paypal"},
		"platform broken":    {`{"format":"refundflow sandbox books","version":1,"platforms":{"one":{"count":"x"}}}`, "platforms.one"},
		"clock runs back":    {`{"format":"refundflow sandbox books","version":1,"clock_offset":"-1h"}`, "negative"},
		"letter of nobody":   {`{"format":"refundflow sandbox books","version":1,"platforms":{},"outbox":[{"letter":{"platform":"x"}}]}`, `outbox[0]: letter.platform is "x"`},
		"letter to nowhere":  {`{"format":"refundflow sandbox books","version":1,"platforms":{},"outbox":[{"letter":{"platform":"one","url":"x"}}]}`, "letter.url"},
		"attempts below 0":   {`{"format":"refundflow sandbox books","version":1,"platforms":{},"outbox":[{"letter":{"platform":"one","url":"http://h/"},"attempt":-1}]}`, "attempt is -1"},
		"authority broken":   {`{"format":"refundflow sandbox books","version":1,"platforms":{},"authority":{"cert_pem":"x","key_pem":"x"}}`, "authority:"},
		"cut in the middle":  {`{"format":"refundflow sandbox books","version":1,"platforms":{"one":{`, "unexpected end"},
		"more than one file": {`{"format":"refundflow sandbox books","version":1}{}`, "after top-level value"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "books.json")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			err := New(time.Now, nil).Keep(path, []Platform{&tally{name: "one"}})
			require.ErrorIs(t, err, ErrForeignBooks)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "name another file")
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, c.text, string(left))
		})
	}
}

func TestPlacesThatCannotHoldBooksShowAtStart(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ path, want string }{
		"a directory":          {dir, "cannot be read"},
		"a directory too deep": {filepath.Join(dir, "none", "books.json"), "cannot be written"},
	} {
		t.Run(name, func(t *testing.T) {
			err := New(time.Now, nil).Keep(c.path, nil)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, c.path)
			require.NotErrorIs(t, err, ErrForeignBooks)
		})
	}
}

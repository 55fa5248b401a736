package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/refundflow/refundflow/codec"
)

const (
	webUI  = "https://temporal.example.com"
	secret = "parcel never arrived, says user 2250333905"
)

var (
	finance = strings.Repeat("finance-", 5)
	support = strings.Repeat("support-", 5)
)

// site is a server with its clock and its log.
type site struct {
	*Server
	t     *testing.T
	log   *logtest.Hook
	codec *codec.Codec
	mutex sync.Mutex
	now   time.Time
}

func newSite(t *testing.T, change ...func(*Options)) *site {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.key")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("0f", 32)), 0o600))
	c, err := codec.Open([]string{file})
	require.NoError(t, err)
	logger, hook := logtest.NewNullLogger()
	logger.SetLevel(logrus.DebugLevel)
	s := &site{t: t, log: hook, codec: c, now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	o := Options{Codec: c, Origins: []string{webUI, "http://127.0.0.1:8233"}, Tokens: []string{finance, support}, Logger: logger, Now: s.clock}
	for _, f := range change {
		f(&o)
	}
	s.Server, err = New(o)
	require.NoError(t, err)
	return s
}

func (s *site) clock() time.Time {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.now = s.now.Add(d)
}

// sealed is the body of a request to decode, of so many payloads.
func (s *site) sealed(n int) string {
	s.t.Helper()
	all := &commonpb.Payloads{}
	for range n {
		p, err := s.codec.DataConverter().ToPayload(secret)
		require.NoError(s.t, err)
		all.Payloads = append(all.Payloads, p)
	}
	body, err := protojson.Marshal(all)
	require.NoError(s.t, err)
	return string(body)
}

// send is one request, with headers "Name: value".
func (s *site) send(method, path, body string, headers ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(body)
}

// clear demands that the answer holds so many times the secret.
func clear(t *testing.T, r *http.Response, n int) {
	t.Helper()
	body := read(t, r)
	require.Equal(t, http.StatusOK, r.StatusCode, body)
	var all commonpb.Payloads
	require.NoError(t, protojson.Unmarshal([]byte(body), &all))
	require.Len(t, all.GetPayloads(), n)
	for _, p := range all.GetPayloads() {
		var text string
		require.NoError(t, converter.GetDefaultDataConverter().FromPayload(p, &text))
		require.Equal(t, secret, text)
	}
}

// signedIn is the cookie that the page gives for a token.
func (s *site) signedIn(token string) string {
	s.t.Helper()
	r := s.send(http.MethodPost, "/sign-in", "token="+token, "Content-Type: application/x-www-form-urlencoded")
	require.Equal(s.t, http.StatusSeeOther, r.StatusCode)
	require.Len(s.t, r.Cookies(), 1)
	return r.Cookies()[0].Name + "=" + r.Cookies()[0].Value
}

// said is the whole log as its readers get it.
func (s *site) said() string {
	s.t.Helper()
	var b strings.Builder
	for _, e := range s.log.AllEntries() {
		fields := map[string]any{}
		for name, value := range e.Data {
			if err, ok := value.(error); ok {
				value = err.Error()
			}
			fields[name] = value
		}
		line, err := json.Marshal(fields)
		require.NoError(s.t, err)
		b.WriteString(e.Message + " " + string(line) + "\n")
	}
	return b.String()
}

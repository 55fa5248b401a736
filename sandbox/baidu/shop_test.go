package baidu_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

const (
	yes   = `{"errno":0,"msg":"success","data":{"auditStatus":1,"calculateRes":{"refundPayMoney":100}}}`
	no    = `{"errno":0,"msg":"success","data":{"auditStatus":2,"calculateRes":{"refundPayMoney":100}}}`
	later = `{"errno":0,"msg":"success","data":{"auditStatus":3,"calculateRes":{"refundPayMoney":100}}}`
	ack   = `{"errno":0,"msg":"success","data":{}}`
)

// shop is the merchant's side: it checks every letter's signature and answers as the test says.
type shop struct {
	*httptest.Server
	t       *testing.T
	letters chan letter

	mu      sync.Mutex
	public  *rsa.PublicKey
	answers map[string]answer // by path
}

type answer struct {
	status int
	body   string
}

type letter struct {
	path string
	form form
}

// openShop gives the world's merchant a shop with both addresses; refunds of 100 fen are approved, results acknowledged.
func openShop(w *world) *shop {
	w.Helper()
	s := &shop{t: w.T, letters: make(chan letter, 100), answers: map[string]answer{"/audit": {200, yes}, "/notify": {200, ack}, "/own": {200, ack}}}
	block, _ := pem.Decode([]byte(w.merchant().PlatformPublicKeyPEM))
	require.NotNil(w, block)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(w, err)
	s.public = key.(*rsa.PublicKey)
	s.Server = httptest.NewServer(s)
	w.Cleanup(s.Close)
	w.patch(control.BaiduMerchantPatch{RefundAuditURL: new(s.URL + "/audit"), RefundNotifyURL: new(s.URL + "/notify")})
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	values, err := url.ParseQuery(string(body))
	f := form{}
	for name, all := range values {
		f[name] = all[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem := s.check(f); err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || problem != nil {
		s.t.Errorf("letter to %s: %v %v", r.URL.Path, err, problem)
	}
	delete(f, "rsaSign")
	s.letters <- letter{r.URL.Path, f}
	a := s.answers[r.URL.Path]
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func (s *shop) check(f form) error {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name != "rsaSign" {
			pairs = append(pairs, name+"="+f[name])
		}
	}
	signature, err := base64.StdEncoding.DecodeString(f["rsaSign"])
	if err != nil {
		return err
	}
	sum := sha1.Sum([]byte(strings.Join(pairs, "&")))
	return rsa.VerifyPKCS1v15(s.public, crypto.SHA1, sum[:], signature)
}

func (s *shop) answer(path string, status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = answer{status, body}
}

// next is the next letter, which must have gone to path.
func (s *shop) next(path string) form {
	s.t.Helper()
	select {
	case l := <-s.letters:
		require.Equal(s.t, path, l.path)
		return l.form
	case <-time.After(10 * time.Second):
		s.t.Fatalf("no letter to %s", path)
		return nil
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// deliveries waits until the order of the standard forms has n of them.
func (w *world) deliveries(n int) []control.Delivery {
	w.Helper()
	var all []control.Delivery
	require.Eventually(w, func() bool { all = w.book().Deliveries; return len(all) >= n }, 10*time.Second, 2*time.Millisecond)
	require.Len(w, all, n)
	return all
}

func (w *world) apply(biz string) {
	w.Helper()
	require.Zero(w, w.post(cashierApply, partial("100", biz)).code())
}

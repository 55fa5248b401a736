package stage

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestSpoiltAnswersKeepThePlatformsWireFormat(t *testing.T) {
	const xmlType, textType = "text/xml; charset=utf-8", "text/plain; charset=utf-8"
	for _, format := range []struct{ name, kind, real, codeless string }{
		{"json", jsonType, `{"code":"OK","paid":true}`, `{"paid":true}`},
		{"xml", xmlType, `<xml><code>OK</code></xml>`, `<xml></xml>`},
		{"declared xml", xmlType, `<?xml version="1.0" encoding="utf-8"?><r><code>OK</code></r>`, `<?xml version="1.0"?><r/>`},
		{"text", textType, `code=OK&paid=1`, `paid=1`},
	} {
		for _, phase := range []control.FaultPhase{control.Before, control.After} {
			for _, kind := range []control.FaultKind{control.FaultHTML, control.FaultTruncated, control.FaultEmpty, control.FaultHuge,
				control.FaultNoCode, control.FaultNoErrno, control.FaultAnswer} {
				t.Run(format.name+" "+string(phase)+" "+string(kind), func(t *testing.T) {
					var s = New(nil, nil)
					s.Clock = NewClock(morning.Local)
					fault := control.Fault{Op: "pay", Kind: kind, Phase: phase}
					if kind == control.FaultAnswer {
						fault.Msg, fault.Errno = "forged", new(int64)
					}
					_, err := s.Faults.Add(fault, []string{"pay"})
					require.NoError(t, err)
					server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						s.Serve(w, control.Call{Op: "pay"}, func() Reply {
							return Reply{Status: 200, Body: []byte(format.real), ContentType: format.kind}
						}, func(f control.Fault, real []byte) []byte {
							if f.Kind == control.FaultAnswer {
								return []byte(strings.Replace(format.real, "OK", f.Msg, 1))
							}
							require.Equal(t, phase == control.After, real != nil)
							return []byte(format.codeless)
						})
					}))
					defer server.Close()
					res, err := http.Get(server.URL)
					require.NoError(t, err)
					defer res.Body.Close()
					body, err := io.ReadAll(res.Body)
					if kind != control.FaultTruncated {
						require.NoError(t, err)
					}
					want := format.kind
					if kind == control.FaultHTML {
						want = "text/html; charset=utf-8"
					}
					require.Equal(t, want, res.Header.Get("Content-Type"))
					checkSpoilt(t, kind, phase, string(body), err, format.real, format.codeless)
				})
			}
		}
	}
}

func checkSpoilt(t *testing.T, kind control.FaultKind, phase control.FaultPhase, body string, readErr error, real, codeless string) {
	t.Helper()
	whole := real
	if phase == control.Before {
		whole = codeless
		if strings.HasPrefix(codeless, "{") {
			whole = `{"errno":0,"msg":"success","data":[]}`
		}
	}
	switch kind {
	case control.FaultHTML:
		require.Contains(t, body, "502 Bad Gateway")
	case control.FaultTruncated:
		require.ErrorIs(t, readErr, io.ErrUnexpectedEOF)
		require.Equal(t, whole[:len(whole)/2], body)
	case control.FaultEmpty:
		require.Empty(t, body)
	case control.FaultHuge:
		require.Greater(t, len(body), 4<<20)
		require.Equal(t, whole, strings.ReplaceAll(body, strings.Repeat(" ", 64<<10), ""), "blanks and nothing else")
		if strings.HasPrefix(whole, "<?xml") {
			require.True(t, strings.HasPrefix(body, "<?xml"), "nothing may stand before the declaration")
		}
	case control.FaultNoCode, control.FaultNoErrno:
		require.Equal(t, codeless, body)
	case control.FaultAnswer:
		require.Contains(t, body, "forged")
	default:
		t.Fatalf("kind %q is not covered", kind)
	}
}

// What a platform really did is shown, but not as it said it.
func TestAnAnswerMayBeTamperedWithOrComeTwice(t *testing.T) {
	for name, c := range map[string]struct {
		kind   control.FaultKind
		real   string
		want   string
		worked int
	}{
		"an amount":           {control.FaultTampered, `{"mch":"19","refund_fee":9800,"sign":"5"}`, `{"mch":"19","refund_fee":0800,"sign":"5"}`, 1},
		"an amount in XML":    {control.FaultTampered, `<xml><a>1</a><totalFee>9800</totalFee></xml>`, `<xml><a>1</a><totalFee>0800</totalFee></xml>`, 1},
		"without any fee":     {control.FaultTampered, `{"code":"0","n":"x"}`, `{"code":"1","n":"x"}`, 1},
		"without any digit":   {control.FaultTampered, `{"code":"OK"}`, `{"code":"OK"}`, 1},
		"the answer twice":    {control.FaultDoubled, `{"code":"OK"}`, `{"code":"OK"}{"code":"OK"}`, 1},
		"the request as well": {control.FaultTwice, `{"code":"OK"}`, `{"code":"OK"} 2`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, worked := New(morning.Local, nil), 0
			_, err := s.Faults.Add(control.Fault{Op: "pay", Kind: c.kind, Phase: control.After}, []string{"pay"})
			require.NoError(t, err)
			w := httptest.NewRecorder()
			s.Serve(w, control.Call{Op: "pay"}, func() Reply {
				if worked++; worked == 2 {
					return Reply{Status: 200, Body: []byte(c.real + " 2")}
				}
				return Reply{Status: 200, Body: []byte(c.real)}
			}, nil)
			require.Equal(t, c.worked, worked)
			require.Equal(t, c.want, w.Body.String())
		})
	}
}

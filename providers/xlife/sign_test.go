package xlife

import (
	"cmp"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type vector struct {
	Name         string            `json:"name"`
	Secret       string            `json:"secret"`
	Params       map[string]string `json:"params"`
	Concatenated string            `json:"concatenated"`
	Sign         string            `json:"sign"`
	FormBody     string            `json:"form_body"`
}

func vectors(t testing.TB) map[string]vector {
	t.Helper()
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	testdata(t, "xlife_top_sign_vectors.json", &file)
	byName := map[string]vector{}
	for _, v := range file.Vectors {
		byName[v.Name] = v
	}
	require.Len(t, byName, 9)
	return byName
}

func TestEveryVectorIsSignedToTheByte(t *testing.T) {
	for name, v := range vectors(t) {
		require.Equal(t, v.Concatenated, canonical(v.Params), name)
		require.Equal(t, v.Sign, signature(SignMethod(v.Params["sign_method"]), v.Secret, v.Params), name)
	}
}

func TestEveryPartOfARequestIsSigned(t *testing.T) {
	for _, method := range []SignMethod{SignMD5, SignHMAC, SignHMACSHA256} {
		params := vectors(t)["xlife_refund_md5"].Params
		whole := signature(method, appSecret, params)
		require.NotEqual(t, whole, signature(method, appSecret+"x", params), "the secret")
		for name, value := range params {
			params[name] = value + "x"
			require.NotEqual(t, whole, signature(method, appSecret, params), name)
			params[name] = value
		}
		params["sign"], params["empty"] = "x", ""
		require.Equal(t, whole, signature(method, appSecret, params), "neither an old signature nor an empty value counts")
	}
}

func TestTheTimestampIsBeijingTimeWhateverTheZoneOfTheMachine(t *testing.T) {
	p := newProvider(t, settings(t, "http://localhost"))
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("west", -11*3600), time.FixedZone("east", 14*3600), beijing} {
		form := p.form(opRefund, nil, moment.In(zone))
		require.Equal(t, "2026-03-01 15:20:00", form.Get("timestamp"))
	}
	require.Equal(t, "2026-03-02 00:00:00", p.form(opRefund, nil, time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC)).Get("timestamp"))
}

// withoutExtension is a vector's form without extend_params, which this package
// never sends, and without the signature that covered it.
func withoutExtension(t *testing.T, v vector) url.Values {
	t.Helper()
	form, err := url.ParseQuery(v.FormBody)
	require.NoError(t, err)
	const extension = `,"extend_params":"{\"ADDRESS\":\"123\"}"`
	business := form.Get("onsite_trade_refund_request")
	require.Contains(t, business, extension)
	form.Set("onsite_trade_refund_request", strings.Replace(business, extension, "", 1))
	form.Del("sign")
	return form
}

func TestARefundIsTheVectorOnTheWireForEverySignMethod(t *testing.T) {
	for _, method := range []SignMethod{SignMD5, SignHMAC, SignHMACSHA256, ""} {
		name := cmp.Or(method, SignHMACSHA256)
		want := withoutExtension(t, vectors(t)["xlife_refund_"+string(name)])
		flat := map[string]string{}
		for field := range want {
			flat[field] = want.Get(field)
		}
		want.Set("sign", signature(name, appSecret, flat))

		gateway := newStub(t, text200(sample(t, "xlife_refund_response.json")))
		s := settings(t, gateway.URL)
		s.SignMethod = method
		p := newProvider(t, s)
		for range 2 {
			_, err := p.Apply(t.Context(), instruction())
			require.NoError(t, err)
		}
		sent := request{method: "POST", path: "/router/rest", contentType: "application/x-www-form-urlencoded; charset=utf-8",
			body: want.Encode(), form: want}
		require.Equal(t, []request{sent, sent}, gateway.seen, "a repeat in the same second is the same bytes")
	}
}

package wechat

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

func TestSignaturesAreThePublishedOnes(t *testing.T) {
	var file struct {
		Vectors []struct {
			Name, Key, Canonical, MD5 string
			HMAC                      string `json:"hmac_sha256"`
			Params                    map[string]string
		}
	}
	readVectors(t, "wechat_v2_sign_vectors.json", &file)
	require.Len(t, file.Vectors, 8)
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			require.Equal(t, v.Canonical, canonical(v.Params)+"&key="+v.Key)
			require.Equal(t, v.MD5, sign(v.Params, signMD5, v.Key))
			require.Equal(t, v.MD5, sign(v.Params, "", v.Key), "MD5 is the default")
			require.Equal(t, v.HMAC, sign(v.Params, signHMAC, v.Key))
		})
	}
}

func TestSealedInfoIsThePublishedOne(t *testing.T) {
	var file struct {
		Vectors []struct {
			Name, Plaintext string
			APIKey          string `json:"api_key"`
			ReqInfo         string `json:"req_info"`
		}
	}
	readVectors(t, "wechat_v2_refund_notify_vectors.json", &file)
	require.Len(t, file.Vectors, 4)
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			require.Equal(t, v.ReqInfo, sealInfo(v.APIKey, []byte(v.Plaintext)))
		})
	}
}

func TestXMLIsReadAsTextNotMarkup(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want map[string]string
	}{
		"bare and CDATA are the same": {"<xml><a>1</a><b><![CDATA[1]]></b></xml>", map[string]string{"a": "1", "b": "1"}},
		"entities of XML itself":      {"<xml><a>&lt;&amp;</a></xml>", map[string]string{"a": "<&"}},
		"CDATA keeps its markup":      {"<xml><a><![CDATA[<b>&amp;]]></a></xml>", map[string]string{"a": "<b>&amp;"}},
		"a declaration and blanks":    {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n <a/>\n</xml>\n", map[string]string{"a": ""}},
		"a byte order mark":           {"\ufeff<xml><a>1</a></xml>", map[string]string{"a": "1"}},
		"nothing at all":              {"", nil},
		"no root":                     {"a=1", nil},
		"another root":                {"<root><a>1</a></root>", nil},
		"two roots":                   {"<xml></xml><xml></xml>", nil},
		"not closed":                  {"<xml><a>1</a>", nil},
		"a name twice":                {"<xml><a>1</a><a>2</a></xml>", nil},
		"an element in an element":    {"<xml><a><b>1</b></a></xml>", nil},
		"an attribute":                {"<xml><a b=\"1\">1</a></xml>", nil},
		"text between":                {"<xml>1<a>1</a></xml>", nil},
		"a document type":             {"<!DOCTYPE xml [<!ENTITY e \"1\">]><xml><a>&e;</a></xml>", nil},
		"an unknown entity":           {"<xml><a>&e;</a></xml>", nil},
		"another encoding":            {"<?xml version=\"1.0\" encoding=\"GBK\"?><xml><a>1</a></xml>", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseXML([]byte(c.body), xmlRoot)
			require.Equal(t, c.want == nil, err != nil, "%v", err)
			require.Equal(t, c.want, got)
		})
	}
}

// Whatever the decoder takes, it would read the same from the encoder's form.
func FuzzXMLComesBackAsItWasRead(f *testing.F) {
	for _, name := range []string{"wechat_v2_refund_request_md5.xml", "wechat_v2_refundquery_response_page_offset0.xml", "wechat_v2_notify_reply_success.xml"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add("<xml><a>]]&gt;</a></xml>")
	f.Add("<xml><a>&#xD;</a></xml>")
	f.Fuzz(func(t *testing.T, body string) {
		values, err := parseXML([]byte(body), xmlRoot)
		if err != nil {
			return
		}
		var out fields
		for name, value := range values {
			out.add(name, value)
		}
		again, err := parseXML(out.xml("xml"), xmlRoot)
		if err != nil {
			t.Fatalf("%q is written as %q, which is not read: %v", body, out.xml("xml"), err)
		}
		for name, value := range values {
			if normal(again[name]) != normal(value) {
				t.Fatalf("%s: %q came back as %q", name, value, again[name])
			}
		}
	})
}

// normal sees line ends as XML does: a carriage return that arrives as a character reference cannot be written in CDATA.
func normal(v string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(v)
}

func TestAFaultsCodeIsTheBusinessCodeInBothSpellings(t *testing.T) {
	for _, f := range []control.Fault{{Code: "SYSTEMERROR", Msg: "系统 超时"}, {Errno: new(int64), Msg: "SYSTEMERROR 系统 超时"}} {
		require.Equal(t, refuse("SYSTEMERROR", "系统 超时"), refusalOf(f))
	}
	for _, f := range []control.Fault{{Code: "FAIL", Msg: "系统繁忙"}, {Errno: new(int64), Msg: "FAIL 系统繁忙"}} {
		require.Equal(t, notUnderstood("系统繁忙"), refusalOf(f))
	}
}

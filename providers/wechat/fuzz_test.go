package wechat

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// seeds adds every sample with the suffix.
func seeds(f *testing.F, suffix string) {
	f.Helper()
	files, err := os.ReadDir("testdata")
	require.NoError(f, err)
	for _, file := range files {
		if strings.HasSuffix(file.Name(), suffix) && !strings.Contains(file.Name(), "codes") && !strings.Contains(file.Name(), "vectors") {
			f.Add(sample(f, file.Name()))
		}
	}
	for _, s := range []string{"", "[]", "{}", "<html>", "<xml></xml>", "null"} {
		f.Add([]byte(s))
	}
}

// FuzzAnXMLDocumentIsReadAsItIsWritten: what is taken can be written and read
// again, so that no second reader sees other fields, and the text that is signed.
func FuzzAnXMLDocumentIsReadAsItIsWritten(f *testing.F) {
	seeds(f, ".xml")
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := parseXML(document, "xml")
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(got), maxFields)
		if s := xmlOf(got); len(s) <= maxMessage && !strings.ContainsRune(s, '\r') { // XML reads a bare CR as a line break
			again, err := parseXML([]byte(s), "xml")
			require.NoError(t, err)
			require.Equal(t, got, again)
			require.Equal(t, canonical.Text(got), canonical.Text(again))
		}
		got["sign"] = signer{SignHMACSHA256, apiKey}.sign(got)
		require.NoError(t, signer{SignHMACSHA256, apiKey}.verify(got))
		got["refund_fee"] += "1"
		require.Error(t, signer{SignHMACSHA256, apiKey}.verify(got))
	})
}

// ends checks what may be concluded from the fields of an answer.
func ends(t *testing.T, p *Provider, f fields) {
	t.Helper()
	in := partial()
	err := judge(opQuery, f)
	if err == nil {
		require.Equal(t, "SUCCESS", f["return_code"])
		require.Equal(t, "SUCCESS", f["result_code"])
	}
	if receipt, err := p.receipt(f, in); err == nil {
		require.Equal(t, refund.Fen(300), receipt.Amount)
		require.NotEmpty(t, receipt.PlatformRefundID)
		require.Equal(t, number, f["out_refund_no"])
	} else {
		require.Contains(t, []refund.Class{ambiguous, needsHuman}, failureOf(t, err).Class)
	}
	records, err := readRecords(f)
	if err != nil {
		return
	}
	for _, r := range records {
		result, err := p.result(r, in)
		if err == nil && result.State == providers.ResultSucceeded {
			require.Equal(t, refund.Fen(300), result.Amount)
			require.Equal(t, refundSuccess, r.status)
			require.Equal(t, number, r.number)
		}
	}
}

func FuzzNoV2AnswerIsTakenForMoreThanItSays(f *testing.F) {
	seeds(f, ".xml")
	p := newProvider(f, settings(f, TransportV2, "http://localhost"))
	f.Fuzz(func(t *testing.T, document []byte) {
		if got, err := parseXML(document, "xml"); err == nil {
			ends(t, p, got)
		}
	})
}

func FuzzNoCloudAnswerIsTakenForMoreThanItSays(f *testing.F) {
	seeds(f, ".json")
	run := newProvider(f, settings(f, TransportCloudRun, "http://localhost"))
	function := newProvider(f, settings(f, TransportCloudFunction, "http://localhost"))
	f.Fuzz(func(t *testing.T, document []byte) {
		if members, err := parseObject(document); err == nil {
			_, _, _ = wire.ReadToken(members, maxTokenLife)
			if got, err := parseCloud(members["respdata"]); err == nil {
				ends(t, run, got)
			}
			var text string
			if json.Unmarshal(members["resp_data"], &text) == nil {
				document = []byte(text)
			}
		}
		got, err := function.dialect.(*cloudFunction).functionAnswer(opApply, document)
		if err != nil {
			require.Contains(t, []refund.Class{ambiguous, misconfigured, needsHuman}, failureOf(t, err).Class)
			return
		}
		ends(t, function, got)
	})
}

// FuzzNoMessageIsProvenWithoutItsProof feeds one body, bare and encrypted, to the
// receivers of all dialects.
func FuzzNoMessageIsProvenWithoutItsProof(f *testing.F) {
	seeds(f, ".xml")
	seeds(f, "callback.json")
	for _, v := range notifyVectors(f) {
		f.Add([]byte(v.Notification))
		f.Add([]byte(v.Plaintext))
	}
	all := map[Transport]*Provider{}
	for _, transport := range transports {
		all[transport] = newProvider(f, settings(f, transport, "http://localhost"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for transport, p := range all {
			for _, header := range []http.Header{nil, {"X-Wx-Source": {"x"}}} {
				n, err := p.Notification(providers.Callback{Header: header, Body: body})
				if err != nil {
					require.Equal(t, providers.Notification{}, n)
					failureOf(t, err)
					continue
				}
				if n.Proven {
					require.Equal(t, TransportV2, transport)
				}
				if n.State == providers.ResultSucceeded || n.State == providers.ResultFailed {
					require.Positive(t, n.Amount)
					require.NotEmpty(t, n.Number)
				}
			}
		}
		envelope := xmlOf(fields{"return_code": "SUCCESS", "appid": "wx8888888888888888", "mch_id": "1900000109", "req_info": encryptInfo(apiKey, string(body))})
		n, err := all[TransportV2].Notification(providers.Callback{Body: []byte(envelope)})
		require.Equal(t, err == nil, n.Proven)
	})
}

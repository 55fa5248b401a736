package xlife

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// documented is one entry of xlife_error_codes.json.
type documented struct {
	Layer string `json:"layer"`
	Code  string `json:"code"`
	Class string `json:"class"`
	Maybe string `json:"refund_may_exist"`
	Wait  int64  `json:"min_wait_seconds"`
}

func documentedCodes(t *testing.T) []documented {
	t.Helper()
	var file struct {
		Entries []documented `json:"entries"`
	}
	testdata(t, "xlife_error_codes.json", &file)
	var all []documented
	for _, d := range file.Entries {
		if d.Layer != "transport" { // see TestABadAnswerIsNeitherSuccessNorFailure
			all = append(all, d)
		}
	}
	require.Len(t, all, len(file.Entries)-1)
	return all
}

var allOps = []op{opRefund, opOrder, opQueryRefund}

// wanted is the class of an entry, written down a second time from the notes.
func wanted(d documented, o op) refund.Class {
	class := map[string]refund.Class{
		"retryable-same-request": refund.ClassTransient, "retryable-after-wait": refund.ClassThrottled,
		"business-final": refund.ClassRejected, "needs-human": refund.ClassNeedsHuman,
		"configuration-bug": refund.ClassMisconfigured, "ambiguous-outcome": refund.ClassAmbiguous,
	}[d.Class]
	if class == refund.ClassThrottled && d.Maybe == "maybe" {
		class = refund.ClassAmbiguous
	}
	if o == opRefund {
		return class
	}
	if class == refund.ClassAmbiguous {
		return refund.ClassTransient
	}
	if class == refund.ClassRejected {
		return refund.ClassNeedsHuman // a question cannot end a refund
	}
	return class
}

func failureBy(t *testing.T, o op, code int64, sub, message string) *refund.Failure {
	t.Helper()
	r, err := parseReply(o, []byte(refused(int(code), sub, message)))
	require.NoError(t, err)
	return failureOf(t, r.failure(o, 0))
}

func TestEveryDocumentedCodeEndsInItsClassForEveryOperation(t *testing.T) {
	for _, d := range documentedCodes(t) {
		number, sub, shown := int64(50), strings.Replace(d.Code, "*", "never-heard-of", 1), ""
		shown = sub
		if n, err := strconv.ParseInt(d.Code, 10, 64); err == nil {
			number, sub, shown = n, "", "code "+d.Code
		}
		for _, o := range allOps {
			f := failureBy(t, o, number, sub, "退款失败")
			require.Equal(t, wanted(d, o), f.Class, "%s on %s", d.Code, o)
			require.Equal(t, shown, f.Code)
			require.Equal(t, string(o), f.Op)
			require.Equal(t, "退款失败", f.Message)
			require.NotEmpty(t, f.Hint)
			require.Equal(t, time.Duration(d.Wait)*time.Second, f.RetryAfter, d.Code)
		}
	}
}

func TestTheTableHoldsNothingThatIsNotDocumented(t *testing.T) {
	// §7.2 lists the first in words; the second is read from its three relatives.
	inFile := map[string]bool{"session-is-blank": true, "accesscontrol.*": true}
	for _, d := range documentedCodes(t) {
		require.False(t, inFile[d.Code], "%s twice in the file", d.Code)
		inFile[d.Code] = true
	}
	inTable := map[string]bool{}
	for _, c := range append(append([]code{}, subCodes...), topCodes...) {
		require.False(t, inTable[c.code], "%s twice in the table", c.code)
		inTable[c.code] = true
		require.Contains(t, refund.Classes, c.class)
		require.NotEmpty(t, c.hint)
	}
	require.Equal(t, inFile, inTable)
}

func TestTheSubCodeDecidesBeforeItsPrefixAndThatBeforeTheNumber(t *testing.T) {
	for _, test := range []struct {
		number      int64
		sub         string
		want        refund.Class
		requestOnly bool
	}{
		{50, "isp.REFUND_NOT_ALLOWED_ERROR", refund.ClassNeedsHuman, false},
		{15, "isp.REFUND_NOT_ALLOWED_ERROR", refund.ClassNeedsHuman, false},
		{520, "isp.REFUND_NOT_ALLOWED_ERROR", refund.ClassNeedsHuman, false},
		{15, "isp.REFUND_SOMETHING_NEW", refund.ClassAmbiguous, false},
		{15, "isp.top-remote-connection-timeout-tmall", refund.ClassAmbiguous, false},
		{25, "isp.unknown-error", refund.ClassAmbiguous, false},
		{15, "isv.invalid-parameter:store_id", refund.ClassMisconfigured, true},
		{40, "isv.missing-parameter:session", refund.ClassMisconfigured, true},
		{15, "isv.something-new", refund.ClassNeedsHuman, false},
		{50, "isv.REFUND_INVALID_PARAMS", refund.ClassMisconfigured, true},
		{50, "isv.REFUND_FAILED_STORE_NOMATCH", refund.ClassMisconfigured, true},
		{50, "isv.REFUND_AMOUNT_INVALID", refund.ClassRejected, false},
		{50, " isv.REFUND_AMOUNT_INVALID\t", refund.ClassRejected, false}, // blanks around a code are no part of it
		{7, " accesscontrol.limited-by-api-access-count", refund.ClassThrottled, false},
		{50, "isv.REFUND_AMOUNT_INVALID_2", refund.ClassNeedsHuman, false},  // a longer code is another one
		{50, "see isv.REFUND_AMOUNT_INVALID", refund.ClassAmbiguous, false}, // and so is a code in a sentence
		{50, "ISV.REFUND_AMOUNT_INVALID", refund.ClassAmbiguous, false},     // and one in capitals
		{50, "isp.refund_not_allowed_error", refund.ClassAmbiguous, false},  // or in small letters
		{27, "session-of-a-new-kind", refund.ClassMisconfigured, false},
		{27, "session-expired", refund.ClassMisconfigured, false},
		{26, "", refund.ClassMisconfigured, false},
		{25, "", refund.ClassMisconfigured, false},
		{41, "", refund.ClassMisconfigured, true},
		{7, "accesscontrol.limited-in-a-new-way", refund.ClassThrottled, false},
		{15, "", refund.ClassAmbiguous, false},
		{50, "something else", refund.ClassAmbiguous, false},
		{50, "25", refund.ClassAmbiguous, false}, // a number in the wrong place
		{50, "*", refund.ClassAmbiguous, false},
		{10, "", refund.ClassAmbiguous, false},
		{100, "", refund.ClassMisconfigured, false},
		{199, "", refund.ClassMisconfigured, false},
		{200, "", refund.ClassAmbiguous, false},
		{670, "", refund.ClassAmbiguous, false},
		{0, "", refund.ClassAmbiguous, false},
		{-1, "", refund.ClassAmbiguous, false},
	} {
		f := failureBy(t, opRefund, test.number, test.sub, "x")
		require.Equal(t, test.want, f.Class, "%d %q", test.number, test.sub)
		require.Equal(t, test.requestOnly, f.RequestOnly, "%d %q", test.number, test.sub)
	}
}

func TestEverySampleOfAnErrorIsReadAsDocumented(t *testing.T) {
	var file struct {
		Samples []struct {
			Name string          `json:"name"`
			Body json.RawMessage `json:"body"`
		} `json:"samples"`
	}
	testdata(t, "xlife_error_responses.json", &file)
	type outcome struct {
		class refund.Class
		code  string
		pause time.Duration
	}
	want := map[string]outcome{
		"business_refund_invalid_params": {refund.ClassMisconfigured, "isv.REFUND_INVALID_PARAMS", 0},
		"business_amount_invalid":        {refund.ClassRejected, "isv.REFUND_AMOUNT_INVALID", 0},
		"business_not_allowed":           {refund.ClassNeedsHuman, "isp.REFUND_NOT_ALLOWED_ERROR", 0},
		"business_create_failed":         {refund.ClassAmbiguous, "isp.REFUND_CREATE_FAILED", 30 * time.Second},
		"business_exists_refunding":      {refund.ClassAmbiguous, "isp.EXISTS_REFUNDING_ORDER", 60 * time.Second},
		"business_store_nomatch":         {refund.ClassMisconfigured, "isv.REFUND_FAILED_STORE_NOMATCH", 0},
		"sample_invalid_parameter":       {refund.ClassMisconfigured, "isv.invalid-parameter", 0},
		"remote_timeout":                 {refund.ClassAmbiguous, "isp.top-remote-connection-timeout", 5 * time.Second},
		"call_limited":                   {refund.ClassThrottled, "accesscontrol.limited-by-app-access-count", 42 * time.Second},
		"invalid_signature":              {refund.ClassMisconfigured, "code 25", 0},
		"invalid_session":                {refund.ClassMisconfigured, "sessionkey-not-generated-by-server", 0},
		"missing_session":                {refund.ClassMisconfigured, "code 26", 0},
		"invalid_timestamp":              {refund.ClassMisconfigured, "code 31", 0},
	}
	for _, s := range file.Samples {
		require.Contains(t, want, s.Name)
		gateway := newStub(t, text200(string(s.Body)))
		_, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), instruction())
		f := failureOf(t, err)
		require.Equal(t, want[s.Name], outcome{f.Class, f.Code, f.RetryAfter}, s.Name)
		delete(want, s.Name)
	}
	require.Empty(t, want, "a sample is gone from the file")
}

func TestADeadSessionConcernsTheWholeAccountAndSaysHowToGoOn(t *testing.T) {
	for sub, number := range map[string]int64{
		"": 26, "x": 27, "session-expired": 27, "session-is-blank": 27, "sessionkey-not-generated-by-server": 27,
	} {
		f := failureBy(t, opRefund, number, sub, "")
		require.Equal(t, refund.ClassMisconfigured, f.Class)
		require.False(t, f.RequestOnly)
		require.Contains(t, f.Hint, "session_file")
		require.Contains(t, f.Hint, "keeps its number")
	}
}

func TestAMessageIsShownWithoutItsEntitiesAndSecrets(t *testing.T) {
	for message, want := range map[string]string{
		"RealSession don&apos;t belong app &lt;b&gt;":                    "RealSession don't belong app <b>",
		"session 6100e23a1c9e3a0b5f6ZZ1c2d3e4f5a6b7c8d9e0 is\u0000old\n": "session … is old",
		"": "Remote service error",
	} {
		require.Equal(t, want, failureBy(t, opRefund, 27, "session-expired", message).Message)
	}
	require.Equal(t, "code 15", failureBy(t, opRefund, 15, "two words", "").Code, "what is no word is not shown as a code")
}

func TestABanIsAsLongAsItsTextSays(t *testing.T) {
	const app, api = "accesscontrol.limited-by-app-access-count", "accesscontrol.limited-by-api-access-count"
	for _, test := range []struct {
		sub, message string
		want         time.Duration
	}{
		{app, "This ban will last for 41 more seconds", 42 * time.Second},
		{api, "This ban will last for 1 more seconds", 2 * time.Second},
		{api, "This ban will last for 1 more second", 2 * time.Second},
		{"", "This ban will last for 9 more seconds", 10 * time.Second},
		{app, "no number here", 60 * time.Second},
		{api, "no number here", 2 * time.Second},
		{api, "This ban will last for 999999999 more seconds", 24 * time.Hour},
		{api, "This ban will last for -5 more seconds", 6 * time.Second},
		{"", "no number here", 0},
	} {
		require.Equal(t, test.want, failureBy(t, opRefund, 7, test.sub, test.message).RetryAfter, "%s %s", test.sub, test.message)
	}
	require.Zero(t, failureBy(t, opRefund, 50, "isv.REFUND_AMOUNT_INVALID", "9 more seconds").RetryAfter, "only a ban is waited for")
}

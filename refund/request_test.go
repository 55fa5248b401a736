package refund

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const document = `{"id":"R20261121-0001","account":"shop-baidu","amount":9800,"reason":"not delivered","initiator":"user",
 "requested_by":"agent-17",
 "order":{"platform_id":"800200451","merchant_id":"10000234","user_id":"2250333905","total":9800,
          "paid_at":"2026-11-20T10:00:00+08:00","store_id":"","store_id_type":""},
 "extra":{}}`

func TestTheDocumentedRequestIsAccepted(t *testing.T) {
	r, err := ParseRequest([]byte(document))
	require.NoError(t, err)
	require.Equal(t, Request{
		ID: "R20261121-0001", Account: "shop-baidu", Amount: 9800, Reason: "not delivered", Initiator: InitiatorUser,
		RequestedBy: "agent-17", Extra: map[string]string{},
		Order: Order{PlatformID: "800200451", MerchantID: "10000234", UserID: "2250333905", Total: 9800,
			PaidAt: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC).In(r.Order.PaidAt.Location())},
	}, r)
	require.True(t, r.Full())

	again, err := json.Marshal(r)
	require.NoError(t, err)
	back, err := ParseRequest(again)
	require.NoError(t, err)
	require.Equal(t, r.Fingerprint(), back.Fingerprint(), "encoding and decoding changes nothing")
}

// with replaces a part of the documented request.
func with(old, new string) string {
	if !strings.Contains(document, old) {
		panic("the document has no " + old)
	}
	return strings.Replace(document, old, new, 1)
}

func TestEveryBadFieldIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		fields   []string
	}{
		"unknown field":                   {with(`"extra":{}`, `"quantity":1`), []string{"quantity"}},
		"unknown field of the order":      {with(`"store_id":""`, `"shop":"1"`), []string{"order.shop"}},
		"names are exact":                 {with(`"amount"`, `"Amount"`), []string{"Amount"}},
		"doubled field":                   {with(`"amount":9800`, `"amount":1,"amount":9800`), []string{"amount"}},
		"amount as text":                  {with(`"amount":9800`, `"amount":"9800"`), []string{"amount"}},
		"amount with a fraction":          {with(`"amount":9800`, `"amount":98.00`), []string{"amount"}},
		"amount with an exponent":         {with(`"amount":9800`, `"amount":9.8e3`), []string{"amount"}},
		"amount beyond int64":             {with(`"amount":9800`, `"amount":99999999999999999999`), []string{"amount"}},
		"amount is null":                  {with(`"amount":9800`, `"amount":null`), []string{"amount"}},
		"id is a number":                  {with(`"id":"R20261121-0001"`, `"id":1`), []string{"id"}},
		"time without a zone":             {with(`"2026-11-20T10:00:00+08:00"`, `"2026-11-20 10:00"`), []string{"order.paid_at"}},
		"paid in the last zone's 10000":   {with(`2026-11-20T10:00:00+08:00`, `9999-12-31T23:59:59-08:00`), []string{"order.paid_at"}},
		"paid before the year 0":          {with(`2026-11-20T10:00:00+08:00`, `0000-01-01T00:00:00+08:00`), []string{"order.paid_at"}},
		"paid in the year 1":              {with(`2026-11-20T10:00:00+08:00`, `0001-01-01T00:00:00Z`), []string{"order.paid_at"}},
		"paid in 1999, in UTC":            {with(`2026-11-20T10:00:00+08:00`, `2000-01-01T07:59:59+08:00`), []string{"order.paid_at"}},
		"paid in 2101, in UTC":            {with(`2026-11-20T10:00:00+08:00`, `2100-12-31T23:59:59-00:01`), []string{"order.paid_at"}},
		"paid a day from UTC":             {with(`2026-11-20T10:00:00+08:00`, `2026-01-01T00:00:00+24:00`), []string{"order.paid_at"}},
		"paid beyond the last zone":       {with(`2026-11-20T10:00:00+08:00`, `2026-01-01T00:00:00-14:01`), []string{"order.paid_at"}},
		"order is an array":               {with(`"order":{`, `"order":[],"x":{`), []string{"order", "x"}},
		"extra holds a number":            {with(`"extra":{}`, `"extra":{"a":1}`), []string{"extra.a"}},
		"all at once":                     {`{"id":1,"amount":"x","order":{"total":1.5},"what":{}}`, []string{"id", "amount", "order.total", "what"}},
		"all that is missing":             {`{}`, []string{"id", "account", "amount", "reason", "initiator", "requested_by", "order.platform_id", "order.total"}},
		"id with a slash":                 {with(`R20261121-0001`, `a/b`), []string{"id"}},
		"id of 33":                        {with(`R20261121-0001`, strings.Repeat("a", 33)), []string{"id"}},
		"account in capitals":             {with(`shop-baidu`, `Shop`), []string{"account"}},
		"nothing to give back":            {with(`"amount":9800`, `"amount":0`), []string{"amount"}},
		"less than nothing":               {with(`"amount":9800`, `"amount":-1`), []string{"amount"}},
		"more than was paid":              {with(`"amount":9800`, `"amount":9801`), []string{"amount"}},
		"unknown initiator":               {with(`"user"`, `"buyer"`), []string{"initiator"}},
		"reason of white space":           {with(`not delivered`, ` `), []string{"reason"}},
		"reason with a control character": {with(`not delivered`, `a\u0007b`), []string{"reason"}},
		"total of nothing":                {with(`"total":9800`, `"total":0`), []string{"order.total"}},
		"total beyond any order":          {with(`"total":9800`, `"total":10000000001`), []string{"order.total"}},
		"not an object":                   {`[]`, []string{"document"}},
		"null":                            {`null`, []string{"document"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRequest([]byte(c.document))
			var bad *InvalidError
			require.ErrorAs(t, err, &bad)
			var fields []string
			for _, f := range bad.Fields {
				require.NotEmpty(t, f.Problem)
				fields = append(fields, f.Field)
			}
			require.Equal(t, c.fields, fields, bad.Error())
		})
	}
}

func TestBrokenJSONIsAnError(t *testing.T) {
	for _, broken := range []string{``, `{`, `{"id":`, document + `{}`, `{"id":"a",}`} {
		_, err := ParseRequest([]byte(broken))
		require.Error(t, err, broken)
	}
}

func TestFingerprintTellsContentNotSpelling(t *testing.T) {
	base, err := ParseRequest([]byte(document))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		document string
		same     bool
	}{
		"other zone, same moment": {with("2026-11-20T10:00:00+08:00", "2026-11-20T02:00:00Z"), true},
		"no extra":                {with(",\n \"extra\":{}", ""), true},
		"other amount":            {with(`"amount":9800`, `"amount":9799`), false},
		"other order":             {with("800200451", "800200452"), false},
		"other moment":            {with("10:00:00+08:00", "10:00:01+08:00"), false},
		"other reason":            {with("not delivered", "broken"), false},
		"some extra":              {with(`"extra":{}`, `"extra":{"a":"b"}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ParseRequest([]byte(c.document))
			require.NoError(t, err)
			require.Equal(t, c.same, r.Fingerprint() == base.Fingerprint())
		})
	}
	// The ledger keeps fingerprints for ever: the canonical form must not drift.
	require.Equal(t, "703cdb6210e1729f054e8a31d87282c97820dfdc7dcde5c2e95eea92961c72ff", base.Fingerprint())
}

// oddMoments are at or beyond the bounds of what JSON can express.
var oddMoments = []string{
	"9999-12-31T23:59:59-08:00", "0000-01-01T00:00:00+08:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-23:59", "0001-01-01T00:00:00Z",
	"2000-01-01T08:00:00+08:00", "2100-12-31T09:59:59.999999999-14:00", "2026-11-20T10:00:00.5+05:45",
}

func TestNoAcceptedDocumentHasATimeThatCannotBeWritten(t *testing.T) {
	accepted := 0
	for _, at := range oddMoments {
		r, err := ParseRequest([]byte(with("2026-11-20T10:00:00+08:00", at)))
		if err != nil {
			continue
		}
		accepted++
		require.NotPanics(t, func() { r.Fingerprint() }, at)
		encoded, err := json.Marshal(r)
		require.NoError(t, err, at)
		again, err := ParseRequest(encoded)
		require.NoError(t, err, at)
		require.Equal(t, r.Fingerprint(), again.Fingerprint(), at)
	}
	require.Equal(t, 3, accepted, "the bounds themselves are accepted")
}

func TestARequestBuiltByAProgramHasTheSameBounds(t *testing.T) {
	r, err := ParseRequest([]byte(document))
	require.NoError(t, err)
	for _, bad := range []time.Time{
		time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*60*60)),
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 8*60*60+343)), // JSON would cut the seconds: another moment
	} {
		r.Order.PaidAt = bad
		var invalid *InvalidError
		require.ErrorAs(t, r.Validate(), &invalid, bad)
		require.Equal(t, "order.paid_at", invalid.Fields[0].Field)
	}
	r.Order.PaidAt = time.Time{}
	require.NoError(t, r.Validate(), "it may be unknown")
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(document))
	for _, at := range oddMoments {
		f.Add([]byte(with("2026-11-20T10:00:00+08:00", at)))
	}
	f.Add([]byte(`{"id":"a","order":{"total":1e9},"extra":{"k":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRequest(data)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(r)
		require.NoError(t, err)
		again, err := ParseRequest(encoded)
		require.NoError(t, err, "what was accepted is accepted again")
		require.Equal(t, r.Fingerprint(), again.Fingerprint())
		var spaced bytes.Buffer
		require.NoError(t, json.Indent(&spaced, encoded, "", " "))
		strictly, err := ParseRequest(spaced.Bytes())
		require.NoError(t, err)
		same, err := json.Marshal(strictly)
		require.NoError(t, err)
		require.Equal(t, string(encoded), string(same), "what is read fast is read like everything else")
	})
}

// Who wrote a document does not change what is refused: these look like this program's own.
func TestWhatIsReadFastIsReadAsStrictly(t *testing.T) {
	good, err := ParseRequest([]byte(document))
	require.NoError(t, err)
	written, err := json.Marshal(good)
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"an amount in quotes":   {`"amount":` + strconv.FormatInt(int64(good.Amount), 10), `"amount":"` + strconv.FormatInt(int64(good.Amount), 10) + `"`},
		"an amount as a float":  {`"amount":` + strconv.FormatInt(int64(good.Amount), 10), `"amount":` + strconv.FormatInt(int64(good.Amount), 10) + `.0`},
		"a field twice":         {`{"id":`, `{"id":"other","id":`},
		"an unknown field":      {`{"id":`, `{"nonsense":1,"id":`},
		"another case":          {`{"id":`, `{"ID":`},
		"a year nobody paid in": {`"paid_at":"20`, `"paid_at":"31`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, string(written), change[0])
			_, err := ParseRequest([]byte(strings.Replace(string(written), change[0], change[1], 1)))
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
		})
	}
}

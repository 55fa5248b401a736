package wechat

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestXMLIsOneFlatDocumentOrNothing(t *testing.T) {
	many := strings.Builder{}
	for i := range maxFields + 1 {
		many.WriteString("<" + index("a", i) + ">1</" + index("a", i) + ">")
	}
	for _, test := range []struct {
		name, document string
		want           fields // nil is refused
	}{
		{"text and CDATA alike", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml><a>1</a><b><![CDATA[x&y]]></b> <c/></xml>\n", fields{"a": "1", "b": "x&y", "c": ""}},
		{"split CDATA", "<xml><a><![CDATA[x]]]]><![CDATA[>y]]></a></xml>", fields{"a": "x]]>y"}},
		{"the five entities", "<xml><a>&lt;&amp;&#49;</a></xml>", fields{"a": "<&1"}},
		{"comments beside the elements", "<!-- 1 --><xml><!-- 2 --><a>1</a><!-- <a>3</a> --></xml><!-- 4 -->", fields{"a": "1"}},
		{"empty root", "<xml></xml>", fields{}},
		{"a byte order mark", "\ufeff<?xml version=\"1.0\"?><xml><a>1</a></xml>", fields{"a": "1"}},
		{"two of them", "\ufeff\ufeff<xml><a>1</a></xml>", nil},
		{"nothing", "", nil},
		{"text", "ok", nil},
		{"a page", "<html><body>502</body></html>", nil},
		{"another root", "<root><a>1</a></root>", nil},
		{"unclosed", "<xml><a>1</a>", nil},
		{"wrongly closed", "<xml><a>1</b></xml>", nil},
		{"twice the same", "<xml><a>1</a><a>1</a></xml>", nil},
		{"two documents", "<xml><a>1</a></xml><xml/>", nil},
		{"text behind", "<xml><a>1</a></xml>x", nil},
		{"text beside", "<xml>x<a>1</a></xml>", nil},
		{"nested", "<xml><a><b>1</b></a></xml>", nil},
		{"attributes", `<xml><a b="c">1</a></xml>`, nil},
		{"name spaces", `<xml xmlns="urn:x"><a>1</a></xml>`, nil},
		{"a comment", "<xml><a>1<!-- 2 --></a></xml>", nil},
		{"an instruction inside", "<xml><?php 1?><a>1</a></xml>", nil},
		{"a document type", `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>`, nil},
		{"an unknown entity", "<xml><a>&x;</a></xml>", nil},
		{"another encoding", `<?xml version="1.0" encoding="GBK"?><xml><a>1</a></xml>`, nil},
		{"no UTF-8", "<xml><a>\xff</a></xml>", nil},
		{"too many elements", "<xml>" + many.String() + "</xml>", nil},
		{"too long", "<xml><a>" + strings.Repeat("x", maxMessage) + "</a></xml>", nil},
	} {
		got, err := parseXML([]byte(test.document), "xml")
		if test.want == nil {
			require.Error(t, err, test.name)
			require.NotContains(t, err.Error(), "passwd")
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, test.want, got, test.name)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	for _, value := range []string{"商品已售完", "a]]>b", "]]]]>>", "<xml>&amp;", "a=1&b=2", " "} {
		var ps params
		ps.text("refund_desc", value)
		ps.fen("refund_fee", 300)
		got, err := parseXML([]byte(writeXML(ps)), "xml")
		require.NoError(t, err)
		require.Equal(t, fields{"refund_desc": value, "refund_fee": "300"}, got)
		require.Equal(t, ps.fields(), got)
	}
}

func TestTheThreeSpellingsOfTheCloudDialectsAreOne(t *testing.T) {
	want := fields{"out_refund_no_0": "A", "refund_status_0": "SUCCESS", "refund_fee_0": "300", "out_refund_no_1": "B", "refund_count": "2"}
	for _, document := range []string{
		`{"out_refund_no_list":["A","B"],"refund_status_list":["SUCCESS"],"refund_fee_list":[300],"refund_count":2}`,
		`{"outRefundNoList":["A","B"],"refundStatusList":["SUCCESS"],"refundFeeList":["300"],"refundCount":"2"}`,
		`{"out_refund_no_0":"A","out_refund_no_1":"B","refund_status_0":"SUCCESS","refund_fee_0":300,"refund_count":2}`,
		`{"outRefundNo0":"A","outRefundNo_1":"B","refundStatus0":"SUCCESS","refundFee0":300,"refundCount":2,"x":null,"promotionDetail":{"a":{}}}`,
		"\ufeff" + `{"outRefundNoList":["","B"],"out_refund_no_0":"A","refund_status_0":"SUCCESS","refundStatus0":"","refundFee0":300,"refundCount":2}`,
		`{"out_refund_no_0":"A","outRefundNoList":["A","B"],"refundStatus0":"SUCCESS","refund_fee_0":"300","refund_count":2}`,
	} {
		got, err := parseCloud([]byte(document))
		require.NoError(t, err, document)
		require.Equal(t, want, got, document)
	}
	got, err := parseCloud([]byte(`{"coupon_refund_fee_list":[7],"coupon_refund_fee_array":[[3,4]],"coupon_type_array":["CASH"]}`))
	require.NoError(t, err)
	require.Equal(t, fields{"coupon_refund_fee_0": "7", "coupon_refund_fee_0_0": "3", "coupon_refund_fee_0_1": "4", "coupon_type_array_0": "CASH"}, got)

	for name, document := range map[string]string{
		"two values": `{"refund_fee":300,"refundFee":301}`, "one name twice": `{"refundFee":300,"refundFee":300}`,
		"deep lists": `{"a":[[[1]]]}`, "no object": `[]`, "nothing": ``, "null": `null`, "two documents": `{}{}`,
		"too many": `{"a":[` + strings.Repeat("1,", maxFields) + `1]}`, "too long": `{"a":"` + strings.Repeat("x", maxMessage) + `"}`,
	} {
		_, err := parseCloud([]byte(document))
		require.Error(t, err, name)
	}
}

func TestTheSDKsErrCodeIsNotTheBusinessCode(t *testing.T) {
	for document, want := range map[string]fields{
		`{"errCode":0,"errMsg":"ok"}`:                      {sdkCode: "0", "err_msg": "ok"},
		`{"errCode":"-501001"}`:                            {sdkCode: "-501001"},
		`{"errCode":"NOTENOUGH"}`:                          {"err_code": "NOTENOUGH"},
		`{"errCode":0,"err_code":"NOTENOUGH"}`:             {sdkCode: "0", "err_code": "NOTENOUGH"},
		`{"errCodeDes":"余额不足","subMchId":"1","appid":"w"}`: {"err_code_des": "余额不足", "sub_mch_id": "1", "appid": "w"},
	} {
		got, err := parseCloud([]byte(document))
		require.NoError(t, err)
		require.Equal(t, want, got, document)
	}
	require.Equal(t, "subMchId", cloudPayName("sub_mch_id"))
	require.Equal(t, "appid", cloudPayName("appid"))
}

func TestAnAmountIsADecimalIntegerOrAnError(t *testing.T) {
	for value, good := range map[string]bool{
		"0": true, "300": true, "10000000000": true, "10000000001": false, "": false, "-1": false, "+1": false, "01": false,
		"1.0": false, "1e3": false, "0x1F": false, "１": false, " 1": false, "99999999999999999999": false,
	} {
		_, err := fields{"refund_fee": value}.fen("refund_fee")
		require.Equal(t, good, err == nil, value)
		if err != nil && value != "" {
			require.Contains(t, err.Error(), "refund_fee")
		}
	}
	require.Equal(t, []int{0, 2, 10}, fields{"a_0": "", "a_2": "", "a_10": "", "a_02": "", "a_-1": "", "a_x": "", "a_0_0": "", "ab_3": ""}.indices("a"))
}

func TestEveryXMLSampleCarriesASignatureThatHolds(t *testing.T) {
	files, err := os.ReadDir("testdata")
	require.NoError(t, err)
	checked := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".xml") {
			continue
		}
		f, err := parseXML(sample(t, file.Name()), "xml")
		require.NoError(t, err, file.Name())
		if !f.has("sign") {
			continue
		}
		how := SignMD5
		if f["sign_type"] == string(SignHMACSHA256) {
			how = SignHMACSHA256
		}
		require.NoError(t, signer{how, apiKey}.verify(f), file.Name())
		checked++
	}
	require.Greater(t, checked, 15)
}

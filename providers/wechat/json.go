package wechat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/providers/wire"
)

// parseObject is [wire.ParseObject] within our bounds.
func parseObject(raw []byte) (wire.Object, error) {
	if len(raw) > maxMessage {
		return nil, fmt.Errorf("the document has more than %d bytes", maxMessage)
	}
	return wire.ParseObject(bytes.TrimPrefix(raw, byteOrderMark))
}

// parseCloud turns an object of the cloud dialects into fields. The platform
// writes the same field in three spellings (§4.2, §5): "refund_status_list": [..],
// "refundStatusList": [..], and "refund_status_0" or "refundStatus0". All become
// "refund_status_0". A field that comes in two of them must have one value; an
// empty one is none.
func parseCloud(raw []byte) (fields, error) {
	object, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	f := fields{}
	for name, value := range object {
		name = v2Name(name)
		if name == sdkCode && !integerText(value) {
			name = "err_code" // CloudPay's own errCode hides v2's err_code (inferred, §16.12)
		}
		if err := f.put(name, value, 2); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// sdkCode is the field of CloudPay's SDK, whose errCode is a number beside the
// business answer and says nothing of it (§16.12).
const sdkCode = "sdk_code"

// put adds one value; lists become indexed names, deep levels of them at most.
func (f fields) put(name string, value json.RawMessage, deep int) error {
	switch text := string(value); {
	case text == "null", text[0] == '{': // promotion_detail and the like: nothing that is read
		return nil
	case text[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil || deep == 0 {
			return errors.New("a list is not of the documented shape")
		}
		name = strings.TrimSuffix(name, "_list")
		if len(list) > 0 && list[0][0] == '[' { // coupon_refund_fee_array holds each refund's coupons
			name = strings.TrimSuffix(name, "_array")
		}
		for i, item := range list {
			if err := f.put(index(name, i), item, deep-1); err != nil {
				return err
			}
		}
		return nil
	default:
		if text[0] == '"' {
			if err := json.Unmarshal(value, &text); err != nil {
				return errors.New("a text cannot be read")
			}
		}
		old := f[name]
		if text == "" {
			text = old
		}
		if old != "" && old != text {
			return errors.New("a field is given twice with different values")
		}
		if f[name] = text; len(f) > maxFields {
			return fmt.Errorf("the document has more than %d fields", maxFields)
		}
		return nil
	}
}

func integerText(value json.RawMessage) bool {
	_, err := strconv.ParseInt(strings.Trim(string(value), `"`), 10, 64)
	return err == nil
}

// v2Name is the v2 spelling of a name: "refundStatus0" is "refund_status_0".
func v2Name(name string) string {
	if name == "errCode" {
		return sdkCode
	}
	var b strings.Builder
	var last rune
	for _, c := range name {
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte('_')
			c += 'a' - 'A'
		case isDigit(c) && !isDigit(last) && last != '_' && last != 0:
			b.WriteByte('_')
		}
		b.WriteRune(c)
		last = c
	}
	return b.String()
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

// cloudPayName is CloudPay's spelling of a v2 name: "sub_mch_id" is "subMchId".
func cloudPayName(name string) string {
	parts := strings.Split(name, "_")
	for i, part := range parts[1:] {
		if part != "" {
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "")
}

package shengpay

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/refundflow/refundflow/providers/wire"
)

// Names of the parameters about the signature itself; signType is signed.
const (
	fieldSign     = "sign"
	fieldSignType = "signType"
	fieldNonce    = "nonceStr"
	signTypeRSA   = "RSA"
)

// Empty values are left out (§5.1), unlike in Baidu's callbacks.
var canonical = wire.Canonical{Omit: []string{fieldSign}, OmitEmpty: true}

// Errors of verify.
var (
	errUnsigned  = errors.New("the message has no signature")
	errSignature = errors.New("the message's signature does not hold")
	// errBlurred: the signature holds, but over a text that can be read in two ways.
	errBlurred = fmt.Errorf("%w: a value holds what could be a field", errSignature)
)

// sign returns the signature over params: SHA-1, whatever "RSA" suggests (§5.1).
func sign(key *rsa.PrivateKey, params map[string]string) (string, error) {
	return wire.SignRSA(key, crypto.SHA1, canonical.Text(params))
}

// verify checks a message against Shengpay's key, over whatever members it has
// (§4.2). It returns [errUnsigned] when there is no signature to check,
// [errBlurred] when it holds and yet proves nothing, else [errSignature].
//
// How null and nested values are signed is not documented: clients leave them
// out, Shengpay's own PHP writes null as "name=" (§5.3). A message that has a null
// is read the second way once. That lets no forger in, since a null is never used
// and adds nothing to the text but its name. A nested value is left out either
// way: its raw text could swallow signed fields behind it.
func verify(key *rsa.PublicKey, members wire.Object) error {
	if !members.Has(fieldSign) || string(members[fieldSign]) == `""` {
		return errUnsigned
	}
	var encoded string
	if err := members.Read(fieldSign, &encoded); err != nil {
		return fmt.Errorf("%w: sign is no text", errSignature)
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("%w: sign is not base64 (%d characters)", errSignature, len(encoded))
	}
	plain, nulls, blurred, err := signedValues(members)
	if err != nil {
		return err
	}
	err = wire.VerifyRSA(key, crypto.SHA1, canonical.Text(plain), signature)
	if err != nil && len(nulls) > 0 {
		for name, value := range plain {
			if value != "" {
				nulls[name] = value
			}
		}
		err = wire.VerifyRSA(key, crypto.SHA1, wire.Canonical{Omit: canonical.Omit}.Text(nulls), signature)
	}
	if err != nil {
		return fmt.Errorf("%w for the configured platform key: %w", errSignature, err)
	}
	if blurred {
		return errBlurred
	}
	return nil
}

// signedValues returns the values as they are signed: texts decoded, numbers in
// the digits that were sent, since a float would change them (§5.3). nulls holds
// the members that are null; nested ones are in neither. blurred: some value
// hides what could be a field, see hidesField.
func signedValues(members wire.Object) (plain, nulls map[string]string, blurred bool, err error) {
	plain, nulls = map[string]string{}, map[string]string{}
	for name, raw := range members {
		if strings.ContainsAny(name, "&=") {
			return nil, nil, false, fmt.Errorf("%w: a name holds what could be two", errSignature)
		}
		value := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, nil, false, fmt.Errorf("%w: a text cannot be read", errSignature)
			}
		}
		blurred = blurred || name != fieldSign && hidesField(value)
		switch raw[0] {
		case 'n':
			nulls[name] = ""
		case '{', '[':
		default:
			plain[name] = value
		}
	}
	return plain, nulls, blurred, nil
}

// hidesField reports whether a value ends in what could be a field of its own.
// "a=1&b=2" is signed alike whether b is a field or the tail of a, so that whoever
// holds one signed message could hide one of its fields in another. Only fields
// that are read here matter: an order's attach may well hold "x=1&y=2".
func hidesField(value string) bool {
	return strings.Contains(value, "&") && slices.ContainsFunc(fieldNames, func(name string) bool {
		return strings.Contains(value, "&"+name+"=")
	})
}

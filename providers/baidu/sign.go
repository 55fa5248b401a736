package baidu

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/refundflow/refundflow/providers/wire"
)

// The name of the signature differs between the cashier and the order query (§9).
const (
	signatureCashier = "rsaSign"
	signatureOrder   = "sign"
)

// canonical: everything that is sent or was received is signed, but signatures.
var canonical = wire.Canonical{Omit: []string{signatureCashier, signatureOrder, "sign_type"}}

// sign returns params with their signature under name. Empty values are not
// sent at all: Baidu's pages disagree on whether they are signed (§9.3).
func sign(key *rsa.PrivateKey, name string, params map[string]string) (url.Values, error) {
	sent := map[string]string{}
	form := url.Values{}
	for k, v := range params {
		if v != "" {
			sent[k] = v
			form.Set(k, v)
		}
	}
	// Baidu takes "RSA" only, which is SHA-1; "RSA2" is refused (§9.1).
	signature, err := wire.SignRSA(key, crypto.SHA1, canonical.Text(sent))
	if err != nil {
		return nil, err
	}
	form.Set(name, signature)
	return form, nil
}

// errSignature is wrapped by every error of verify.
var errSignature = errors.New("the callback's signature does not hold")

// resplit matches a value that could be two parameters. "a=1&b=2" is signed alike
// whether b is a parameter of its own or the tail of a, so that whoever holds one
// signed callback could make another out of it.
var resplit = regexp.MustCompile(`&[^&=]+=`)

// verify checks a callback's rsaSign against the platform's public key. form
// holds the fields of the POST body only: parameters of the callback address are
// not signed (§9.5). Every field counts, empty ones as "name=" (§9.3). A name
// given twice is refused, since the signature cannot say which value it means.
func verify(key *rsa.PublicKey, form url.Values) error {
	params := make(map[string]string, len(form))
	for name, values := range form {
		if len(values) != 1 {
			return fmt.Errorf("%w: a field is given %d times", errSignature, len(values))
		}
		if strings.ContainsAny(name, "&=") || name != signatureCashier && resplit.MatchString(values[0]) {
			return fmt.Errorf("%w: a field holds what could be two", errSignature)
		}
		params[name] = values[0]
	}
	// A signature that was not percent-encoded arrives with "+" as a space, and
	// one was seen without its padding (§9.5). Restoring both cannot help a forger.
	text := strings.TrimRight(strings.ReplaceAll(params[signatureCashier], " ", "+"), "=")
	if text == "" {
		return fmt.Errorf("%w: rsaSign is missing", errSignature)
	}
	signature, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("%w: rsaSign is not base64 (%d characters)", errSignature, len(text))
	}
	if err := wire.VerifyRSA(key, crypto.SHA1, canonical.Text(params), signature); err != nil {
		return fmt.Errorf("%w for the configured platform key: %w", errSignature, err)
	}
	return nil
}

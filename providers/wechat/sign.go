package wechat

import (
	"crypto/hmac"
	"crypto/md5" // the platform's default, still in use
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/refundflow/refundflow/providers/wire"
)

// SignType is how v2 messages are signed (§8).
type SignType string

// The ways to sign.
const (
	SignMD5        SignType = "MD5"
	SignHMACSHA256 SignType = "HMAC-SHA256"
)

// canonical: every field with a value, whatever its name, but the signature.
var canonical = wire.Canonical{Omit: []string{"sign"}, OmitEmpty: true}

// signer signs and verifies with the merchant's API key.
type signer struct {
	how SignType
	key string
}

func (s signer) sign(f fields) string {
	text := canonical.Text(f) + "&key=" + s.key
	var sum []byte
	if s.how == SignMD5 {
		digest := md5.Sum([]byte(text))
		sum = digest[:]
	} else {
		mac := hmac.New(sha256.New, []byte(s.key))
		mac.Write([]byte(text))
		sum = mac.Sum(nil)
	}
	return strings.ToUpper(hex.EncodeToString(sum))
}

// errSignature: the answer may be anybody's.
var errSignature = errors.New("the answer's signature is missing or does not hold")

// verify checks an answer over every field received, with the algorithm of the
// request (§8). A reader of chosen fields only would lose those that count 0.
func (s signer) verify(f fields) error {
	if !f.has("sign") || !hmac.Equal([]byte(f["sign"]), []byte(s.sign(f))) {
		return errSignature
	}
	return nil
}

// newNonce makes nonce_str, 32 characters. Every attempt has its own: WeChat
// compares the business content of a repeat, not this.
func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return hex.EncodeToString(b[:])
}

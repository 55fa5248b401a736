package refund

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Seal proves that a decision comes from whoever holds the account's decision
// key: whoever can reach the Temporal server can send a signal, and claim any name.
// An account that demands seals takes no approve, reject or resolve without one;
// elsewhere they are ignored.
type Seal struct {
	// Expires is the last moment at which the decision may be taken.
	Expires time.Time `json:"expires,omitzero"`
	// Signature is [Sealed.Sign] in 64 hex digits.
	Signature string `json:"signature,omitempty"`
}

var signature = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s Seal) validate(bad *InvalidError) {
	if s.Signature != "" && !signature.MatchString(s.Signature) {
		bad.Add("signature", "want 64 hex digits in lower case, got %d characters", len(s.Signature))
	}
	if s.Signature != "" && s.Expires.IsZero() {
		bad.Add("expires", "want the time that was signed: a signature without an end is good for ever")
	}
	if s.Signature == "" && !s.Expires.IsZero() {
		bad.Add("signature", "want the signature of the decision that expires")
	}
}

// Sealed is what a signature is made over. The note is not part of it.
type Sealed struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	Amount  Fen    `json:"amount"`
	// Decision is "approve", "reject", or "resolve-" and a [ResolveAction].
	Decision string `json:"decision"`
	By       string `json:"by"`
	// Evidence is that of a resolution.
	Evidence string    `json:"evidence,omitempty"`
	Expires  time.Time `json:"expires"`
}

// SealedResolve is the Decision of a [Sealed] resolution.
func SealedResolve(action ResolveAction) string { return "resolve-" + string(action) }

// LongestSeal bounds how far ahead a decision may expire.
const LongestSeal = 31 * 24 * time.Hour

// Sign is the HMAC-SHA256, in 64 hex digits, over these lines, each ended by a line
// feed: "refundflow decision 1", account, id, amount in fen, decision, by, evidence (an
// empty line for none), and expires in UTC to the second as in 2026-11-21T08:00:00Z.
func (s Sealed) Sign(key []byte) string {
	mac := hmac.New(sha256.New, key)
	for _, line := range []string{
		"refundflow decision 1", s.Account, s.ID, strconv.FormatInt(int64(s.Amount), 10), s.Decision, s.By,
		s.Evidence, s.Expires.UTC().Format(time.RFC3339),
	} {
		mac.Write([]byte(line + "\n")) // none but the evidence holds one, and stands between two that cannot
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// Verify says what is wrong with a signature at a moment, or returns nil. Any of the keys
// may have made it, so that keys can be replaced while decisions are under way.
func (s Sealed) Verify(signature string, keys [][]byte, now time.Time) error {
	switch {
	case signature == "":
		return errors.New("the account takes signed decisions only: sign it with the account's decision key")
	case now.After(s.Expires):
		return fmt.Errorf("its signature expired at %s: decide again", s.Expires.UTC().Format(time.RFC3339))
	case s.Expires.Sub(now) > LongestSeal:
		return fmt.Errorf("its signature expires in more than %d days: sign it for a shorter time", int(LongestSeal.Hours()/24))
	}
	for _, key := range keys {
		if hmac.Equal([]byte(s.Sign(key)), []byte(signature)) {
			return nil
		}
	}
	return fmt.Errorf("its signature is not that of %q by %s about %s of refund %s/%s until %s: check the key and each of these",
		s.Decision, s.By, s.Amount, s.Account, s.ID, s.Expires.UTC().Format(time.RFC3339))
}

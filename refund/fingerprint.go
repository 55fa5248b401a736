package refund

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Fingerprint is the SHA-256, in hex, of the request's canonical form. Two
// requests with the same ID are the same refund exactly when their
// fingerprints agree; the ledger keeps it for ever.
//
// The canonical form is the request's own JSON with the time of payment in
// UTC and an empty Extra left out, so that neither the zone nor the order of
// fields makes a difference.
func (r Request) Fingerprint() string {
	r.Order.PaidAt = r.Order.PaidAt.UTC()
	if len(r.Extra) == 0 {
		r.Extra = nil
	}
	canonical, err := json.Marshal(r)
	if err != nil {
		// Strings, integers and a time: only a year beyond 0 to 9999 fails, which
		// neither the strict decoder nor Validate lets pass.
		panic(fmt.Sprintf("refund: request cannot be encoded: %v", err))
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

package refund

import (
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// WorkflowID is the one place where a refund's Temporal workflow id is made:
// "refund/<account>/<id>", at most 104 bytes since both parts are bounded by
// [Request.Validate].
func WorkflowID(account, id string) string { return "refund/" + account + "/" + id }

// ParseWorkflowID is the inverse of [WorkflowID].
func ParseWorkflowID(workflowID string) (account, id string, ok bool) {
	parts := strings.Split(workflowID, "/")
	if len(parts) != 3 || parts[0] != "refund" {
		return "", "", false
	}
	return parts[1], parts[2], accountPattern.MatchString(parts[1]) && idPattern.MatchString(parts[2])
}

// NewID makes an ID for a caller who has no business key of their own. It is a
// random UUID without dashes, so that it fits every provider's alphabet and
// reaches the provider unchanged.
func NewID() string { return undashed(uuid.New()) }

// NumberFormat is what a provider accepts as a merchant's refund number.
type NumberFormat struct {
	// Alphabet holds every character that may appear.
	Alphabet string `json:"alphabet"`
	// Max is the greatest length.
	Max int `json:"max"`
}

// Accepts reports whether s is a possible refund number.
func (f NumberFormat) Accepts(s string) bool {
	return s != "" && len(s) <= f.Max && strings.Trim(s, f.Alphabet) == ""
}

// numberSpace is refundflow's own UUID name space. Changing it would give
// running refunds a second number: never do that.
var numberSpace = uuid.MustParse("6f1d3f0e-6c0b-5a57-9d0e-2b1f3a4c5d6e")

// ProviderNumber derives the refund number that the provider is told: the
// account's prefix and the refund's ID where the provider accepts that, else a
// version 5 UUID of account, prefix and ID in 32 hex digits. Either way two
// prefixes never give one ID the same number. It is derived once, when the
// refund is opened, and then kept in the ledger: it never changes, however often
// a refund is repeated.
func ProviderNumber(account, prefix, id string, format NumberFormat) string {
	if n := prefix + id; format.Accepts(n) {
		return n
	}
	name := account + "/" + id // none of the parts holds a slash
	if prefix != "" {
		name = account + "/" + prefix + "/" + id
	}
	return undashed(uuid.NewSHA1(numberSpace, []byte(name)))
}

func undashed(u uuid.UUID) string { return hex.EncodeToString(u[:]) }

package refund

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Request is what a caller asks for: give Amount of Order back through Account.
//
// Its JSON is strict: an unknown, doubled or wrongly typed field is refused by
// name when the document is decoded, and [Request.Validate] names every field
// that is missing or out of range.
type Request struct {
	// ID is the caller's business key: 1 to 32 characters of 0-9 A-Z a-z _ -.
	// The same ID with the same content is the same refund, for ever; with
	// other content it is a conflict.
	ID string `json:"id"`
	// Account names an account of the worker's configuration: 1 to 64
	// characters of 0-9 a-z . _ -, a digit or letter first.
	Account string `json:"account"`
	// Amount to give back, in fen, greater than 0 and at most Order.Total.
	Amount Fen `json:"amount"`
	// Reason for people, 1 to 200 characters. What a provider is told is derived
	// from it by that provider's own rules.
	Reason string `json:"reason"`
	// Initiator says on whose behalf the refund is made.
	Initiator Initiator `json:"initiator"`
	// RequestedBy names the person or service that asks, 1 to 64 characters;
	// nobody approves their own request.
	RequestedBy string `json:"requested_by"`
	// Order is the paid order.
	Order Order `json:"order"`
	// Extra carries what only one provider needs, by names from its page.
	Extra map[string]string `json:"extra,omitempty"`
}

// Order is the paid order a refund belongs to, as the payment callback told it.
type Order struct {
	// PlatformID is the platform's order number (Baidu: orderId).
	PlatformID string `json:"platform_id,omitempty"`
	// MerchantID is the merchant's own order number (Baidu: tpOrderId).
	MerchantID string `json:"merchant_id,omitempty"`
	// UserID is the platform's number of the payer (Baidu: userId).
	UserID string `json:"user_id,omitempty"`
	// Total is what was paid, in fen.
	Total Fen `json:"total"`
	// PaidAt is when it was paid, in the years 2000 to 2100; zero when the caller
	// does not know.
	PaidAt time.Time `json:"paid_at,omitzero"`
	// StoreID and StoreIDType name the shop for platforms of in-store trade.
	StoreID     string `json:"store_id,omitempty"`
	StoreIDType string `json:"store_id_type,omitempty"`
}

// Initiator says on whose behalf a refund is made.
type Initiator string

// The initiators a request may name.
const (
	InitiatorUser    Initiator = "user"    // the buyer asked for it
	InitiatorSupport Initiator = "support" // the merchant's service desk decided it
	InitiatorSystem  Initiator = "system"  // the merchant could not deliver
)

var (
	idPattern      = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)
	accountPattern = regexp.MustCompile(`^[0-9a-z][0-9a-z._-]{0,63}$`)
)

// Full reports whether the whole order is given back at once.
func (r Request) Full() bool { return r.Amount == r.Order.Total }

// Validate names everything that is wrong with the request, or returns nil.
// The error is an [*InvalidError].
func (r Request) Validate() error {
	var bad InvalidError
	if !idPattern.MatchString(r.ID) {
		bad.Add("id", "want 1 to 32 characters of 0-9 A-Z a-z _ -, got %s", shape(r.ID))
	}
	if !accountPattern.MatchString(r.Account) {
		bad.Add("account", "want 1 to 64 characters of 0-9 a-z . _ -, a digit or letter first, as in the configuration, got %s", shape(r.Account))
	}
	switch {
	case r.Amount <= 0:
		bad.Add("amount", "want an integer number of fen greater than 0, got %d", int64(r.Amount))
	case r.Amount > MaxFen:
		bad.Add("amount", "want at most %d fen, got %d", int64(MaxFen), int64(r.Amount))
	case r.Order.Total > 0 && r.Amount > r.Order.Total:
		bad.Add("amount", "want at most the order's total of %d fen, got %d", int64(r.Order.Total), int64(r.Amount))
	}
	bad.text("reason", r.Reason, 200)
	switch r.Initiator {
	case InitiatorUser, InitiatorSupport, InitiatorSystem:
	default:
		bad.Add("initiator", `want "user", "support" or "system", got %s`, shape(string(r.Initiator)))
	}
	bad.text("requested_by", r.RequestedBy, 64)
	r.Order.validate(&bad)
	for _, k := range slices.Sorted(maps.Keys(r.Extra)) {
		if utf8.RuneCountInString(k) > 64 || utf8.RuneCountInString(r.Extra[k]) > 512 {
			bad.Add("extra."+shorten(k), "want a name of at most 64 and a value of at most 512 characters")
		}
	}
	if len(r.Extra) > 32 {
		bad.Add("extra", "want at most 32 entries, got %d", len(r.Extra))
	}
	return bad.OrNil()
}

func (o Order) validate(bad *InvalidError) {
	if o.PlatformID == "" && o.MerchantID == "" {
		bad.Add("order.platform_id", "want the platform's order number here, or the merchant's in order.merchant_id")
	}
	for _, f := range []struct{ name, value string }{
		{"order.platform_id", o.PlatformID}, {"order.merchant_id", o.MerchantID}, {"order.user_id", o.UserID},
		{"order.store_id", o.StoreID}, {"order.store_id_type", o.StoreIDType},
	} {
		if f.value != "" {
			bad.text(f.name, f.value, 64)
		}
	}
	if o.Total <= 0 || o.Total > MaxFen {
		bad.Add("order.total", "want what was paid, an integer number of fen from 1 to %d, got %d", int64(MaxFen), int64(o.Total))
	}
	if !o.PaidAt.IsZero() && !plausible(o.PaidAt) {
		bad.Add("order.paid_at", wantMoment)
	}
}

const wantMoment = "want a time in the years 2000 to 2100, its zone whole minutes and at most 14 hours from UTC"

// plausible reports whether an order can have been paid at t, in a zone that
// exists. JSON cannot express every other time, and the fingerprint must.
func plausible(t time.Time) bool {
	year := t.UTC().Year()
	_, offset := t.Zone()
	return year >= 2000 && year <= 2100 && offset%60 == 0 && max(offset, -offset) <= 14*60*60
}

// text demands 1 to max printable characters without white space at the ends.
func (e *InvalidError) text(field, value string, max int) {
	switch n := utf8.RuneCountInString(value); {
	case !utf8.ValidString(value):
		e.Add(field, "want UTF-8 text")
	case n == 0 || n > max:
		e.Add(field, "want 1 to %d characters, got %d", max, n)
	case strings.TrimSpace(value) != value:
		e.Add(field, "want no white space at either end")
	case strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }):
		e.Add(field, "want printable characters only")
	}
}

// shape describes a value without repeating more of it than a reader needs.
func shape(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q (%d characters)", shorten(s), utf8.RuneCountInString(s))
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 24 {
		return string(r[:24]) + "…"
	}
	return s
}

package merchants

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// rich is what merchants begin with, in fen: enough for everything.
const rich = 1_000_000_00

// Merchant is a merchant of one platform.
type Merchant interface {
	// Platform is the platform's name, as people write it.
	Platform() string
	// Register makes the merchant at the stand-in and its files in the site's folder,
	// and returns its block of the account's configuration, indented by four blanks.
	// A merchant of an earlier run of the same stand-in is kept, with its keys; it
	// gets the addresses of this run.
	Register(context.Context, Site) (block string, err error)
	// Order makes a paid order; its Merchant is filled in.
	Order(context.Context, *control.Client, control.NewOrder) (refund.Order, error)
	// Book is what the platform's books and its log of messages say of an order.
	Book(context.Context, *control.Client, refund.Order) (Book, error)
}

// Site is where a merchant is set up.
type Site struct {
	// Account is the account's name in the configuration.
	Account string
	// Folder holds its files, beside the configuration.
	Folder string
	// Sandbox, URL, TLSURL and CAPEM are those of the stand-in.
	Sandbox            *control.Client
	URL, TLSURL, CAPEM string
	// Callbacks is the worker's address before "/refund" and "/audit". Left out, the platform
	// is given no address, and tells nobody.
	Callbacks string
	// Poll and AbsenceInterval are written as they are: "[30s]", "300ms".
	Poll, AbsenceInterval string
}

// to is the address of one kind of message.
func (s Site) to(kind string) string {
	if s.Callbacks == "" {
		return ""
	}
	return s.Callbacks + "/" + kind
}

// file is the path of one of the account's files.
func (s Site) file(name string) string { return filepath.Join(s.Folder, s.Account+name) }

func (s Site) write(name, content string) error {
	return os.WriteFile(s.file(name), []byte(content), 0o600)
}

// Book is what a platform says of one order.
type Book struct {
	Refunds []control.PlacedRefund
	// Deliveries are the attempts to bring messages about the order, oldest first.
	Deliveries []control.Delivery
}

// Taken lists the kinds of messages that the merchant has taken, without the word
// "refund" that nearly all begin with, each once and in the order of arrival.
func (b Book) Taken() []string {
	var kinds []string
	for _, d := range b.Deliveries {
		kind := strings.TrimPrefix(d.Kind, "refund ")
		if d.Taken && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// orders are a merchant's orders at one of the stand-ins that share one shape.
type orders struct {
	platform string
	// Number is the platform's number of the merchant.
	Number string
}

// Order implements [Merchant].
func (o orders) Order(ctx context.Context, c *control.Client, wanted control.NewOrder) (refund.Order, error) {
	wanted.Merchant = o.Number
	made, err := c.Platform(o.platform).CreateOrder(ctx, wanted)
	return refund.Order{
		PlatformID: made.PlatformID, MerchantID: made.MerchantID, Total: refund.Fen(made.Total),
		StoreID: made.StoreID, StoreIDType: made.StoreIDType, PaidAt: made.PaidAt,
	}, err
}

// Book implements [Merchant].
func (o orders) Book(ctx context.Context, c *control.Client, of refund.Order) (Book, error) {
	b, err := c.Platform(o.platform).OrderBook(ctx, of.PlatformID)
	return Book{Refunds: b.Refunds, Deliveries: b.Deliveries}, err
}

// taken reports that a merchant of that number is in the books already.
func taken(err error) bool {
	var refused *control.Error
	return errors.As(err, &refused) && refused.Status == http.StatusConflict
}

// block is the template of a merchant's block; it sees a [Site] as S and the
// merchant as M.
func block(text string) *template.Template { return template.Must(template.New("").Parse(text)) }

func fill(t *template.Template, s Site, m Merchant) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, struct {
		S Site
		M Merchant
	}{s, m}); err != nil {
		return "", fmt.Errorf("the configuration of %s: %w", s.Account, err)
	}
	return b.String(), nil
}

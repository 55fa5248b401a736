package callback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// MaxBody is the greatest size of a callback, in bytes; a larger one is answered
// with 413. Platforms send less than 4 KiB.
const MaxBody = 64 << 10

// Options are what the receiver works with. All but Reopen and Now are required.
type Options struct {
	Accounts Accounts
	Books    Books
	// Signal wakes the workflow with this id, so that it looks at its refund now. It
	// returns nil for a workflow that is not there or has ended. An error is logged
	// and changes nothing else, since the workflow asks by itself, too.
	Signal func(ctx context.Context, workflowID string) error
	// Reopen begins the workflow of a refund anew that has ended otherwise than the
	// platform says now: it stands as needing attention until a person says which is
	// true. An error is logged; the reconciler does it later. Nil leaves it to that.
	Reopen func(context.Context, refund.Request) error
	Logger logrus.FieldLogger
	// Now is the clock; default [time.Now].
	Now func() time.Time
}

// Accounts finds the provider of an account of the configuration.
type Accounts interface {
	Provider(account string) (providers.Provider, bool)
}

// Books are what the receiver reads and writes; every [ledger.Ledger] has them.
type Books interface {
	ledger.Notices
	Note(ctx context.Context, key ledger.Key, at time.Time, step, text string) error
}

// New makes the receiver. It answers
//
//   - POST /callbacks/{account}/refund for a provider that is [providers.Notified],
//   - POST /callbacks/{account}/audit for one that is [providers.Auditor],
//
// as the provider wants it, with 404 for an unknown account and a provider without
// the ability, 405 for another method, 413 beyond [MaxBody], 408 when the message does
// not arrive while the platform waits. Parameters in the address are ignored: nobody
// signs them. A path with "..", "." or "//" is no other way to an account but 404.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &handler{Options: o}
	mux := http.NewServeMux()
	mux.Handle("/callbacks/{account}/refund", h.route(h.notifications))
	mux.Handle("/callbacks/{account}/audit", h.route(h.audits))
	return h.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); p != path.Clean("/"+p) {
			http.NotFound(w, r) // the mux would lead the way with a redirect
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

type handler struct {
	Options
	pace pace
}

// message is one callback on its way.
type message struct {
	providers.Callback
	account string
	rules   providers.Rules
	log     logrus.FieldLogger
}

// receiver is a provider's ability to take messages: how long it may take, and the
// answer. A nil answer means that it lacks the ability.
type receiver struct {
	limit  time.Duration
	answer func(context.Context, message) providers.Reply
}

// bookTime bounds reading a message and writing it down. Baidu waits 2 s, others
// longer; the rest is for [signalTime] and the way back.
const bookTime = 1500 * time.Millisecond

func (h *handler) route(ability func(providers.Provider) receiver) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "this address takes the messages of a payment platform, sent with POST", http.StatusMethodNotAllowed)
			return
		}
		account := r.PathValue("account")
		provider, ok := h.Accounts.Provider(account)
		if !ok {
			h.Logger.WithField("account", refund.CleanText(account)).Info("a callback for an account that is not configured")
			http.Error(w, "no such account is configured", http.StatusNotFound)
			return
		}
		to := ability(provider)
		if to.answer == nil {
			http.Error(w, "the account's platform sends no such messages", http.StatusNotFound)
			return
		}
		// The clock starts before the body is read: a slow sender spends his own time.
		ctx, cancel := context.WithTimeout(r.Context(), to.limit)
		defer cancel()
		arrived := hurry(w, to.limit)
		rules := provider.Rules()
		log := h.Logger.WithFields(logrus.Fields{"account": account, "provider": rules.Provider})
		if r.ContentLength > MaxBody {
			unread(w, log, &http.MaxBytesError{Limit: MaxBody}) // none of it is waited for
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
		if err != nil {
			unread(w, log, err)
			return
		}
		arrived()
		write(w, to.answer(ctx, message{
			Callback: providers.Callback{Header: r.Header, Body: body}, account: account, rules: rules, log: log,
		}))
	}
}

// hurry cuts the reading of a message off when nobody waits for its answer any more,
// so that trickling senders hold neither lines nor memory. What it returns ends
// that: a deadline that passes later would end the connection's other messages.
func hurry(w http.ResponseWriter, limit time.Duration) (enough func()) {
	line := http.NewResponseController(w)
	_ = line.SetReadDeadline(time.Now().Add(limit)) // not every server can; then its own time-outs hold
	return func() { _ = line.SetReadDeadline(time.Time{}) }
}

// unread answers a message that did not arrive as a whole; a platform sends it again.
func unread(w http.ResponseWriter, log logrus.FieldLogger, err error) {
	status, text := http.StatusBadRequest, "the message did not arrive as a whole"
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		status, text = http.StatusRequestEntityTooLarge, fmt.Sprintf("want at most %d bytes", MaxBody)
	case errors.Is(err, os.ErrDeadlineExceeded):
		status, text = http.StatusRequestTimeout, "the message did not arrive in time"
	}
	log.WithField("status", status).Warn("a callback was not read")
	http.Error(w, text, status)
}

func write(w http.ResponseWriter, r providers.Reply) {
	if r.ContentType != "" {
		w.Header().Set("Content-Type", r.ContentType)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // a platform that is gone sends its message again
}

// guard turns a panic into a 500, which every platform repeats. The panic's value
// might hold a piece of the message, so only its type is logged.
func (h *handler) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				h.Logger.WithFields(logrus.Fields{"panic": fmt.Sprintf("%T", v), "stack": string(debug.Stack()), "alert": true}).
					Error("a callback made the receiver panic: this is a defect")
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// refused logs a message that was not believed: what the provider found, never what
// the message said.
func (m message) refused(err error) {
	fields := logrus.Fields{"code": "not a failure"}
	var f *refund.Failure
	if errors.As(err, &f) {
		fields = logrus.Fields{"op": f.Op, "class": f.Class, "code": f.Code, "hint": f.Hint}
	}
	m.log.WithFields(fields).Warn("a callback was not believed")
}

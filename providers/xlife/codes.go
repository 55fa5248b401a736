package xlife

import (
	"strconv"
	"strings"
	"time"

	"github.com/refundflow/refundflow/refund"
)

// op is an operation in the gateway's own words.
type op string

const (
	opRefund      op = "alibaba.xlife.onsite.trade.refund"
	opOrder       op = "alibaba.mos.onsite.trade.query"
	opQueryRefund op = "alibaba.mos.onsite.trade.queryrefund"
)

// reads reports whether the operation changes nothing and can be repeated freely.
func (o op) reads() bool { return o != opRefund }

// code is one row: what a code means and what to do about it.
type code struct {
	code  string
	class refund.Class
	// request: the fault is in the request's own content, not in the account.
	request bool
	// wait is the least pause before a repeat makes sense.
	wait time.Duration
	hint string
}

const (
	hintLook    = "the outcome is not known: the same request is sent again, which is how Miaojie is asked"
	hintParams  = "compare the order's numbers, its store and extra with Miaojie's record of the payment"
	hintSession = "authorise the app anew, write the new session into session_file, restart the worker and resolve with retry: the refund keeps its number"
	hintKeys    = "compare app_key, app_secret_file and sign_method with the console"
	hintAccess  = "apply for the interface in the platform's console"
	hintSlow    = "too many calls: wait"
	hintClient  = "the gateway does not understand the call: compare url with the platform's pages"
	hintMethod  = "the gateway has no such method: ask Miaojie whether the interface is still switched on for the app"
	hintClock   = "set this machine's clock: the gateway refuses what is ten minutes off"
)

// What the notes call "retryable after a wait" is ambiguous here wherever they
// add that the refund may exist: an earlier copy of the request may be the very
// refund in flight, and repeating answers that.

// subCodes are the codes that say what happened (§7.1, §7.2); "*" ends a prefix.
// Three refusals of the business begin with isp., so that the platform's rule
// "isp. is the server's fault, repeat" comes last.
var subCodes = []code{
	{code: "isv.REFUND_INVALID_PARAMS", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{code: "isv.REFUND_AMOUNT_INVALID", class: refund.ClassRejected, hint: "Miaojie gives back whole orders only: compare order.total with what was paid"},
	// Perhaps because an earlier refund went through, under whatever number.
	{code: "isp.REFUND_NOT_ALLOWED_ERROR", class: refund.ClassNeedsHuman, hint: "look at the order at Miaojie: it may be given back already, or past the contract's period"},
	{code: "isp.REFUND_CREATE_FAILED", class: refund.ClassAmbiguous, wait: 30 * time.Second, hint: hintLook},
	{code: "isp.EXISTS_REFUNDING_ORDER", class: refund.ClassAmbiguous, wait: 60 * time.Second, hint: "a refund of the order is under way, perhaps this one: " + hintLook},
	{code: "isv.REFUND_FAILED_STORE_NOMATCH", class: refund.ClassMisconfigured, request: true, hint: "correct order.store_id and order.store_id_type: want the store in which the order was paid"},
	{code: "isv.invalid-parameter", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{code: "isv.missing-parameter", class: refund.ClassMisconfigured, request: true, hint: hintParams},

	{code: "isp.top-remote-connection-timeout", class: refund.ClassAmbiguous, wait: 5 * time.Second, hint: hintLook},
	{code: "isp.top-remote-connection-error", class: refund.ClassAmbiguous, wait: 5 * time.Second, hint: hintLook}, // inferred
	{code: "isp.top-remote-service-unavailable", class: refund.ClassAmbiguous, wait: 30 * time.Second, hint: hintLook},
	{code: "isp.top-remote-unknown-error", class: refund.ClassAmbiguous, wait: 30 * time.Second, hint: hintLook},
	{code: "isp.remote-connection-error", class: refund.ClassAmbiguous, wait: 5 * time.Second, hint: hintLook},
	{code: "isp.remote-service-timeout", class: refund.ClassAmbiguous, wait: 5 * time.Second, hint: hintLook},
	{code: "isp.unknown-error", class: refund.ClassAmbiguous, wait: 30 * time.Second, hint: hintLook}, // inferred
	{code: "isp.*", class: refund.ClassAmbiguous, wait: 30 * time.Second, hint: hintLook},

	{code: "isv.permission-api-package-empty", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "isv.permission-api-package-not-allowed", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "isv.permission-api-package-limit", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "isv.permission-ip-whitelist-limit", class: refund.ClassMisconfigured, hint: "add this machine's address to the app's white list in the console"},
	{code: "isv.*", class: refund.ClassNeedsHuman, hint: "the gateway refuses for a reason that the notes do not list: read its message"},

	{code: "accesscontrol.limited-by-app-access-count", class: refund.ClassThrottled, wait: 60 * time.Second, hint: "the app's calls of the day are used up: wait for midnight in GMT+8, or ask for more in the console"},
	{code: "accesscontrol.limited-by-api-access-count", class: refund.ClassThrottled, wait: 2 * time.Second, hint: hintSlow},
	{code: "accesscontrol.limited-by-app-api-access-count", class: refund.ClassThrottled, wait: 2 * time.Second, hint: hintSlow},
	{code: "accesscontrol.*", class: refund.ClassThrottled, wait: 2 * time.Second, hint: hintSlow}, // inferred from the three above

	{code: "sessionkey-not-generated-by-server", class: refund.ClassMisconfigured, hint: "the session belongs to another app or user: " + hintSession},
	{code: "session-expired", class: refund.ClassMisconfigured, hint: hintSession},
	{code: "session-is-blank", class: refund.ClassMisconfigured, hint: hintSession},
}

// topCodes are the gateway's numbers (§7.3), which count when sub_code is missing
// or unheard of. Those below 100 are its own checks, before the service is
// reached, but for 10 (inferred), 15 and 50.
var topCodes = []code{
	{code: "3", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "4", class: refund.ClassThrottled, hint: hintSlow},
	{code: "5", class: refund.ClassThrottled, hint: hintSlow},
	{code: "6", class: refund.ClassThrottled, hint: hintSlow},
	{code: "7", class: refund.ClassThrottled, hint: hintSlow},
	{code: "8", class: refund.ClassThrottled, hint: hintSlow},
	{code: "9", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "10", class: refund.ClassAmbiguous, hint: hintLook},
	{code: "11", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "12", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "13", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "15", class: refund.ClassAmbiguous, hint: hintLook},
	{code: "21", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "22", class: refund.ClassMisconfigured, hint: hintMethod},
	{code: "23", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "24", class: refund.ClassMisconfigured, hint: hintKeys},
	{code: "25", class: refund.ClassMisconfigured, hint: hintKeys},
	{code: "26", class: refund.ClassMisconfigured, hint: hintSession},
	{code: "27", class: refund.ClassMisconfigured, hint: hintSession},
	{code: "28", class: refund.ClassMisconfigured, hint: hintKeys},
	{code: "29", class: refund.ClassMisconfigured, hint: hintKeys},
	{code: "30", class: refund.ClassMisconfigured, hint: hintClock},
	{code: "31", class: refund.ClassMisconfigured, hint: hintClock},
	{code: "32", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "33", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "34", class: refund.ClassMisconfigured, hint: hintClient},
	{code: "40", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{code: "41", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{code: "42", class: refund.ClassMisconfigured, hint: hintAccess},
	{code: "43", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{code: "50", class: refund.ClassAmbiguous, hint: hintLook},
	{code: "53", class: refund.ClassMisconfigured, hint: "raise the app's security level in the console, or: " + hintSession},
}

// container is for the numbers of the login page, 100 to 199 (§7.3).
var container = code{class: refund.ClassMisconfigured, hint: hintSession}

// find returns the row of an error: by the exact sub code, the sub code without
// the parameter's name behind its colon, its prefix, and only then the number.
// What is not listed may hide a refund that went through.
func find(number int64, sub string) (row code, listed bool) {
	bare, _, _ := strings.Cut(sub, ":")
	for _, fits := range []func(row string) bool{
		func(row string) bool { return row == sub || row == bare },
		func(row string) bool {
			prefix, isPrefix := strings.CutSuffix(row, "*")
			return isPrefix && strings.HasPrefix(sub, prefix)
		},
	} {
		for _, c := range subCodes {
			if fits(c.code) {
				return c, true
			}
		}
	}
	for _, c := range topCodes {
		if c.code == strconv.FormatInt(number, 10) {
			return c, true
		}
	}
	if number >= 100 && number < 200 {
		return container, true
	}
	return code{class: refund.ClassAmbiguous, hint: hintLook}, false
}

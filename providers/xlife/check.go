package xlife

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/refundflow/refundflow/providers/account"
)

var appKeyPattern = regexp.MustCompile(`^[0-9]{1,20}$`)

// Validate names every mistake in the settings at once, without opening a file.
// The error is a [*refund.InvalidError] whose fields read "xlife.app_key".
func (s Settings) Validate() error { return s.mistakes().OrNil() }

// mistakes collects what is wrong with settings, by their names in the block
// "xlife" of the configuration.
func (s Settings) mistakes() *account.Mistakes {
	bad := account.NewMistakes("xlife")
	if !appKeyPattern.MatchString(s.AppKey) {
		bad.Add("app_key", "want the application's key, digits such as 12345678, got %s", account.Length(s.AppKey))
	}
	if s.AppSecretFile == "" {
		bad.Add("app_secret_file", "name the file of the application's secret")
	}
	if s.SessionFile == "" {
		bad.Add("session_file", "name the file of the merchant's session")
	}
	switch s.SignMethod {
	case "", SignHMACSHA256, SignMD5, SignHMAC:
	default:
		bad.Add("sign_method", "want hmac-sha256, md5 or hmac, got %s", account.Length(string(s.SignMethod)))
	}
	if problem := account.AddressProblem(s.URL); s.URL != "" && problem != "" {
		bad.Add("url", "%s", problem)
	}
	s.checkStore(bad)
	s.checkMos(bad)
	if s.Window < 0 {
		bad.Add("window", "want the refundable period of the contract such as 720h, got %s", s.Window)
	}
	account.Times{Timeout: s.Timeout, Poll: s.Poll, PollFor: s.PollFor, AbsenceInterval: s.AbsenceInterval}.Check(bad)
	return bad
}

func (s Settings) checkStore(bad *account.Mistakes) {
	for _, f := range []struct{ name, value string }{
		{"store_id", s.StoreID}, {"terminal_id", s.TerminalID}, {"operator_id", s.OperatorID},
	} {
		if f.value != "" && !short(f.value) {
			bad.Add(f.name, "want 1 to 64 printable characters, got %s", account.Length(f.value))
		}
	}
	switch s.StoreIDType {
	case StoreMiaojie, StoreOut:
	case "":
		if s.StoreID != "" {
			bad.Add("store_id_type", "say whose number store_id is: miaojie or out")
		}
	default:
		bad.Add("store_id_type", "want miaojie or out, got %s", account.Length(string(s.StoreIDType)))
	}
}

func (s Settings) checkMos(bad *account.Mistakes) {
	seen := map[Entitlement]bool{}
	for i, e := range s.Mos {
		switch e {
		case MosQuery, MosQueryRefund:
		default:
			bad.Add(fmt.Sprintf("mos[%d]", i), "want query or queryrefund, got %s", account.Length(string(e)))
		}
		if seen[e] {
			bad.Add(fmt.Sprintf("mos[%d]", i), "given twice: keep one")
		}
		seen[e] = true
	}
}

// short reports whether a value can be sent as an id: the notes give no limits,
// 64 is that of the mos family (inferred, §2.2).
func short(s string) bool {
	n := utf8.RuneCountInString(s)
	return n > 0 && n <= 64 && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

package xlife

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/refundflow/refundflow/refund"
)

const maxPolls = 64 // the schedule is written down with every refund

var appKeyPattern = regexp.MustCompile(`^[0-9]{1,20}$`)

// Validate names every mistake in the settings at once, without opening a file.
// The error is a [*refund.InvalidError] whose fields read "xlife.app_key".
func (s Settings) Validate() error { return s.mistakes().OrNil() }

// mistakes collects what is wrong with settings, by their names in the block
// "xlife" of the configuration.
type mistakes struct{ refund.InvalidError }

func (m *mistakes) add(setting, format string, args ...any) {
	m.Add("xlife."+setting, format, args...)
}

func (s Settings) mistakes() *mistakes {
	bad := &mistakes{}
	if !appKeyPattern.MatchString(s.AppKey) {
		bad.add("app_key", "want the application's key, digits such as 12345678, got %s", length(s.AppKey))
	}
	if s.AppSecretFile == "" {
		bad.add("app_secret_file", "name the file of the application's secret")
	}
	if s.SessionFile == "" {
		bad.add("session_file", "name the file of the merchant's session")
	}
	switch s.SignMethod {
	case "", SignHMACSHA256, SignMD5, SignHMAC:
	default:
		bad.add("sign_method", "want hmac-sha256, md5 or hmac, got %s", length(string(s.SignMethod)))
	}
	if problem := addressProblem(s.URL); s.URL != "" && problem != "" {
		bad.add("url", "%s", problem)
	}
	s.checkStore(bad)
	s.checkMos(bad)
	s.checkTimes(bad)
	return bad
}

func (s Settings) checkStore(bad *mistakes) {
	for _, f := range []struct{ name, value string }{
		{"store_id", s.StoreID}, {"terminal_id", s.TerminalID}, {"operator_id", s.OperatorID}, {"mj_shop_id", s.MjShopID},
	} {
		if f.value != "" && !short(f.value) {
			bad.add(f.name, "want 1 to 64 printable characters, got %s", length(f.value))
		}
	}
	switch s.StoreIDType {
	case StoreMiaojie, StoreOut:
	case "":
		if s.StoreID != "" {
			bad.add("store_id_type", "say whose number store_id is: miaojie or out")
		}
	default:
		bad.add("store_id_type", "want miaojie or out, got %s", length(string(s.StoreIDType)))
	}
}

func (s Settings) checkMos(bad *mistakes) {
	seen := map[Entitlement]bool{}
	for i, e := range s.Mos {
		switch e {
		case MosQuery, MosQueryRefund, MosIsNewPayOrder:
		default:
			bad.add(fmt.Sprintf("mos[%d]", i), "want query, queryrefund or isnewpayorder, got %s", length(string(e)))
		}
		if seen[e] {
			bad.add(fmt.Sprintf("mos[%d]", i), "given twice: keep one")
		}
		seen[e] = true
	}
	if !seen[MosIsNewPayOrder] {
		return
	}
	if !seen[MosQueryRefund] {
		bad.add("mos", "isnewpayorder needs queryrefund too: a refund on the new payment core is not done at once")
	}
	if s.MjShopID == "" {
		bad.add("mj_shop_id", "want Miaojie's number of the merchant: refunds on the new payment core carry it")
	}
}

func (s Settings) checkTimes(bad *mistakes) {
	if s.Timeout < 0 || s.Timeout > longestTimeout {
		bad.add("timeout", "want more than 0 and at most 10s, such as 8s, got %s", s.Timeout)
	}
	if s.Window < 0 {
		bad.add("window", "want the refundable period of the contract such as 720h, got %s", s.Window)
	}
	if s.AbsenceInterval < 0 {
		bad.add("absence_interval", "want a pause such as 5s, got %s", s.AbsenceInterval)
	}
	if s.PollFor < 0 {
		bad.add("poll_for", "want a duration such as 24h, got %s", s.PollFor)
	}
	if s.Poll != nil && (len(s.Poll) == 0 || len(s.Poll) > maxPolls) {
		bad.add("poll", "want 1 to %d pauses such as [5s, 1m], got %d", maxPolls, len(s.Poll))
	}
	for i, pause := range s.Poll {
		if pause <= 0 {
			bad.add(fmt.Sprintf("poll[%d]", i), "want a pause greater than 0, got %s", pause)
		}
	}
}

// addressProblem says what is wrong with an address. Plain http would show the
// session to the network and let anybody answer, so only a local stand-in may
// use it.
func addressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "want an address such as https://host/path, got " + length(address)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "want an address without user, query and fragment"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "want https: plain http is allowed for localhost only"
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// short reports whether a value can be sent as an id: the notes give no limits,
// 64 is that of the mos family (inferred, §2.2).
func short(s string) bool {
	n := utf8.RuneCountInString(s)
	return n > 0 && n <= 64 && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

// length describes a value without showing it: a secret may stand in the wrong
// place.
func length(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%d characters", utf8.RuneCountInString(s))
}

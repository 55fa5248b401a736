package xlife

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/refundflow/refundflow/sandbox/stage"
)

// maxForm bounds a call's body in bytes; a refund needs some hundred.
const maxForm = 64 << 10

// readForm collects query and form body; TOP takes parameters from both, and its clients divide them between the two as they
// like, some repeating the system's in either. A name given twice is refused otherwise: whoever signs and whoever reads could
// pick different ones. What could be read is returned with the first error, so that the refusal comes in the format asked for.
func readForm(r *http.Request) (map[string]string, error) {
	params := map[string]string{}
	body := ""
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		b, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
		if err != nil {
			return params, fmt.Errorf("read form: %w", err)
		}
		if len(b) > maxForm {
			return params, fmt.Errorf("form is larger than %d bytes", maxForm)
		}
		body = string(b)
	}
	var first error
	for _, part := range []string{r.URL.RawQuery, body} {
		values, err := url.ParseQuery(part)
		if err != nil {
			first = cmp.Or(first, fmt.Errorf("form is not urlencoded: %w", err))
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if known, twice := params[name]; twice && known != values[name][0] || len(values[name]) > 1 {
				first = cmp.Or(first, fmt.Errorf("%s is given twice", name))
			}
			params[name] = values[name][0]
		}
	}
	return params, first
}

// timestampLayout is TOP's time format, always GMT+8 (§1).
const timestampLayout = "2006-01-02 15:04:05"

var milliseconds = regexp.MustCompile(`^[0-9]{13}$`)

// parseTime reads a timestamp to the second. Milliseconds since 1970 are no format of the page, but TOP's Python client sends
// them (inferred from its public copies, §1).
func parseTime(text string) (time.Time, bool) {
	if milliseconds.MatchString(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(n/1000, 0), err == nil
	}
	t, err := time.ParseInLocation(timestampLayout, text, stage.Shanghai)
	return t, err == nil && len(text) == len(timestampLayout)
}

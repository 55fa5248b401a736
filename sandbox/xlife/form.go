package xlife

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/sandbox/stage"
)

// maxForm bounds a call's body in bytes; a refund needs some hundred.
const maxForm = 64 << 10

// readForm collects query and form body; TOP takes parameters from both. A name given twice is refused: whoever signs and
// whoever reads could pick different ones. What could be read is returned with the first error, so that the refusal comes in
// the format asked for.
func readForm(r *http.Request) (map[string]string, error) {
	params := map[string]string{}
	body := ""
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
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
			if _, twice := params[name]; twice || len(values[name]) > 1 {
				first = cmp.Or(first, fmt.Errorf("%s is given twice", name))
			}
			params[name] = values[name][0]
		}
	}
	return params, first
}

// timestampLayout is TOP's time format, always GMT+8 (§1).
const timestampLayout = "2006-01-02 15:04:05"

func parseTime(text string) (time.Time, bool) {
	t, err := time.ParseInLocation(timestampLayout, text, stage.Shanghai)
	return t, err == nil && len(text) == len(timestampLayout)
}

package wire

import (
	"net/http"
	"strconv"
	"time"
)

// MaxRetryAfter clamps what a server may ask for: a wrong clock or a hostile
// header must not put a refund to sleep for a year.
const MaxRetryAfter = time.Hour

// RetryAfter reads the Retry-After header, seconds or an HTTP date, as a pause
// from now between 0 and [MaxRetryAfter]; 0 when there is none to be read.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	value := a.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(MaxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), MaxRetryAfter)
	}
	return 0
}

package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// One that no browser sends would let nobody in, and tell nobody why.
func TestAnOriginIsWrittenAsABrowserSendsIt(t *testing.T) {
	for text, want := range map[string]bool{
		"https://temporal.example.com":     true,
		"https://temporal.example.com:80":  true,
		"http://127.0.0.1:8233":            true,
		"http://[::1]:8233":                true,
		"https://temporal.example.com:443": false,
		"http://temporal.example.com:80":   false,
		"https://temporal.example.com:":    false,
		"https://temporal.example.com/":    false,
		"https://Temporal.example.com":     false,
		"HTTPS://temporal.example.com":     false,
		"https://u@temporal.example.com":   false,
		"*":                                false,
		"null":                             false,
		"file:///home":                     false,
	} {
		require.Equal(t, want, isOrigin(text), text)
	}
}

package refund

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// SamePerson reports whether two names are one person's, however they are written:
// in capitals, in full-width letters, or with characters that nobody sees. Letters of
// another alphabet that only look alike are another name: use signed decisions, see
// [Seal], where people might be impersonated.
func SamePerson(a, b string) bool { return person(a) == person(b) }

func person(name string) string {
	seen := strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c) || unicode.Is(unicode.Variation_Selector, c) || unicode.Is(unicode.Cf, c) || unicode.IsSpace(c) {
			return -1
		}
		return c
	}, norm.NFKC.String(name))
	return norm.NFKC.String(cases.Fold().String(seen))
}

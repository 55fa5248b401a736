package refund

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPersonIsTheSameHoweverTheNameIsWritten(t *testing.T) {
	const name = "agent-17"
	for what, c := range map[string]struct {
		other string
		same  bool
	}{
		"in capitals":               {"Agent-17", true},
		"in full-width letters":     {"\uff41\uff47\uff45\uff4e\uff54\uff0d\uff11\uff17", true},
		"in one full-width letter":  {"\uff41gent-17", true},
		"variation selector":        {"agent-17\ufe0f", true},
		"grapheme joiner":           {"agent\u034f-17", true},
		"Hangul filler":             {"agent-17\u3164", true},
		"soft hyphen":               {"agent-17\u00ad", true},
		"zero width space":          {"agent-17\u200b", true},
		"zero width joiner":         {"ag\u200dent-17", true},
		"byte order mark":           {"\ufeffagent-17", true},
		"written from the right":    {"\u202eagent-17", true},
		"a tag character":           {"agent-17\U000e0041", true},
		"a space more":              {"agent -17", true},
		"an ideographic space more": {"agent-17\u3000", true},

		"Cyrillic, and looks the same": {"\u0430gent-17", false},
		"Greek, and looks the same":    {"\u03b1gent-17", false},
		"another dash":                 {"agent\u201317", false},
		"another number":               {"agent-18", false},
		"a part of it":                 {"agent-1", false},
		"an accent":                    {"ag\u00e9nt-17", false},
		"nobody":                       {"", false},
	} {
		require.Equal(t, c.same, SamePerson(name, c.other), what)
		require.Equal(t, c.same, SamePerson(c.other, name), "%s, the other way round", what)
	}
	for _, pair := range [][2]string{
		{"STRASSE", "straße"}, {"caf\u00e9", "cafe\u0301"}, {"Σίσυφος", "ΣΊΣΥΦΟΣ"}, {"财务-二", "财务-二"}, {"ﬁnance", "Finance"}, {"①", "1"},
	} {
		require.True(t, SamePerson(pair[0], pair[1]), "%s and %s", pair[0], pair[1])
	}
	require.False(t, SamePerson("财务-二", "财务-三"))
}

package wire

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFormIsReadInOneWayOnly(t *testing.T) {
	for body, want := range map[string]url.Values{
		"a=1":                        {"a": {"1"}},
		"a=1&b=":                     {"a": {"1"}, "b": {""}},
		"b=%E5%85%85%E5%80%BC&B=x+y": {"b": {"充值"}, "B": {"x y"}},
		"a=b%3Dc%26d&s=+/==":         {"a": {"b=c&d"}, "s": {" /=="}},
		"a=1;b=2":                    {"a": {"1;b=2"}}, // only & parts fields
	} {
		got, err := ParseForm([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, got, body)
	}
}

func TestAFormIsRefusedWithoutShowingIt(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"nothing":                     {"", "empty body"},
		"a name twice":                {"hunter2=1&b=2&hunter2=1", "field 3 has the name of an earlier one"},
		"a name twice, once escaped":  {"hunter2=1&%68unter2=1", "field 2 has the name of an earlier one"},
		"no =":                        {"hunter2", "field 1 has no ="},
		"an empty field":              {"a=1&&hunter2=2", "field 2 has no ="},
		"a trailing &":                {"hunter2=1&", "field 2 has no ="},
		"no name":                     {"a=1&=hunter2", "field 2 has no name"},
		"an invalid escape":           {"a=%zzhunter2", "the value of field 1 holds an invalid escape"},
		"a cut escape":                {"a=hunter2%4", "the value of field 1 holds an invalid escape"},
		"an invalid escape in a name": {"hunter2%=1", "the name of field 1 holds an invalid escape"},
		"bytes that are not UTF-8":    {"hunter2=%ff", "the value of field 1 is not UTF-8"},
		"a JSON body":                 {`{"hunter2":1}`, "field 1 has no ="},
		"too many fields":             {"hunter2=1" + strings.Repeat("&a=1", MaxFields), "at most 64 fields, got 65"},
		"too many bytes":              {"hunter2=" + strings.Repeat("1", MaxForm), "at most 65536 bytes, got 65544"},
	} {
		_, err := ParseForm([]byte(test.body))
		require.ErrorContains(t, err, test.want, name)
		require.NotContains(t, err.Error(), "hunter2", name)
	}
	form, err := ParseForm([]byte("a=" + strings.Repeat("1", MaxForm-2)))
	require.NoError(t, err, "exactly the bound is allowed")
	require.Len(t, form.Get("a"), MaxForm-2)
}

// FuzzAFormSurvivesItsOwnEncoding: what is accepted is what net/url reads, each
// name once, and comes back when it is written again.
func FuzzAFormSurvivesItsOwnEncoding(f *testing.F) {
	for _, seed := range []string{"", "a=1", "a=1&a=1", "a=%zz", "=", "a", "b=%E5&c=+", "a=1;b=2", "rsaSign=a+b/c%3D&x="} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := ParseForm(body)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(form), MaxFields)
		for _, values := range form {
			require.Len(t, values, 1)
		}
		if !strings.Contains(string(body), ";") { // net/url refuses it
			theirs, err := url.ParseQuery(string(body))
			require.NoError(t, err)
			require.Equal(t, theirs, form)
		}
		again, err := ParseForm([]byte(form.Encode()))
		if len(form.Encode()) <= MaxForm { // escapes may make it longer
			require.NoError(t, err)
			require.Equal(t, form, again)
		}
	})
}

package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

const page = "../../docs/contract.md"

// block is a fenced block of the page. Its info string says what it is: "json view" is a document of that schema.
type block struct{ info, text string }

var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func blocks(t *testing.T) (all []block, text string) {
	t.Helper()
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, found := range fence.FindAllStringSubmatch(string(data), -1) {
		all = append(all, block{found[1], found[2]})
	}
	require.NotEmpty(t, all)
	return all, string(data)
}

func TestEveryDocumentOnThePageIsWhatItSays(t *testing.T) {
	decode := map[string]func([]byte) (any, error){
		"request":    as[refund.Request],
		"decision":   as[refund.Decision],
		"verdict":    as[refund.Verdict],
		"resolution": as[refund.Resolution],
		"answer":     as[refund.Answer],
		"view":       as[refund.View],
		"outcome":    as[refund.Outcome],
	}
	require.Len(t, decode, len(documents))
	seen := map[string]bool{}
	all, _ := blocks(t)
	for _, b := range all {
		words := strings.Fields(b.info)
		if words[0] != "json" {
			continue
		}
		require.GreaterOrEqual(t, len(words), 2, "a JSON block without the name of its schema: %s", b.text)
		name := words[1]
		require.Contains(t, decode, name, b.text)
		seen[name] = true
		require.NoError(t, validator(t, name).Validate(parsed(t, []byte(b.text))), b.text)
		v, err := decode[name]([]byte(b.text))
		require.NoError(t, err, b.text)
		back, err := json.Marshal(v)
		require.NoError(t, err)
		require.JSONEq(t, b.text, string(back), "the %s has fields or forms that the program does not", name)
		if s, ok := sent[name]; ok {
			require.NoError(t, s.judge([]byte(b.text)), b.text)
		}
	}
	require.Len(t, seen, len(documents), "the page shows every kind of document: %v", seen)
}

func as[T any](data []byte) (any, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

func TestTheSignaturesOnThePageAreThoseOfTheirLines(t *testing.T) {
	all, _ := blocks(t)
	texts := map[string]string{}
	for _, b := range all {
		texts[b.info] = b.text
	}
	key := strings.TrimSpace(texts["text key"])
	require.GreaterOrEqual(t, len(key), 32)
	var request refund.Request
	require.NoError(t, json.Unmarshal([]byte(texts["json request"]), &request))
	require.EqualValues(t, 9800, request.Amount)
	decision, err := refund.Parse[refund.Decision]([]byte(texts["json decision signed"]))
	require.NoError(t, err)
	resolution, err := refund.Parse[refund.Resolution]([]byte(texts["json resolution signed"]))
	require.NoError(t, err)
	require.NotEmpty(t, resolution.Evidence)

	for name, c := range map[string]struct {
		seal   refund.Seal
		sealed refund.Sealed
	}{
		"text signed":            {decision.Seal, refund.Sealed{Decision: string(refund.VerbApprove), By: decision.By}},
		"text signed resolution": {resolution.Seal, refund.Sealed{Decision: refund.SealedResolve(resolution.Action), By: resolution.By, Evidence: resolution.Evidence}},
	} {
		require.Equal(t, []string{
			"refundflow decision 1", request.Account, request.ID, "9800", c.sealed.Decision, c.sealed.By, c.sealed.Evidence,
			c.seal.Expires.UTC().Format(time.RFC3339), "",
		}, strings.Split(texts[name], "\n"), name)
		require.Equal(t, mac(key, texts[name]), c.seal.Signature, "%s: the lines on the page, byte for byte", name)

		c.sealed.Account, c.sealed.ID, c.sealed.Amount, c.sealed.Expires = request.Account, request.ID, request.Amount, c.seal.Expires
		verify := func(s refund.Sealed) error {
			return s.Verify(c.seal.Signature, [][]byte{[]byte(key)}, c.seal.Expires.Add(-time.Hour))
		}
		require.NoError(t, verify(c.sealed), "%s: the worker takes it", name)
		c.sealed.Evidence += "0"
		require.Error(t, verify(c.sealed), name)
	}
}

// mac is written without package refund, as another language would.
func mac(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

func TestThePageNamesWhatTheProgramUnderstands(t *testing.T) {
	_, text := blocks(t)
	names := []string{
		workflows.TypeRefund, workflows.TaskQueue, workflows.QueryStatus, workflows.SignalApprove, workflows.SignalReject, workflows.SignalCancel,
		workflows.SignalResolve, workflows.SignalLimitsChanged, workflows.RefusedInvalid, workflows.RefusedConflict, workflows.RefusedNow,
		workflows.UpdateSubmit, workflows.UpdateDecide, workflows.UpdateCancel, workflows.UpdateResolve,
	}
	for name := range workflows.SearchAttributes() {
		names = append(names, name)
	}
	for _, name := range names {
		require.Contains(t, text, "`"+name+"`")
	}
	require.Contains(t, text, "`"+refund.WorkflowID("<account>", "<id>")+"`")
	for _, s := range refund.Statuses {
		row := regexp.MustCompile("(?m)^\\| `" + string(s) + "` \\| (\\*\\*end\\*\\*)?").FindStringSubmatch(text)
		require.NotNil(t, row, "status %s has no line in the table", s)
		require.Equal(t, s.Final(), row[1] != "", "%s is an end, or not", s)
	}
	words, err := readWords(Source)
	require.NoError(t, err)
	for _, name := range []string{"WaitFor", "Initiator"} {
		for _, w := range words[name].words {
			require.Contains(t, text, "`"+w.text+"`")
		}
	}
	for _, d := range documents {
		require.Contains(t, text, "(schema/"+d.name+".schema.json)")
	}
}

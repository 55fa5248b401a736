package codec

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

var (
	first  = strings.Repeat("0f", keyBytes)
	second = strings.Repeat("a5", keyBytes)
)

func files(t *testing.T, keys ...string) []string {
	t.Helper()
	var names []string
	for i, k := range keys {
		name := filepath.Join(t.TempDir(), string(rune('a'+i))+".key")
		require.NoError(t, os.WriteFile(name, []byte(k+"\n"), 0o600))
		names = append(names, name)
	}
	return names
}

func open(t *testing.T, keys ...string) *Codec {
	t.Helper()
	c, err := Open(files(t, keys...))
	require.NoError(t, err)
	return c
}

func plain(t *testing.T, value any) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return p
}

func encode(t *testing.T, c *Codec, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	payloads, err := c.Encode([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Len(t, payloads, 1)
	return payloads[0]
}

func decode(t *testing.T, c *Codec, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	payloads, err := c.Decode([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Len(t, payloads, 1)
	return payloads[0]
}

func TestWhatIsEncryptedIsReadAgainAndShowsNothing(t *testing.T) {
	c := open(t, first)
	for name, value := range map[string]any{
		"text": "parcel never arrived", "document": map[string]any{"amount": 9800.0}, "nothing": nil, "bytes": []byte{0, 255}, "empty": "",
	} {
		p := plain(t, value)
		before := proto.Clone(p)
		sealed := encode(t, c, p)
		require.True(t, proto.Equal(before, p), "%s: the parameter is left as it was", name)
		require.Equal(t, map[string][]byte{"encoding": []byte("binary/encrypted"), "encryption-key-id": []byte(c.KeyIDs()[0])}, sealed.GetMetadata(), name)
		if len(p.GetData()) > 2 {
			require.NotContains(t, string(sealed.GetData()), string(p.GetData()), name)
		}
		opened := decode(t, c, sealed)
		require.True(t, proto.Equal(p, opened), name)
		again := encode(t, c, p)
		require.NotEqual(t, sealed.GetData(), again.GetData(), "%s: a nonce is used once", name)
	}
}

// The data is opened here with the standard library alone, by the format's description.
func TestTheFormatIsThatOfTheSamples(t *testing.T) {
	c, p := open(t, first), plain(t, "parcel never arrived")
	sealed := encode(t, c, p).GetData()
	secret, err := hex.DecodeString(first)
	require.NoError(t, err)
	block, err := aes.NewCipher(secret)
	require.NoError(t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(t, err)
	opened, err := gcm.Open(nil, sealed[:12], sealed[12:], nil)
	require.NoError(t, err)
	inner := &commonpb.Payload{}
	require.NoError(t, proto.Unmarshal(opened, inner))
	require.True(t, proto.Equal(p, inner))
}

func TestAPayloadOfAnotherProgramIsRead(t *testing.T) {
	data, err := os.ReadFile("testdata/other_sdk.json")
	require.NoError(t, err)
	var sample struct {
		Key     string `json:"key"`
		KeyID   string `json:"key_id"`
		Value   string `json:"value"`
		Payload struct {
			Metadata map[string][]byte `json:"metadata"`
			Data     []byte            `json:"data"`
		} `json:"payload"`
	}
	require.NoError(t, json.Unmarshal(data, &sample))
	c := open(t, sample.Key)
	require.Equal(t, []string{sample.KeyID}, c.KeyIDs(), "the id of a key never changes")
	var value string
	p := &commonpb.Payload{Metadata: sample.Payload.Metadata, Data: sample.Payload.Data}
	require.NoError(t, c.DataConverter().FromPayload(p, &value))
	require.Equal(t, sample.Value, value)
}

func TestPlainPayloadsPassAndNothingIsEncryptedTwice(t *testing.T) {
	c, p := open(t, first), plain(t, "older than the encryption")
	require.Same(t, p, decode(t, c, p))
	sealed := encode(t, c, p)
	require.Same(t, sealed, encode(t, c, sealed))
	foreign := encode(t, open(t, second), p)
	require.Same(t, foreign, encode(t, c, foreign), "nor what another key encrypted")
	mixed, err := c.Decode([]*commonpb.Payload{p, sealed, p})
	require.NoError(t, err)
	for _, each := range mixed {
		require.True(t, proto.Equal(p, each))
	}
}

func TestTheFirstKeyEncryptsAndAllDecrypt(t *testing.T) {
	p := plain(t, "x")
	old, both := open(t, first), open(t, second, first)
	require.Equal(t, old.KeyIDs()[0], both.KeyIDs()[1])
	before := encode(t, old, p)
	require.True(t, proto.Equal(p, decode(t, both, before)))
	after := encode(t, both, p)
	require.Equal(t, both.KeyIDs()[0], string(after.GetMetadata()[MetadataKeyID]))
	_, err := old.Decode([]*commonpb.Payload{after})
	var unreadable *UnreadableError
	require.ErrorAs(t, err, &unreadable)
	require.Equal(t, UnreadableError{KeyID: both.KeyIDs()[0], Keys: old.KeyIDs()}, *unreadable)
	require.ErrorContains(t, err, "give its file too")
	require.ErrorContains(t, err, old.KeyIDs()[0])
}

func TestWithoutKeysNothingIsEncryptedAndCiphertextIsNotTakenForData(t *testing.T) {
	p := plain(t, "x")
	sealed := encode(t, open(t, first), p)
	keyless, err := Open(nil)
	require.NoError(t, err)
	for name, c := range map[string]*Codec{"nil": nil, "no files": keyless} {
		require.Empty(t, c.KeyIDs(), name)
		require.Same(t, p, encode(t, c, p), name)
		require.Same(t, p, decode(t, c, p), name)
		var raw converter.RawValue
		err := c.DataConverter().FromPayload(sealed, &raw)
		var unreadable *UnreadableError
		require.ErrorAs(t, err, &unreadable, name)
		require.ErrorContains(t, err, "no key is here: give its file", name)
	}
}

func TestWhoOnlyDecryptsReadsWhatWasEncryptedAndLeavesTheRestPlain(t *testing.T) {
	p := plain(t, "x")
	c, err := Open(files(t, first), DecryptOnly(true))
	require.NoError(t, err)
	require.Same(t, p, encode(t, c, p))
	require.True(t, proto.Equal(p, decode(t, c, encode(t, open(t, first), p))))
	again, err := Open(files(t, first), DecryptOnly(false))
	require.NoError(t, err)
	require.True(t, encrypted(encode(t, again, p)))

	var before, after client.Options
	open(t, first).WorkerOptions(&before)
	c.WorkerOptions(&after)
	failure := after.FailureConverter.ErrorToFailure(errors.New("the ledger is away"))
	require.Equal(t, "the ledger is away", failure.GetMessage())
	failure = before.FailureConverter.ErrorToFailure(errors.New("the ledger is away"))
	require.ErrorContains(t, after.FailureConverter.FailureToError(failure), "the ledger is away", "the texts of older failures too")
}

func TestWhatWasChangedOnTheWayIsNotRead(t *testing.T) {
	c := open(t, first, second)
	good := encode(t, c, plain(t, "x"))
	spoiled := func(change func(p *commonpb.Payload)) *commonpb.Payload {
		p := proto.Clone(good).(*commonpb.Payload)
		change(p)
		return p
	}
	noPayload := sealing(c, []byte{0xff, 0xff})
	for name, p := range map[string]*commonpb.Payload{
		"a bit of the nonce":      spoiled(func(p *commonpb.Payload) { p.Data[0] ^= 1 }),
		"a bit of the text":       spoiled(func(p *commonpb.Payload) { p.Data[14] ^= 1 }),
		"a bit of the tag":        spoiled(func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 }),
		"cut short":               spoiled(func(p *commonpb.Payload) { p.Data = p.Data[:20] }),
		"shorter than a nonce":    spoiled(func(p *commonpb.Payload) { p.Data = p.Data[:3] }),
		"nothing":                 spoiled(func(p *commonpb.Payload) { p.Data = nil }),
		"under another key's id":  spoiled(func(p *commonpb.Payload) { p.Metadata[MetadataKeyID] = []byte(c.KeyIDs()[1]) }),
		"not a payload inside it": noPayload,
	} {
		_, err := c.Decode([]*commonpb.Payload{p})
		var unreadable *UnreadableError
		require.ErrorAs(t, err, &unreadable, name)
		require.True(t, unreadable.Damaged, name)
	}
	_, err := c.Decode([]*commonpb.Payload{spoiled(func(p *commonpb.Payload) { p.Metadata[MetadataKeyID] = bytes.Repeat([]byte("x"), 9999) })})
	require.ErrorContains(t, err, "none of those here")
	require.Less(t, len(err.Error()), 300, "what somebody wrote for an id does not fill the log")
	_, err = c.Decode([]*commonpb.Payload{spoiled(func(p *commonpb.Payload) { delete(p.Metadata, MetadataKeyID) })})
	require.ErrorContains(t, err, `key ""`)
}

// sealing makes a payload that was encrypted rightly and holds something else.
func sealing(c *Codec, inside []byte) *commonpb.Payload {
	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding), MetadataKeyID: []byte(c.keys[0].id)},
		Data:     c.keys[0].aead.Seal(nil, nil, inside, nil),
	}
}

func TestEveryKeyFileWithAMistakeIsNamedAndNoKeyIsShown(t *testing.T) {
	for name, content := range map[string]string{
		"short": first[2:], "long": first + "00", "not hexadecimal": "zz" + first[2:], "two lines": first + "\n" + second, "empty": "",
	} {
		f := files(t, content, second, second)
		_, err := Open(append(f, "/nowhere/at-all.key"))
		require.ErrorContains(t, err, f[0], name)
		require.ErrorContains(t, err, f[2]+" holds the same key as "+f[1], name)
		require.ErrorContains(t, err, "/nowhere/at-all.key", name)
		for _, secret := range []string{first[:16], second[:16]} {
			require.NotContains(t, err.Error(), secret, name)
		}
	}
	if runtime.GOOS != "windows" {
		f := files(t, first)
		require.NoError(t, os.Chmod(f[0], 0o644))
		_, err := Open(f)
		require.ErrorContains(t, err, "chmod 600")
	}
	upper := open(t, strings.ToUpper(first))
	require.Equal(t, open(t, first).KeyIDs(), upper.KeyIDs(), "hexadecimal digits are the same in capitals")
}

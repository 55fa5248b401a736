package codec

import (
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// What the metadata of an encrypted payload says. Other programs read it.
const (
	// Encoding is the value of [converter.MetadataEncoding].
	Encoding = "binary/encrypted"
	// MetadataKeyID names the key, as [Codec.KeyIDs] does.
	MetadataKeyID = "encryption-key-id"
)

// Codec encrypts and decrypts payloads. It is safe for concurrent use. Without keys, and as
// nil, it encrypts nothing and reads what is plain.
type Codec struct {
	// keys decrypt; the first one encrypts, unless decryptOnly.
	keys        []key
	decryptOnly bool
}

var _ converter.PayloadCodec = (*Codec)(nil)

// Option changes what [Open] makes.
type Option func(*Codec)

// DecryptOnly makes a codec, where only is true, that reads what was encrypted and encrypts
// nothing any more: the way out of encryption while there are refunds that were encrypted.
func DecryptOnly(only bool) Option { return func(c *Codec) { c.decryptOnly = only } }

// Open reads key files: each holds 64 hexadecimal digits (32 bytes) on one line, and can be
// used by its owner alone. The first one encrypts, all of them decrypt. The error lists
// every file with a mistake.
func Open(files []string, options ...Option) (*Codec, error) {
	c, from, bad := &Codec{}, map[string]string{}, []error(nil)
	for _, set := range options {
		set(c)
	}
	for _, file := range files {
		k, err := readKey(file)
		switch {
		case err != nil:
			bad = append(bad, fmt.Errorf("encryption key: %w", err))
		case from[k.id] != "":
			bad = append(bad, fmt.Errorf("encryption key: %s holds the same key as %s: remove one", file, from[k.id]))
		default:
			from[k.id] = file
			c.keys = append(c.keys, k)
		}
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return c, nil
}

// KeyIDs names the keys: 16 hexadecimal digits each, in the order of the files. They are no
// secret; each payload says with which one it was encrypted.
func (c *Codec) KeyIDs() []string {
	var ids []string
	for _, k := range c.all() {
		ids = append(ids, k.id)
	}
	return ids
}

func (c *Codec) all() []key {
	if c == nil {
		return nil
	}
	return c.keys
}

func (c *Codec) encrypts() bool { return len(c.all()) > 0 && !c.decryptOnly }

// Encode implements [converter.PayloadCodec]. What is encrypted already stays as it is.
//
// The key's id is not bound to the ciphertext as additional data: that would leave the samples'
// format, and whoever changes the id points at a key under which the tag is wrong.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if !c.encrypts() {
		return payloads, nil
	}
	k, result := c.keys[0], make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if encrypted(p) {
			result[i] = p
			continue
		}
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encryption: payload %d cannot be serialized: %w", i, err)
		}
		result[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding), MetadataKeyID: []byte(k.id)},
			Data:     k.aead.Seal(nil, nil, plain, nil),
		}
	}
	return result, nil
}

// Decode implements [converter.PayloadCodec]. What is not encrypted stays as it is; what
// cannot be decrypted is an [*UnreadableError].
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	result := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		result[i] = p
		if encrypted(p) {
			var err error
			if result[i], err = c.decrypt(p); err != nil {
				return nil, err
			}
		}
	}
	return result, nil
}

func encrypted(p *commonpb.Payload) bool {
	return string(p.GetMetadata()[converter.MetadataEncoding]) == Encoding
}

func (c *Codec) decrypt(p *commonpb.Payload) (*commonpb.Payload, error) {
	id := string(p.GetMetadata()[MetadataKeyID])
	for _, k := range c.all() {
		if k.id != id {
			continue
		}
		plain, err := k.aead.Open(nil, nil, p.GetData(), nil)
		inner := &commonpb.Payload{}
		if err != nil || proto.Unmarshal(plain, inner) != nil {
			return nil, &UnreadableError{KeyID: id, Damaged: true}
		}
		return inner, nil
	}
	return nil, &UnreadableError{KeyID: id, Keys: c.KeyIDs()}
}

// UnreadableError says that an encrypted payload could not be decrypted.
type UnreadableError struct {
	// KeyID is the key that the payload says it was encrypted with. Whoever wrote the
	// payload chose it.
	KeyID string
	// Damaged: the key is here, and the payload is not what was encrypted with it.
	Damaged bool
	// Keys are the ids of those that are here, where it is none of them.
	Keys []string
}

func (e *UnreadableError) Error() string {
	id := e.KeyID
	if len(id) > 64 {
		id = id[:64] + "…"
	}
	switch {
	case e.Damaged:
		return fmt.Sprintf("a payload says that it is encrypted with key %q, and is not what that key encrypted: it was changed on the way, "+
			"or written by a program that encrypts otherwise", id)
	case len(e.Keys) == 0:
		return fmt.Sprintf("a payload is encrypted with key %q, and no key is here: give its file", id)
	}
	return fmt.Sprintf("a payload is encrypted with key %q, which is none of those here (%s): give its file too", id, strings.Join(e.Keys, ", "))
}

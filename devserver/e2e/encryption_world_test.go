package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	temporalclient "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/codec/server"
)

// keyFile writes a key of these two digits, and returns its file.
func (w *world) keyFile(digits string) string {
	w.t.Helper()
	file := w.file(digits + ".key")
	require.NoError(w.t, os.WriteFile(file, []byte(strings.Repeat(digits, 32)), 0o600))
	return file
}

func (w *world) keys(digits ...string) *codec.Codec {
	w.t.Helper()
	var files []string
	for _, d := range digits {
		files = append(files, w.keyFile(d))
	}
	c, err := codec.Open(files)
	require.NoError(w.t, err)
	return c
}

// encrypts writes the keys into the worker's configuration, instead of those that are there.
func (w *world) encrypts(digits ...string) {
	w.t.Helper()
	data, err := os.ReadFile(w.file("refundflow.yaml"))
	require.NoError(w.t, err)
	text := string(data)
	if i := strings.Index(text, "encryption:"); i >= 0 {
		text = text[:i] + text[i+strings.Index(text[i:], "\n")+1:]
	}
	var files []string
	for _, d := range digits {
		files = append(files, w.keyFile(d))
	}
	text = strings.Replace(text, "task_queue:", fmt.Sprintf("encryption: {key_files: [%s]}\ntask_queue:", strings.Join(files, ", ")), 1)
	require.NoError(w.t, os.WriteFile(w.file("refundflow.yaml"), []byte(text), 0o600))
}

// speaks makes the test's own client use the keys.
func (w *world) speaks(c *codec.Codec) temporalclient.Client {
	w.t.Helper()
	var o temporalclient.Options
	c.ClientOptions(&o)
	temporal := w.dial(o)
	w.refunds = client.New(temporal).WithTaskQueue(w.queue).WithDataConverter(c.DataConverter())
	return temporal
}

// payloadsIn are all payloads of a message by their place, but search attributes, which the server must read.
func payloadsIn(m proto.Message) map[string]*commonpb.Payload {
	found := map[string]*commonpb.Payload{}
	gather(m.ProtoReflect(), "", found)
	return found
}

func gather(m protoreflect.Message, place string, found map[string]*commonpb.Payload) {
	switch v := m.Interface().(type) {
	case *commonpb.SearchAttributes:
		return
	case *commonpb.Payload:
		found[place] = v
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		here := place + "." + string(f.Name())
		switch {
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				gather(v.Message(), here+"."+k.String(), found)
				return true
			})
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				gather(v.List().Get(i).Message(), fmt.Sprintf("%s[%d]", here, i), found)
			}
		case !f.IsMap() && f.Message() != nil:
			gather(v.Message(), here, found)
		}
		return true
	})
}

// cipher demands that every payload of a message is encrypted with the key, and returns them.
func (w *world) cipher(m proto.Message, keyID string) []*commonpb.Payload {
	w.t.Helper()
	var all []*commonpb.Payload
	for place, p := range payloadsIn(m) {
		require.Equal(w.t, codec.Encoding, string(p.GetMetadata()["encoding"]), place)
		require.Equal(w.t, keyID, string(p.GetMetadata()[codec.MetadataKeyID]), place)
		all = append(all, p)
	}
	require.NotEmpty(w.t, all)
	return all
}

// codecServer serves the Web UI of the shared server.
func (w *world) codecServer(c *codec.Codec, token string) *httptest.Server {
	w.t.Helper()
	s, err := server.New(server.Options{Codec: c, Origins: []string{shared.UIURL()}, Tokens: []string{token}, Logger: silent()})
	require.NoError(w.t, err)
	running := httptest.NewServer(s)
	w.t.Cleanup(running.Close)
	return running
}

// shown asks the codec server as the Web UI does. Clear is nil when it refused.
func (w *world) shown(url, token string, sealed []*commonpb.Payload) (status int, clear []*commonpb.Payload) {
	w.t.Helper()
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: sealed})
	require.NoError(w.t, err)
	request, err := http.NewRequestWithContext(w.ctx, http.MethodPost, url+"/decode?preserveStorageRefs=true", bytes.NewReader(body))
	require.NoError(w.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Namespace", "default")
	request.Header.Set("Origin", shared.UIURL())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	var all commonpb.Payloads
	require.NoError(w.t, protojson.Unmarshal(got, &all))
	return response.StatusCode, all.GetPayloads()
}

// worker runs until the returned function stops it, with the keys of the configuration.
func (w *world) worker(t *testing.T, digits ...string) (stop func()) {
	t.Helper()
	w.encrypts(digits...)
	return w.work(nil)
}

package registry

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// A provider is one field of the settings and one line of the list, under one
// name.
func TestEveryProviderIsOneFieldAndOneLine(t *testing.T) {
	fields := reflect.TypeFor[Settings]()
	require.Len(t, Settings{}.entries(), fields.NumField())
	for i, e := range (Settings{}).entries() {
		require.Equal(t, fields.Field(i).Tag.Get("yaml"), e.name)
		given := reflect.New(fields).Elem()
		given.Field(i).Set(reflect.New(fields.Field(i).Type.Elem()))
		s := given.Interface().(Settings)
		require.NoError(t, s.Check())
		for j, other := range s.entries() {
			require.Equal(t, i == j, other.given, "the block %s", other.name)
		}
		_, err := s.Open(t.TempDir())
		require.ErrorContains(t, err, e.name+".", "an empty block is refused setting by setting")
	}
	require.Error(t, Settings{}.Check())
}

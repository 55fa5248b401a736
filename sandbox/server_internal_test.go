package sandbox

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A call may still be at work when Close returns; here it arrives after it, which comes to the same.
func TestAfterCloseTheBooksFileIsLetGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.json")
	s, err := Start(t.Context(), Options{File: path})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, prefix+"/clock/advance", strings.NewReader(`{"by":"1h"}`)))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

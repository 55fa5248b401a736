package stage

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestLettersUnderWayOutliveTheRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "books.json")
	answer := "FAIL"
	p := newPost(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	virtual := func() time.Time { return morning }
	p.run(file, virtual, RunOptions{VirtualTime: true})
	p.sender.Post(p.letter("hello", time.Minute, time.Hour))
	require.Equal(t, "hello", <-p.arrived)
	p.log(1)
	p.idle()
	require.NoError(t, p.stage.commit())
	answer = "SUCCESS"
	p.run(file, virtual, RunOptions{VirtualTime: true})
	p.stage.Clock.Advance(time.Minute)
	p.stage.Wake()
	require.Equal(t, "hello", <-p.arrived)
	d := p.log(1)[0]
	require.Equal(t, []any{2, true}, []any{d.Attempt, d.Taken}, "it goes on where the ladder was")
	p.idle()
	require.NoError(t, p.stage.commit())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(text), "outbox", "an empty outbox leaves the file as older programs wrote it")
}

func TestNothingIsToldThatTheBooksFileDoesNotHold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep")
	require.NoError(t, os.Mkdir(dir, 0o700))
	p := newPost(t, nil)
	p.run(filepath.Join(dir, "books.json"), func() time.Time { return morning }, RunOptions{VirtualTime: true})
	require.NoError(t, os.RemoveAll(dir))
	p.sender.Post(p.letter("hello"))
	require.ErrorContains(t, p.stage.commit(), "cannot be written")
	require.Empty(t, p.arrived)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.Equal(t, "hello", <-p.arrived, "it goes out as soon as the file takes it")
	p.log(1)
}

func TestClosingEndsWhatIsOnTheWireAndKeepsIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "books.json")
	var hang atomic.Bool
	hang.Store(true)
	p := newPost(t, func(w http.ResponseWriter, r *http.Request) {
		if hang.Load() {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, "SUCCESS")
	})
	virtual := func() time.Time { return morning }
	p.run(file, virtual, RunOptions{VirtualTime: true})
	p.sender.Post(p.letter("hello"))
	require.Equal(t, "hello", <-p.arrived)
	p.stop()
	require.Empty(t, p.stage.Deliveries("", ""))
	hang.Store(false)
	p.run(file, virtual, RunOptions{VirtualTime: true})
	require.Equal(t, "hello", <-p.arrived, "what was not answered goes out again")
	require.Equal(t, 1, p.log(1)[0].Attempt)
}

func TestAResetTakesLettersBack(t *testing.T) {
	release := make(chan struct{})
	p := newPost(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = io.WriteString(w, "SUCCESS")
	})
	p.sender.Post(p.letter("hello", time.Minute))
	<-p.arrived
	p.stage.Clear()
	close(release)
	require.Eventually(t, func() bool {
		p.stage.outbox.mu.Lock()
		defer p.stage.outbox.mu.Unlock()
		return p.stage.outbox.busy == 0
	}, 10*time.Second, time.Millisecond)
	require.Zero(t, p.sender.taken(), "the platform hears nothing about what it has forgotten")
	require.Empty(t, p.stage.Deliveries("", ""))
}

func TestTheDeliveryLogStaysBounded(t *testing.T) {
	var o outbox
	for range maxDeliveries + 1 {
		o.note(Letter{}, control.Delivery{})
	}
	require.Len(t, o.log, maxDeliveries/2+1)
	require.EqualValues(t, maxDeliveries+1, o.log[len(o.log)-1].Seq, "the newest stay")
}

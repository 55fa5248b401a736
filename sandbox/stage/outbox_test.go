package stage

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestALetterCarriesWhatItWasGivenAndIsLogged(t *testing.T) {
	seen := make(chan *http.Request, 1)
	p := newPost(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		_, _ = io.WriteString(w, "SUCCESS")
	})
	p.sender.Post(p.letter("hello"))
	require.Equal(t, "hello", <-p.arrived)
	r := <-seen
	require.Equal(t, []string{"POST", "text/plain", "m"}, []string{r.Method, r.Header.Get("Content-Type"), r.Header.Get("X-Mark")})
	d := p.log(1)[0]
	require.True(t, morning.Equal(d.At))
	require.Equal(t, control.Delivery{Seq: 1, At: d.At, Platform: "one", Kind: "greeting", OrderID: "O1", RefundNo: "R1",
		URL: p.merchant.URL, Attempt: 1, Status: 200, Taken: true}, d)
	require.Equal(t, 1, p.sender.taken())
	require.Len(t, p.stage.Deliveries("one", "O1"), 1)
	require.NotNil(t, p.stage.Deliveries("two", ""))
	require.Empty(t, p.stage.Deliveries("two", ""))
	require.Empty(t, p.stage.Deliveries("one", "O2"))
	require.Empty(t, p.stage.Letters())
}

func TestLettersUnderWayAreListed(t *testing.T) {
	p := newPost(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	p.sender.Post(p.letter("hello", time.Minute))
	p.log(1)
	require.Eventually(t, func() bool {
		under := p.stage.Letters()
		return len(under) == 1 && !under[0].OnTheWay && under[0].Attempts == 1 && under[0].Due.Equal(morning.Add(time.Minute))
	}, 10*time.Second, time.Millisecond)
}

func TestLettersAreRepeatedAsTheirLadderSays(t *testing.T) {
	const minute = time.Minute
	for name, c := range map[string]struct {
		ladder  []time.Duration
		forever bool
		taken   int             // the attempt that is taken, 0 = none
		pauses  []time.Duration // after each attempt made; -1 = it was the last
	}{
		"no ladder, one attempt":        {nil, false, 0, []time.Duration{-1}},
		"the ladder ends":               {[]time.Duration{2 * minute, 4 * minute}, false, 0, []time.Duration{2 * minute, 4 * minute, -1}},
		"for ever at the last step":     {[]time.Duration{2 * minute, 4 * minute}, true, 0, []time.Duration{2 * minute, 4 * minute, 4 * minute, 4 * minute}},
		"nothing after it is taken":     {[]time.Duration{2 * minute, 4 * minute}, true, 2, []time.Duration{2 * minute, -1}},
		"for ever means nothing so far": {nil, true, 0, []time.Duration{-1}},
	} {
		t.Run(name, func(t *testing.T) {
			attempt := 0
			p := newPost(t, func(w http.ResponseWriter, _ *http.Request) {
				if attempt++; attempt == c.taken {
					_, _ = io.WriteString(w, "SUCCESS")
				}
			})
			l := p.letter("hello", c.ladder...)
			l.Forever = c.forever
			p.sender.Post(l)
			for i, pause := range c.pauses {
				d := p.log(i + 1)[i]
				require.Equal(t, i+1, d.Attempt)
				require.Equal(t, i+1 == c.taken, d.Taken)
				p.idle()
				if pause < 0 {
					require.True(t, d.Next.IsZero())
					p.stage.Clock.Advance(1000 * time.Hour)
					p.stage.Wake()
					p.idle()
					p.log(i + 1)
					return
				}
				require.Equal(t, pause, d.Next.Sub(d.At))
				p.stage.Clock.Advance(pause - time.Second)
				p.stage.Wake()
				p.idle()
				p.log(i + 1)
				p.stage.Clock.Advance(time.Second) // no Wake: a clock that cannot be timed is looked at
			}
		})
	}
}

func TestWhatIsNoAnswerIsAProblemOfTheDelivery(t *testing.T) {
	release := make(chan struct{})
	p := newPost(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/late":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/moved":
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		case "/huge":
			_, _ = io.WriteString(w, strings.Repeat("S", maxAnswer+1))
		case "/wrong":
			_, _ = io.WriteString(w, "FAIL")
		}
	})
	defer close(release)
	for i, c := range []struct {
		path, want string
		status     int
	}{
		{p.merchant.URL + "/late", "no answer within 30ms", 0},
		{p.merchant.URL + "/moved", "307", 307},
		{p.merchant.URL + "/huge", "larger than", 200},
		{p.merchant.URL + "/wrong", `"FAIL" is not SUCCESS`, 200},
		{"http://192.0.2.1/", "not on this machine", 0},
		{"http://\x00/", "invalid control character", 0},
	} {
		t.Run(c.want, func(t *testing.T) {
			l := p.letter(c.want)
			if l.URL = c.path; strings.HasSuffix(c.path, "/late") {
				l.Timeout = 30 * time.Millisecond
			}
			p.sender.Post(l)
			d := p.log(i + 1)[i]
			require.Contains(t, d.Problem, c.want)
			require.Equal(t, c.status, d.Status)
			require.False(t, d.Taken)
		})
	}
	require.Zero(t, p.sender.taken())
}

func TestSeveralLettersTravelAtOnceButNotTooMany(t *testing.T) {
	release := make(chan struct{})
	p := newPost(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = io.WriteString(w, "SUCCESS")
	})
	for i := range maxParallel + 1 {
		p.sender.Post(p.letter(fmt.Sprint(i)))
	}
	travelling := map[string]bool{}
	for range maxParallel {
		travelling[<-p.arrived] = true
	}
	require.False(t, travelling[fmt.Sprint(maxParallel)], "first come, first served")
	due, _ := p.stage.outbox.take(morning, maxParallel)
	require.Empty(t, due)
	close(release)
	p.log(maxParallel + 1)
}

func TestAPlannedFaultStrikesLetters(t *testing.T) {
	for name, c := range map[string]struct {
		fault   control.Fault
		at      []time.Duration // when letters go out, after the posting
		problem string
	}{
		"drop loses it for ever":        {control.Fault{Kind: control.FaultDrop}, nil, "dropped"},
		"delay puts it off":             {control.Fault{Kind: control.FaultDelay, Delay: control.Duration(time.Hour), Times: -1}, []time.Duration{time.Hour}, ""},
		"duplicate sends it twice":      {control.Fault{Kind: control.FaultDuplicate}, []time.Duration{0, 0}, ""},
		"duplicate for ever, too":       {control.Fault{Kind: control.FaultDuplicate, Times: -1}, []time.Duration{0, 0}, ""},
		"this platform's":               {control.Fault{Kind: control.FaultDuplicate, Platform: "one", OrderID: "O1"}, []time.Duration{0, 0}, ""},
		"another platform's do not":     {control.Fault{Kind: control.FaultDrop, Platform: "two"}, []time.Duration{0}, ""},
		"another order's do not":        {control.Fault{Kind: control.FaultDrop, OrderID: "O2"}, []time.Duration{0}, ""},
		"the second attempt's not yet":  {control.Fault{Kind: control.FaultDrop, Nth: 2}, []time.Duration{0}, ""},
		"delays of all calls spare it":  {control.Fault{Op: "*", Kind: control.FaultDelay, Delay: 1}, []time.Duration{0}, ""},
		"but nothing is for ever empty": {control.Fault{Op: "*", Kind: control.FaultEmpty}, []time.Duration{0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, nil)
			if c.fault.Op == "" {
				c.fault.Op = control.OpNotify
			}
			_, err := p.stage.Faults.Add(c.fault, nil)
			require.NoError(t, err)
			l := p.letter("hello", time.Minute)
			l.Forever = true
			p.sender.Post(l)
			p.idle()
			if len(c.at) == 1 && c.at[0] > 0 {
				require.Empty(t, p.stage.Deliveries("", ""))
				p.stage.Clock.Advance(c.at[0])
				p.stage.Wake()
			}
			if c.problem != "" {
				d := p.log(1)[0]
				require.Contains(t, d.Problem, c.problem)
				require.False(t, d.Taken)
				require.True(t, d.Next.IsZero())
				p.stage.Clock.Advance(time.Hour)
				p.stage.Wake()
				p.idle()
				require.Empty(t, p.arrived)
				_, err := p.stage.Again(d.Seq)
				require.NoError(t, err)
				require.Equal(t, "hello", <-p.arrived, "a person may still send it")
				return
			}
			for _, d := range p.log(len(c.at)) {
				require.True(t, d.Taken)
			}
			p.idle()
			require.Equal(t, len(c.at), p.sender.taken())
		})
	}
}

func TestADeliveredLetterCanBeSentAgainOnce(t *testing.T) {
	answer := "SUCCESS"
	p := newPost(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	l := p.letter("hello", time.Minute)
	l.Forever = true
	p.sender.Post(l)
	first := p.log(1)[0]
	answer = "FAIL"
	_, err := p.stage.Again(first.Seq)
	require.NoError(t, err)
	second := p.log(2)[1]
	require.Equal(t, []any{false, 1, true}, []any{second.Taken, second.Attempt, second.Next.IsZero()}, "the copy is not repeated")
	_, err = p.stage.Again(99)
	require.ErrorContains(t, err, "no delivery has seq 99")
}

func TestResultsThatComeByThemselvesAreFetchedWhenDue(t *testing.T) {
	for name, o := range map[string]RunOptions{"virtual time": {VirtualTime: true}, "real time": {}} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, nil)
			now := func() time.Time { return morning }
			if !o.VirtualTime {
				now = time.Now
			}
			p.run("", now, o)
			at := p.stage.Clock.Now()
			p.sender.mu.Lock()
			p.sender.due, p.sender.next = []time.Time{at.Add(20 * time.Millisecond), at.Add(time.Hour)}, p.letter("settled")
			p.sender.mu.Unlock()
			p.stage.Wake()
			if o.VirtualTime {
				p.stage.Clock.Advance(20 * time.Millisecond)
			}
			require.Equal(t, "settled", <-p.arrived)
			p.log(1)
			p.stage.Clock.Advance(time.Hour)
			p.stage.Wake()
			require.Equal(t, "settled", <-p.arrived)
		})
	}
}

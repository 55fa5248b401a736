package matrix

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// shelf is a world with the backups of each moment of it.
type shelf struct {
	*refundtest.World
	flow    Flow
	post    *postman
	names   []string
	backups []refundtest.Backup
}

func (f Flow) shelf(t *testing.T) *shelf {
	t.Helper()
	post := newPostman()
	t.Cleanup(post.close)
	s := &shelf{World: refundtest.On(t, f.Transport, f.options(post)), flow: f, post: post}
	post.works(s.World)
	return s
}

// begin makes backups from now on.
func (s *shelf) begin(first string, of refundtest.Backup) {
	s.names, s.backups = []string{first}, []refundtest.Backup{of}
	s.Ledger.Watch(func(m refundtest.Moment) {
		if slices.Contains(writes, m.Method) && m.Nth <= 2 { // of many questions the first ones
			s.names = append(s.names, fmt.Sprintf("books of ledger %s %d", m.Method, m.Nth))
			s.backups = append(s.backups, s.BackUp())
		}
	})
}

// end makes no more of them.
func (s *shelf) end() { s.Ledger.Watch(nil) }

// ask runs a refund, now or once more.
func (s *shelf) ask(r refund.Request) *refundtest.Run {
	s.Helper()
	return s.Run(r, append(s.flow.acts(), s.post.rounds()...)...)
}

// each restores one backup after the other, with Temporal's records and without.
func (s *shelf) each(then func(nth int, temporal bool)) {
	s.end()
	require.Greater(s, len(s.backups), 3, "at least it was opened, held, sent")
	nth := 0
	for i, b := range s.backups {
		for _, temporal := range []bool{true, false} {
			nth++
			s.Log("restored: ", s.names[i], ", with Temporal's records: ", temporal)
			s.Restore(b, temporal)
			then(nth, temporal)
		}
	}
}

// When the caller asks again for a refund that has ended, in books of any moment before,
// it is paid once and has the same end; nobody is asked where its end can be proven.
func TestRestoredBooksAreAskedAgainForWhatHasEnded(t *testing.T) {
	eachFlow(t, func(t *testing.T, f Flow) {
		s := f.shelf(t)
		f.before(s.World, s.post)
		request := f.request(s.World, "R1")
		s.begin("books of before", s.BackUp())
		first := s.ask(request)
		s.each(func(_ int, temporal bool) {
			again := s.ask(request)
			// An order that Miaojie shows as closed was given back, or never paid: only a person can say.
			closed := again.Stood != nil && strings.Contains(again.Stood.Sentence, "code TRADE_CLOSED")
			if temporal || f.heals() && f.rules.Query == providers.QueryByNumber && !closed {
				require.Equal(t, first.Outcome.Status, again.Outcome.Status, again.Outcome.Reason)
				require.NotContains(t, again.Passed(), refund.StatusNeedsAttention)
			}
			require.True(t, !f.shows() || sendings(again) == 1, "it was sent again without asking")
		})
	})
}

// An order whose refunds restored books have forgotten gives back no more than was paid.
func TestRestoredBooksKeepTheOrdersRemainder(t *testing.T) {
	eachFlow(t, func(t *testing.T, f Flow) {
		if f.Name != "part" || !f.proves() || f.rules.Query != providers.QueryByNumber && f.hears() {
			return // as in the races for the last of an order
		}
		s := f.shelf(t)
		order := s.Bench().NewOrder(t, control.NewOrder{Total: int64(total)})
		requests := []refund.Request{s.Request("R1", order, part), s.Request("R2", order, part)}
		s.begin("empty books", refundtest.Backup{})
		for _, r := range requests {
			require.Equal(t, refund.StatusSucceeded, s.ask(r).Outcome.Status)
		}
		left := total - 2*part
		s.each(func(nth int, temporal bool) {
			if !temporal { // nobody else knows what there was: callers repeat it
				for _, r := range requests {
					require.Equal(t, refund.StatusSucceeded, s.ask(r).Outcome.Status)
				}
			}
			more := s.ask(s.Request(fmt.Sprintf("M%d", nth), order, left+1))
			require.Equal(t, refund.StatusFailed, more.Outcome.Status)
			require.Contains(t, more.Outcome.Reason, "has "+left.String()+" left")
		})
		require.Equal(t, refund.StatusSucceeded, s.ask(s.Request("R3", order, left)).Outcome.Status)
		sum := refund.Fen(0)
		for _, p := range s.Bench().Refunds(t, order) {
			if p.Status != control.Failed {
				sum += refund.Fen(p.Amount)
			}
		}
		require.Equal(t, total, sum)
	})
}

package wechat_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// A widely used public client marshals its own types, so its documents are called <request> and <queryRequest>.
func TestRequestsMayCallTheirRootWhatTheyLike(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	for path, ask := range map[string]form{"/secapi/pay/refund": refund("R1", "300"), "/pay/orderquery": query("out_trade_no", outTrade)} {
		for _, root := range []string{"request", "xml", "queryRequest"} {
			t.Run(path+" as "+root, func(t *testing.T) {
				body := strings.TrimSuffix(strings.TrimPrefix(writeXML(with(ask, "sign", v2Sign(ask, "", docKey))), "<xml>"), "</xml>")
				_, answer, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+path, "application/xml", "<"+root+">"+body+"</"+root+">")
				require.NoError(t, err)
				require.Equal(t, "SUCCESS", verdict(readXML(t, answer)))
				require.True(t, strings.HasPrefix(string(answer), "<xml>"), "answers keep the root of the pages: %s", answer)
			})
		}
	}
	require.Len(t, w.book().Refunds, 1)
}

// The reply's form is printed in the notes, and anything else is asked for again (§7.1).
func TestRepliesToNotificationsKeepTheirRoot(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	in := newInbox(t, strings.ReplaceAll(takenXML, "xml>", "RefundedResp>"), takenXML)
	w.order(nil)
	require.Equal(t, "SUCCESS", verdict(w.refund(with(refund("R1", "300"), "notify_url", in.URL+"/n"))))
	w.stage.Wake()
	in.next(t)
	first := w.deliveries(1)[0]
	require.False(t, first.Taken)
	require.Contains(t, first.Problem, "use <xml>")
	w.advance(15 * time.Second)
	in.next(t)
	require.True(t, w.deliveries(2)[1].Taken)
}

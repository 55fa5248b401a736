package baidu

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func TestEveryStatusNumberMeansWhatItsOwnMessageSays(t *testing.T) {
	var file struct {
		Enums map[string]map[string]string `json:"enums"`
	}
	testdata(t, "baidu_status_enums.json", &file)

	states := map[string]providers.ResultState{
		"none": providers.ResultAbsent, "processing": providers.ResultProcessing,
		"success": providers.ResultSucceeded, "failed": providers.ResultFailed,
	}
	results := map[string]func(int64) providers.ResultState{
		"notification.refundStatus":               func(n int64) providers.ResultState { return notificationStatus(n).result() },
		"findOrderRefund.data[].refundStatus":     func(n int64) providers.ResultState { return batchStatus(n).result() },
		"queryorderdetail.refundStatus.statusNum": func(n int64) providers.ResultState { return orderRefundStatus(n).result() },
	}
	answers := map[string]func(int64) (bool, bool){
		"queryorderdetail.payStatus.statusNum":    func(n int64) (bool, bool) { return payStatus(n).paid() },
		"queryorderdetail.verification.statusNum": func(n int64) (bool, bool) { return verification(n).verified() },
	}
	yes := map[string]bool{"paid": true, "unpaid": false, "verified": true, "not_verified": false}
	types := map[string]refundType{
		"user":                   refundTypeOf(refund.InitiatorUser),
		"merchant_service_desk":  refundTypeOf(refund.InitiatorSupport),
		"merchant_service_fault": refundTypeOf(refund.InitiatorSystem),
	}
	// Messages that this package neither sends nor reads.
	elsewhere := map[string]bool{
		"orderlist.sub_status": true, "findByTpOrderId.status": true, "paymentCallback.status": true,
		"paymentReply.isConsumed": true, "auditReply.auditStatus": true,
	}
	for name, numbers := range file.Enums {
		if elsewhere[name] {
			delete(elsewhere, name)
			continue
		}
		known := map[int64]bool{}
		for text, meaning := range numbers {
			n, err := strconv.ParseInt(text, 10, 64)
			require.NoError(t, err)
			known[n] = true
			switch {
			case results[name] != nil:
				require.Contains(t, states, meaning)
				require.Equal(t, states[meaning], results[name](n), "%s %d", name, n)
			case answers[name] != nil:
				got, ok := answers[name](n)
				require.True(t, ok)
				require.Contains(t, yes, meaning)
				require.Equal(t, yes[meaning], got, "%s %d", name, n)
			case name == "request.refundType":
				require.EqualValues(t, n, types[meaning])
			default:
				t.Errorf("%s is a message without a type", name)
			}
		}
		for n := int64(-3); n < 12; n++ {
			if known[n] {
				continue
			}
			if f := results[name]; f != nil {
				require.Equal(t, providers.ResultUnknown, f(n), "%s %d is not documented", name, n)
			}
			if f := answers[name]; f != nil {
				_, ok := f(n)
				require.False(t, ok, "%s %d is not documented", name, n)
			}
		}
	}
	require.Empty(t, elsewhere)
}

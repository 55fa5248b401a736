package baidu

import (
	"net/http"
	"strconv"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// orderDetail serves queryorderdetail (§4.3): signed under the name "sign", the user id in "siteId", data nested twice.
func (p *Platform) orderDetail(w http.ResponseWriter, r *http.Request) {
	params, formErr := readForm(r)
	p.stage.Serve(w, p.call(opDetail, "order-query", "appKey", params), func() stage.Reply {
		if formErr != nil {
			return p.render(opDetail, refuse(10001, "参数错误，"+formErr.Error()))
		}
		return p.render(opDetail, p.locked(func(b *book) answer { return detail(b, params) }))
	}, p.forge(opDetail))
}

func detail(b *book, params map[string]string) answer {
	m := b.merchants[params["appKey"]]
	switch {
	case params["appKey"] == "":
		return cashierParam(&fieldError{"appKey", true})
	case m == nil:
		return appKeyNotFound
	case !signed(m.public, params, "sign"):
		return badSignature
	}
	if e := checkFields(params, detailFields); e != nil {
		return cashierParam(e)
	}
	if mustLong(params, "appId") != m.appID {
		return appKeyNotFound
	}
	o := b.order(m, mustLong(params, "orderId"))
	if o == nil || o.userID != mustLong(params, "siteId") {
		return orderNotFound
	}
	return accept(map[string]any{"data": map[string]any{
		"payStatus":    yesNo(o.paid, "支付成功", "未支付"),
		"refundStatus": refundState(o),
		"verification": yesNo(o.verified, "已核销", "无核销数据"),
	}})
}

func state(num int, desc string) map[string]any {
	return map[string]any{"statusNum": num, "statusDesc": desc}
}

func yesNo(yes bool, yesText, noText string) map[string]any {
	if yes {
		return state(1, yesText)
	}
	return state(-1, noText)
}

// refundState is the order's, not a batch's: anything in progress shows first, else the latest refund speaks. How the real
// platform sums up several partial refunds is not documented (§4.3, inferred).
func refundState(o *order) map[string]any {
	summary := state(-1, "未退费")
	for _, r := range o.refunds {
		switch r.status {
		case control.Processing:
			return state(1, "退费中")
		case control.Success:
			summary = state(2, "退费成功")
		case control.Failed:
			summary = state(9, "退费失败")
		case control.Abnormal: // Baidu knows no such end
		}
	}
	return summary
}

// id writes a number the way the platform writes it in text.
func id(n int64) string { return strconv.FormatInt(n, 10) }

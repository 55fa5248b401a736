package wechat

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// certificatePage is the edge's page for a refund without a client certificate; it is HTML, not XML (§6).
const certificatePage = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n" +
	"<center>No required SSL certificate was sent</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

var errTooLarge = errors.New("the body is larger than 64 KiB")

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	return body, err
}

// v2 serves one operation of Pay API v2.
func (p *Platform) v2(op string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r)
		var params map[string]string
		if err == nil {
			params, err = parseXML(body, anyRoot)
		}
		p.stage.Serve(w, p.call(op, "v2", params), func() stage.Reply {
			switch {
			case op == opRefund && !p.certified(r, params["mch_id"]):
				return stage.Reply{Status: http.StatusBadRequest, ContentType: "text/html", Body: []byte(certificatePage), Outcome: "400 no client certificate"}
			case r.Method != http.MethodPost:
				return xmlReply(returnFail(needsPost), needsPost)
			case err != nil:
				return xmlReply(returnFail(badXML), badXML)
			}
			return p.answerV2(op, params)
		}, p.forgeV2(params))
	}
}

// certified: over TLS the certificate issued for the merchant number must be there; a message that names no merchant gets
// by with any. The TLS door has already let in none but certificates of its own authority.
func (p *Platform) certified(r *http.Request, mchID string) bool {
	if r.TLS != nil {
		certs := r.TLS.PeerCertificates
		return len(certs) > 0 && (mchID == "" || certs[0].Subject.CommonName == mchID)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.book.settings.RequireCertificate
}

func xmlReply(f fields, no *refusal) stage.Reply {
	return stage.Reply{Status: http.StatusOK, ContentType: "application/xml; charset=utf-8", Body: f.xml("xml"), Outcome: no.outcome()}
}

// seal signs an answer with the merchant's key, the way the request was signed.
func seal(f fields, m *merchant, params map[string]string) fields {
	f.add("sign", sign(f.texts(), params["sign_type"], m.APIKey))
	return f
}

// dressV2 writes what was decided. A message that was not understood carries nothing else, no signature either (§4.2).
func dressV2(m *merchant, params map[string]string, f fields, no *refusal) stage.Reply {
	if no != nil && no.code == "" {
		return xmlReply(returnFail(no), no)
	}
	if m.SubMchID != params["sub_mch_id"] { // refused before the sub-merchant was looked at: another one's number must not be echoed
		provider := *m
		provider.SubMchID, provider.SubAppID = "", ""
		m = &provider
	}
	return xmlReply(seal(append(layers(m, no), f...), m, params), no)
}

func (p *Platform) answerV2(op string, params map[string]string) (reply stage.Reply) {
	p.locked(func(b *book, now time.Time) {
		m, no := b.account(params["mch_id"], params["sub_mch_id"]), (*refusal)(nil)
		if m == nil {
			reply = xmlReply(returnFail(noMerchant), noMerchant)
			return
		}
		var f fields
		var r *refund
		if op == opRefund {
			r, no = b.limited(m, now, func() (*refund, *refusal) {
				if m, no = b.senderV2(m, params); no != nil {
					return nil, no
				}
				return b.apply(m, params, doorV2, now)
			})
			if no == nil {
				f = r.acceptedV2()
			}
		} else if m, no = b.senderV2(m, params); no == nil {
			f, no = b.lookV2(op, m, params, now)
		}
		reply = dressV2(m, params, f, no)
	})
	return reply
}

func (b *book) lookV2(op string, m *merchant, params map[string]string, now time.Time) (fields, *refusal) {
	if op == opOrderQuery {
		o, no := b.queryOrder(m, params)
		if no != nil {
			return nil, no
		}
		return o.payment(), nil
	}
	found, no := b.queryRefund(m, params, now)
	if no != nil {
		return nil, no
	}
	return found.fieldsV2(), nil
}

// senderV2 proves who asks: signature, app, mode, relation. It always returns a merchant to answer as.
func (b *book) senderV2(account *merchant, params map[string]string) (*merchant, *refusal) {
	sub := params["sub_mch_id"]
	direct := account.SubMchID == ""
	m := b.merchants[sub]
	switch {
	case !signed(params, account.APIKey):
		return account, badSignature
	case params["appid"] != account.AppID:
		return account, noApp
	case direct && sub != "":
		return account, subForbidden
	}
	if no := checkParams(params, v2Rules...); no != nil {
		return account, no
	}
	switch {
	case direct:
		return account, nil
	case sub == "":
		return account, badParam("sub_mch_id")
	case m == nil || m.Mode != control.WeChatV2 || m.MchID != account.MchID:
		return account, noRelation
	case params["sub_appid"] != "" && params["sub_appid"] != m.SubAppID:
		return m, wrongSubApp
	case m.Unauthorized:
		return m, noProduct
	}
	return m, nil
}

package merchants

import (
	"context"
	"fmt"
	"os"

	"github.com/refundflow/refundflow/sandbox/control"
)

// WeChat is a direct merchant of Pay API v2: HMAC-SHA256, a client certificate,
// and notifications encrypted with the API key.
type WeChat struct {
	orders
	AppID string
}

// NewWeChat names the merchant's number and the app it belongs to.
func NewWeChat(mchID, appID string) WeChat { return WeChat{orders{"wechat", mchID}, appID} }

// Platform implements [Merchant].
func (WeChat) Platform() string { return "WeChat" }

// Register implements [Merchant].
func (m WeChat) Register(ctx context.Context, s Site) (string, error) {
	apiKey, err := s.secret(".key")
	if err != nil {
		return "", err
	}
	notify := s.to("refund")
	made, err := s.Sandbox.WeChat().CreateMerchant(ctx, control.NewWeChatMerchant{
		MchID: m.Number, AppID: m.AppID, APIKey: apiKey, Balance: rich, NotifyURL: notify,
	})
	if taken(err) {
		if _, err := os.Stat(s.file(".cert.pem")); err != nil {
			return "", fmt.Errorf("the certificate of %s: %w; the stand-in shows it once: remove the stand-in's books, and begin anew", s.Account, err)
		}
		_, err = s.Sandbox.WeChat().PatchMerchant(ctx, m.Number, control.WeChatMerchantPatch{APIKey: &apiKey, NotifyURL: &notify})
	} else if err == nil {
		err = s.certificate(made)
	}
	if err != nil {
		return "", err
	}
	if err := s.write(".ca.pem", s.CAPEM); err != nil {
		return "", err
	}
	return fill(wechatBlock, s, m)
}

func (s Site) certificate(m control.WeChatMerchant) error {
	if err := s.write(".cert.pem", m.CertPEM); err != nil {
		return err
	}
	return s.write(".cert.key", m.KeyPEM)
}

var wechatBlock = block(`    wechat:
      transport: v2
      mch_id: "{{.M.Number}}"
      appid: {{.M.AppID}}
      sign_type: HMAC-SHA256
      api_key_file: {{.S.Account}}.key
      cert_file: {{.S.Account}}.cert.pem
      key_file: {{.S.Account}}.cert.key
      ca_file: {{.S.Account}}.ca.pem      # of the stand-in; WeChat itself needs none
      url: {{.S.TLSURL}}
      poll: {{.S.Poll}}
      absence_interval: {{.S.AbsenceInterval}}
`)

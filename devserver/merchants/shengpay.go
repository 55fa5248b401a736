package merchants

import (
	"context"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Shengpay is a merchant of Shengpay, who is told of every result.
type Shengpay struct {
	orders
	AppID string
}

// NewShengpay names the merchant's number and its application.
func NewShengpay(mchID, appID string) Shengpay { return Shengpay{orders{"shengpay", mchID}, appID} }

// Platform implements [Merchant].
func (Shengpay) Platform() string { return "Shengpay" }

// Register implements [Merchant].
func (m Shengpay) Register(ctx context.Context, s Site) (string, error) {
	public, err := s.key(2048)
	if err != nil {
		return "", err
	}
	made, err := s.Sandbox.Shengpay().CreateMerchant(ctx, control.NewShengpayMerchant{
		AppID: m.AppID, MchID: m.Number, PublicKeyPEM: public, Recharge: rich, Unsettled: rich,
	})
	if taken(err) {
		made, err = s.Sandbox.Shengpay().PatchMerchant(ctx, m.Number, control.ShengpayMerchantPatch{PublicKeyPEM: &public})
	}
	if err != nil {
		return "", err
	}
	if err := s.write(".platform.pub", made.PlatformPublicKeyPEM); err != nil {
		return "", err
	}
	return fill(shengpayBlock, s, m)
}

var shengpayBlock = block(`    shengpay:
      app_id: {{.M.AppID}}
      mch_id: "{{.M.Number}}"
      private_key_file: {{.S.Account}}.pem
      platform_public_key_file: {{.S.Account}}.platform.pub
      url: {{.S.URL}}
      notify_url: {{.S.Callbacks}}/refund
      poll: {{.S.Poll}}
      absence_interval: {{.S.AbsenceInterval}}
`)

package merchants

import (
	"context"

	"github.com/refundflow/refundflow/sandbox/control"
)

// CloudPay is a sub-merchant of WeChat's own CloudPay, reached through a cloud
// function that also passes results on, signed.
type CloudPay struct {
	orders
	AppID string
}

// NewCloudPay names the sub-merchant's number and the mini program whose cloud
// environment holds the function.
func NewCloudPay(subMchID, appID string) CloudPay {
	return CloudPay{orders{"wechat", subMchID}, appID}
}

// Platform implements [Merchant].
func (CloudPay) Platform() string { return "WeChat" }

// Env is the cloud environment of the function.
func (m CloudPay) Env() string { return "prod-" + m.Number }

// Function is the name of the function.
func (CloudPay) Function() string { return "refundflow" }

// Register implements [Merchant].
func (m CloudPay) Register(ctx context.Context, s Site) (string, error) {
	appSecret, err := s.secret(".secret")
	if err != nil {
		return "", err
	}
	forwarding, err := s.secret(".forward")
	if err != nil {
		return "", err
	}
	wanted := control.NewWeChatMerchant{
		Mode: control.WeChatCloud, SubMchID: m.Number, SubAppID: m.AppID, AppSecret: appSecret, EnvID: m.Env(),
		Function: m.Function(), Balance: rich, ForwardURL: s.to("refund"), ForwardSecret: forwarding,
	}
	if _, err = s.Sandbox.WeChat().CreateMerchant(ctx, wanted); taken(err) {
		_, err = s.Sandbox.WeChat().PatchMerchant(ctx, m.Number, control.WeChatMerchantPatch{
			AppSecret: &appSecret, ForwardURL: &wanted.ForwardURL, ForwardSecret: &wanted.ForwardSecret,
		})
	}
	if err != nil {
		return "", err
	}
	return fill(cloudBlock, s, m)
}

var cloudBlock = block(`    wechat:
      transport: cloudfunction
      sub_mch_id: "{{.M.Number}}"
      appid: {{.M.AppID}}
      app_secret_file: {{.S.Account}}.secret
      env: {{.M.Env}}
      function: {{.M.Function}}
      callback_function: {{.M.Function}}
      callback_secret_file: {{.S.Account}}.forward
      url: {{.S.URL}}
      poll: {{.S.Poll}}
      absence_interval: {{.S.AbsenceInterval}}
`)

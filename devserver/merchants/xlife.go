package merchants

import (
	"context"

	"github.com/refundflow/refundflow/sandbox/control"
)

// XLife is a merchant of Miaojie on the Taobao Open Platform. The platform
// documents no message of any kind: its answer holds the result, and the answer to
// a repeated request tells it again.
type XLife struct{ orders }

// NewXLife names the application's key, digits.
func NewXLife(appKey string) XLife { return XLife{orders{"xlife", appKey}} }

// Platform implements [Merchant].
func (XLife) Platform() string { return "xlife" }

// Register implements [Merchant].
func (m XLife) Register(ctx context.Context, s Site) (string, error) {
	secret, err := s.secret(".secret")
	if err != nil {
		return "", err
	}
	session, err := s.secret(".session")
	if err != nil {
		return "", err
	}
	_, err = s.Sandbox.XLife().CreateMerchant(ctx, control.NewXLifeMerchant{AppKey: m.Number, AppSecret: secret, Session: session})
	if taken(err) {
		_, err = s.Sandbox.XLife().PatchMerchant(ctx, m.Number, control.XLifeMerchantPatch{AppSecret: &secret, Session: &session})
	}
	if err != nil {
		return "", err
	}
	return fill(xlifeBlock, s, m)
}

// The store is the one that the stand-in gives to a merchant who names none.
var xlifeBlock = block(`    xlife:
      app_key: "{{.M.Number}}"
      app_secret_file: {{.S.Account}}.secret
      session_file: {{.S.Account}}.session
      store_id: "12345678"
      store_id_type: miaojie
      url: {{.S.URL}}/router/rest
      poll: {{.S.Poll}}
      absence_interval: {{.S.AbsenceInterval}}
`)

package sandbox

import (
	"fmt"

	"github.com/refundflow/refundflow/sandbox/baidu"
	"github.com/refundflow/refundflow/sandbox/shengpay"
	"github.com/refundflow/refundflow/sandbox/stage"
	"github.com/refundflow/refundflow/sandbox/wechat"
	"github.com/refundflow/refundflow/sandbox/xlife"
)

// newPlatforms builds every stand-in with empty books, in the order of the help page.
func newPlatforms(s *stage.Stage, o Options) ([]stage.Platform, error) {
	named := func(name string, err error) error { return fmt.Errorf("sandbox settings of %s: %w", name, err) }
	b, err := baidu.New(s, o.Baidu)
	if err != nil {
		return nil, named("baidu", err)
	}
	w, err := wechat.New(s, o.WeChat)
	if err != nil {
		return nil, named("wechat", err)
	}
	x, err := xlife.New(s, o.XLife)
	if err != nil {
		return nil, named("xlife", err)
	}
	p, err := shengpay.New(s, o.Shengpay)
	if err != nil {
		return nil, named("shengpay", err)
	}
	return []stage.Platform{b, w, x, p}, nil
}

package registry

import (
	"errors"
	"fmt"
	"strings"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/providers/shengpay"
	"github.com/refundflow/refundflow/providers/wechat"
	"github.com/refundflow/refundflow/providers/xlife"
)

// Settings holds the provider block of an account; exactly one is given. A new
// provider gets a field here and a line in entries.
type Settings struct {
	Baidu    *baidu.Settings    `yaml:"baidu"`
	WeChat   *wechat.Settings   `yaml:"wechat"`
	XLife    *xlife.Settings    `yaml:"xlife"`
	Shengpay *shengpay.Settings `yaml:"shengpay"`
}

type entry struct {
	name  string
	given bool
	open  func(dir string) (providers.Provider, error)
}

func (s Settings) entries() []entry {
	return []entry{
		{"baidu", s.Baidu != nil, func(dir string) (providers.Provider, error) { return baidu.New(s.Baidu.In(dir)) }},
		{"wechat", s.WeChat != nil, func(dir string) (providers.Provider, error) { return wechat.New(s.WeChat.In(dir)) }},
		{"xlife", s.XLife != nil, func(dir string) (providers.Provider, error) { return xlife.New(s.XLife.In(dir)) }},
		{"shengpay", s.Shengpay != nil, func(dir string) (providers.Provider, error) { return shengpay.New(s.Shengpay.In(dir)) }},
	}
}

// Names lists the providers there are.
func Names() []string {
	var names []string
	for _, e := range (Settings{}).entries() {
		names = append(names, e.name)
	}
	return names
}

// Name is the provider whose block is given, "" when there is none.
func (s Settings) Name() string {
	for _, e := range s.entries() {
		if e.given {
			return e.name
		}
	}
	return ""
}

// Check demands exactly one provider block.
func (s Settings) Check() error {
	var names, given []string
	for _, e := range s.entries() {
		names = append(names, e.name)
		if e.given {
			given = append(given, e.name)
		}
	}
	switch len(given) {
	case 1:
		return nil
	case 0:
		return fmt.Errorf("want the settings of its provider in a block named %s", strings.Join(names, " or "))
	}
	return fmt.Errorf("want one provider, got %s", strings.Join(given, " and "))
}

// Open makes the provider, reading its keys; relative file names start at dir.
// The error lists every mistake.
func (s Settings) Open(dir string) (providers.Provider, error) {
	for _, e := range s.entries() {
		if e.given {
			return e.open(dir)
		}
	}
	return nil, errors.New("no provider is configured")
}

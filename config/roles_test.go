package config

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// lanes has an account on the workflows' queue, and three on queues of their own, of
// which two platforms share one.
const lanes = `
callbacks: {listen: "127.0.0.1:0"}
accounts:
  a-shared: {queue: both, baidu: {}}
  b-shared: {queue: both, xlife: {}}
  c-own: {queue: slow, wechat: {}}
  d-main: {shengpay: {}}
`

func TestARoleIsItsQueuesAndTheAccountsItMustKnow(t *testing.T) {
	all := []string{"a-shared", "b-shared", "c-own", "d-main"}
	for name, c := range map[string]struct {
		roles            []Role
		queues, accounts []string
	}{
		"everything when nothing is said":             {nil, []string{"refunds", "both", "slow"}, all},
		"workflows judge by every platform's rules":   {[]Role{RoleWorkflows}, []string{"refunds"}, all},
		"callbacks are proven with everybody's keys":  {[]Role{RoleCallbacks}, nil, all},
		"a lane needs its own accounts":               {[]Role{"wechat"}, []string{"slow"}, []string{"c-own"}},
		"a shared lane carries both platforms' calls": {[]Role{"baidu"}, []string{"both"}, []string{"a-shared", "b-shared"}},
		"two lanes":                 {[]Role{"wechat", "xlife"}, []string{"both", "slow"}, []string{"a-shared", "b-shared", "c-own"}},
		"a lane beside workflows":   {[]Role{"wechat", RoleWorkflows}, []string{"refunds", "slow"}, all},
		"workflows and a main lane": {[]Role{"shengpay", RoleWorkflows}, []string{"refunds"}, all},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := Parse([]byte(lanes), ".", c.roles...)
			require.NoError(t, err)
			require.Equal(t, c.queues, read.Queues())
			require.Equal(t, c.accounts, read.Serves(read.Queues()))
			for _, r := range []Role{RoleWorkflows, RoleCallbacks, "baidu"} {
				require.Equal(t, c.roles == nil || slices.Contains(c.roles, r), read.Does(r))
			}
		})
	}
}

func TestRolesThatAreGivenReplaceTheFilesAndAreCheckedAnew(t *testing.T) {
	c, err := Parse([]byte("roles: [callbacks]\n"+lanes), ".", "wechat")
	require.NoError(t, err)
	require.Equal(t, []Role{"wechat"}, c.Roles)
	_, err = Parse([]byte("roles: [callbacks]\n"+lanes), ".", "shengpay")
	require.ErrorContains(t, err, "accounts.d-main.queue")
}

func TestARoleThatNobodyCanFillIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ document, wrong string }{
		"a word there is not":               {"roles: [worker]\n" + lanes, "roles[0]: want one of workflows, callbacks, baidu"},
		"none":                              {"roles: []\n" + lanes, "roles: want at least one"},
		"twice":                             {"roles: [baidu, baidu]\n" + lanes, "roles[1]: baidu stands there twice"},
		"callbacks that nothing listens to": {"roles: [callbacks]\n" + smallest, "callbacks.listen: the role callbacks needs it"},
		"a provider without accounts":       {"roles: [wechat]\n" + smallest, "roles: wechat has no account"},
		"a lane on the workflows' queue":    {"roles: [shengpay]\n" + lanes, "accounts.d-main.queue: the role shengpay"},
		"its name spelt out, all the same":  {"task_queue: slow\nroles: [wechat]\n" + lanes, "accounts.c-own.queue: the role wechat"},
		"no list":                           {"roles: workflows\n" + lanes, "roles: want a list"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.document), ".")
			require.ErrorContains(t, err, c.wrong)
		})
	}
}

package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProcessListensAtTwoAddressesOrOnce(t *testing.T) {
	for name, c := range map[string]struct {
		monitor, callbacks string
		roles              []Role
		collide            bool
	}{
		"the same address":                        {"127.0.0.1:8088", "127.0.0.1:8088", nil, true},
		"one of them everywhere":                  {":8088", "127.0.0.1:8088", nil, true},
		"both everywhere, written otherwise":      {"0.0.0.0:8088", "[::]:8088", nil, true},
		"two ports":                               {"127.0.0.1:9464", "127.0.0.1:8088", nil, false},
		"two addresses of the machine":            {"127.0.0.1:8088", "10.0.0.7:8088", nil, false},
		"any port that is free":                   {"127.0.0.1:0", "127.0.0.1:0", nil, false},
		"a process that receives no callbacks":    {":8088", ":8088", []Role{RoleWorkflows}, false},
		"a process that receives callbacks alone": {":8088", ":8088", []Role{RoleCallbacks}, true},
	} {
		t.Run(name, func(t *testing.T) {
			file := []byte("monitor: {listen: '" + c.monitor + "'}\ncallbacks: {listen: '" + c.callbacks + "'}\n" + smallest)
			parsed, err := Parse(file, ".", c.roles...)
			if c.collide {
				require.ErrorContains(t, err, "monitor.listen: callbacks.listen has this port as well")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.monitor, parsed.Monitor.Listen)
		})
	}
}

func TestAProcessMayTellOfItselfElsewhereThanTheFileSays(t *testing.T) {
	for name, c := range map[string]struct{ file, listen, wrong string }{
		"instead of the file's":    {"monitor: {listen: ':9464'}", "127.0.0.1:9465", ""},
		"where the file says none": {"", "127.0.0.1:9465", ""},
		"no address":               {"", "here", "monitor.listen: want"},
		"the callbacks'":           {"callbacks: {listen: ':8088'}", "127.0.0.1:8088", "monitor.listen: callbacks.listen has this port as well"},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := Parse([]byte(c.file+"\n"+smallest), ".")
			require.NoError(t, err)
			err = parsed.MonitorOn(c.listen)
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.listen, parsed.Monitor.Listen)
		})
	}
}

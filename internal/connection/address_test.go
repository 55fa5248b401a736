package connection

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAddressIsHostAndPortAndIsNotRepeated(t *testing.T) {
	for _, good := range []string{"", "127.0.0.1:7233", "temporal:7233", "[::1]:7233", "shop.a1b2c.tmprl.cloud:7233", "dns:///temporal:7233"} {
		require.NoError(t, CheckAddress("--address", good), good)
	}
	for _, bad := range []string{
		"s3cr3t", "s3cr3t:", "s3cr3t:grpc", "s3cr3t:0", "s3cr3t:70000", "user:s3cr3t@temporal:7233", "https://s3cr3t:7233",
		"https://user:s3cr3t@temporal:7233", "dns:///user:s3cr3t@temporal:7233", "temporal:7233?token=s3cr3t",
	} {
		err := CheckAddress("--address", bad)
		require.ErrorContains(t, err, `--address: want "host:port"`, bad)
		require.NotContains(t, err.Error(), "s3cr3t", bad)
	}
}

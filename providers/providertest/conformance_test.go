package providertest

import "testing"

func TestConformance(t *testing.T) {
	for _, transport := range Benches() {
		t.Run(transport.Name, func(t *testing.T) { Run(t, transport) })
	}
}

package config

import "net/url"

// Monitor says where metrics and health are told, over plain HTTP: /metrics, /livez
// and /readyz.
type Monitor struct {
	// Listen is "host:port".
	Listen string `yaml:"listen"`
}

// Tracing says where traces are sent: an OpenTelemetry collector that speaks OTLP over
// HTTP.
type Tracing struct {
	// Endpoint is the collector's address, such as http://127.0.0.1:4318, without a query.
	Endpoint string `yaml:"endpoint"`
	// OneIn is of how many refunds one is traced; default 1: all.
	OneIn uint `yaml:"one_in"`
}

func (m *Monitor) check(add func(format string, args ...any)) {
	if m != nil {
		checkListen("monitor", m.Listen, "127.0.0.1:9464", add)
	}
}

func (t *Tracing) defaults() {
	if t != nil && t.OneIn == 0 {
		t.OneIn = 1
	}
}

func (t *Tracing) check(add func(format string, args ...any)) {
	if t == nil {
		return
	}
	address, err := url.Parse(t.Endpoint)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Hostname() == "" || address.User != nil ||
		address.RawQuery != "" || (address.Port() != "" && !isPort(address.Port())) {
		add("tracing.endpoint: want http://HOST:PORT or https://..., without a password and a query, got %d characters that are otherwise; "+
			"headers are given as OTEL_EXPORTER_OTLP_HEADERS", len(t.Endpoint))
	}
}

package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

const prefix = "/sandbox/v1"

// controlAPI is the part of the control API that all platforms share.
type controlAPI struct {
	server    *Server
	stage     *stage.Stage
	platforms []stage.Platform
}

func (a *controlAPI) mount(mux *http.ServeMux) {
	handle := func(pattern, path string, f func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern+" "+prefix+path, a.stage.Control(f))
	}
	mux.HandleFunc("GET "+prefix+"/{$}", a.help)
	handle("GET", "/clock", func(*http.Request) (any, error) { return a.stage.Clock.View(), nil })
	handle("POST", "/clock/advance", a.advance)
	handle("GET", "/faults", func(*http.Request) (any, error) { return a.stage.Faults.List(), nil })
	handle("POST", "/faults", a.addFault)
	handle("DELETE", "/faults", func(*http.Request) (any, error) {
		a.stage.Faults.Clear()
		return struct{}{}, nil
	})
	handle("GET", "/calls", a.calls)
	handle("GET", "/deliveries", a.deliveries)
	handle("GET", "/letters", a.letters)
	handle("POST", "/deliveries/{seq}/again", a.deliverAgain)
	handle("GET", "/tls", a.tls)
	handle("POST", "/reset", a.reset)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprintf("%s %s is no address of this sandbox; GET %s/ lists what there is", r.Method, r.URL.Path, prefix), http.StatusNotFound)
	})
}

func (a *controlAPI) advance(r *http.Request) (any, error) {
	var in control.Advance
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	switch {
	case in.NextDay && in.By == 0:
		a.stage.Clock.NextDay()
	case !in.NextDay && in.By > 0:
		a.stage.Clock.Advance(in.By.Std())
	default:
		return nil, stage.Wrong("advance needs exactly one of by (such as \"24h\") and next_day (true)")
	}
	return a.stage.Clock.View(), nil
}

func (a *controlAPI) addFault(r *http.Request) (any, error) {
	var in control.Fault
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	var ops, names []string
	for _, p := range a.platforms {
		names = append(names, p.Name())
		if in.Platform == "" || in.Platform == p.Name() {
			ops = append(ops, p.Ops()...)
		}
	}
	if in.Platform != "" && !slices.Contains(names, in.Platform) {
		return nil, stage.Wrong("platform %q is unknown; use one of %v, or leave it out for all", in.Platform, names)
	}
	return a.stage.Faults.Add(in, ops)
}

func (a *controlAPI) calls(r *http.Request) (any, error) {
	var filter control.CallFilter
	for name, values := range r.URL.Query() {
		value := values[0]
		switch name {
		case "op":
			filter.Op = value
		case "order_id":
			filter.OrderID = value
		case "refund_no":
			filter.RefundNo = value
		case "after":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return nil, stage.Wrong("after is not a call number; use the seq of the last call you have seen")
			}
			filter.After = n
		default:
			return nil, stage.Wrong("filter %q is unknown; use op, order_id, refund_no or after", name)
		}
	}
	return a.stage.Calls.Find(filter), nil
}

func (a *controlAPI) deliveries(r *http.Request) (any, error) {
	q := r.URL.Query()
	for name := range q {
		if name != "order_id" {
			return nil, stage.Wrong("filter %q is unknown; use order_id, the platform's id of the order", name)
		}
	}
	return a.stage.Deliveries("", q.Get("order_id")), nil
}

func (a *controlAPI) letters(*http.Request) (any, error) { return a.stage.Letters(), nil }

func (a *controlAPI) deliverAgain(r *http.Request) (any, error) {
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil {
		return nil, stage.Wrong("the address names no delivery; use the seq that GET %s/deliveries shows", prefix)
	}
	return a.stage.Again(seq)
}

func (a *controlAPI) tls(*http.Request) (any, error) {
	if a.server.tls == nil {
		return nil, stage.Unknown("this sandbox has no TLS door; start it with one (program: --tls-addr 127.0.0.1:0)")
	}
	return control.TLS{URL: a.server.TLSURL(), CAPEM: a.server.CAPEM()}, nil
}

func (a *controlAPI) reset(*http.Request) (any, error) {
	for _, p := range a.platforms {
		p.Reset()
	}
	a.stage.Clear()
	return struct{}{}, nil
}

// help is the listing a person with curl finds first.
func (a *controlAPI) help(w http.ResponseWriter, r *http.Request) {
	lines := []string{
		"refundflow sandbox: payment platforms to test against. All money is integer fen.",
		"Everything below lies under http://" + r.Host + prefix,
		"",
		"GET   /clock                        sandbox time",
		`POST  /clock/advance                {"by":"24h"} or {"next_day":true}`,
		"GET   /faults                       planned faults and how often they struck",
		`POST  /faults                       {op, kind, platform, phase: before|after, order_id, nth, times, ...}; kinds: disconnect, status (status,`,
		`                                    retry_after, body), answer (errno, error_code or code; msg, data; or body), html, truncated, empty, huge, no_code, tampered,`,
		`                                    doubled, twice (phase after), delay (delay); op notify, the messages to merchants: drop, delay, duplicate`,
		"DELETE /faults                      forget all faults",
		"GET   /calls?op=&order_id=&refund_no=&after=   every call the platforms received",
		"GET   /deliveries?order_id=         every attempt to bring a message to a merchant",
		"GET   /letters                      the messages to merchants that are under way",
		"POST  /deliveries/{seq}/again       send the message of that delivery once more",
		"GET   /tls                          address and authority of the TLS door, if there is one",
		"POST  /reset                        forget everything",
	}
	for _, p := range a.platforms {
		lines = append(lines, "", p.Name()+" (fault operations: "+strings.Join(p.Ops(), ", ")+")")
		lines = append(lines, p.ControlHelp()...)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, strings.Join(lines, "\n"))
}

package stage

import (
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Reply is what a platform answers.
type Reply struct {
	Status      int    // HTTP status
	Body        []byte // as ContentType says
	ContentType string // default "application/json; charset=utf-8"
	Outcome     string // for the call log: code and text
}

// Forge writes a platform's body for the fault kinds "answer", "no_errno" and "no_code". real is the body the platform would
// have sent, nil when it has not worked on the call: then the last two ask for any body without a code in the wire format that
// this call is answered in.
type Forge func(fault control.Fault, real []byte) []byte

// Serve leads one call through faults, processing, books file, log and wire. The log entry is written before the answer, so whoever has
// seen an answer (or lost one) finds its call in the log. If the books file cannot take what was processed, the caller gets
// a bare status 500: the platform's own refusals would claim that nothing has happened.
func (s *Stage) Serve(w http.ResponseWriter, call control.Call, process func() Reply, forge Forge) {
	struck := s.Faults.take(call)
	for _, f := range struck {
		call.Faults = append(call.Faults, control.AppliedFault{ID: f.ID, Kind: f.Kind, Phase: f.Phase})
	}
	s.pause(struck, control.Before)
	spoiler := spoilerOf(struck)
	var reply Reply
	var unsaved error
	if spoiler == nil || spoiler.Phase == control.After {
		reply = process()
		if spoiler != nil && spoiler.Kind == control.FaultTwice {
			reply = process() // a proxy on the way has sent the request once more
		}
		s.Wake()
		unsaved = s.commit()
		call.Processed, call.Outcome = true, reply.Outcome
	}
	call.At = s.Clock.Now()
	s.Calls.add(call)
	s.pause(struck, control.After)
	if unsaved != nil {
		http.Error(w, unsaved.Error(), http.StatusInternalServerError)
		return
	}
	if spoiler != nil {
		strike(w, *spoiler, reply, forge)
		return
	}
	write(w, reply)
}

func spoilerOf(struck []control.Fault) *control.Fault {
	for i := range struck {
		if struck[i].Kind != control.FaultDelay {
			return &struck[i]
		}
	}
	return nil
}

// pause waits in real time. It does not end with the caller's connection: a platform goes on working for a caller who hung up,
// and just that is what a client must survive.
func (s *Stage) pause(struck []control.Fault, phase control.FaultPhase) {
	for _, f := range struck {
		if f.Kind != control.FaultDelay || f.Phase != phase {
			continue
		}
		timer := time.NewTimer(time.Duration(f.Delay))
		select {
		case <-timer.C:
		case <-s.closed:
			timer.Stop()
			return
		}
	}
}

// write sends a reply as it is.
func write(w http.ResponseWriter, r Reply) {
	kind := r.ContentType
	if kind == "" {
		kind = jsonType
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}

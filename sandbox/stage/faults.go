package stage

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Faults is the list of planned faults in the order they were added.
type Faults struct {
	mu   sync.Mutex
	last int64
	list []control.Fault
}

// Add checks a fault against the known operations and plans it.
func (f *Faults) Add(fault control.Fault, ops []string) (control.Fault, error) {
	if err := checkFault(&fault, ops); err != nil {
		return control.Fault{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	fault.ID, fault.Seen, fault.Used = f.last, 0, 0
	f.list = append(f.list, fault)
	return fault, nil
}

// List shows all faults with their counters.
func (f *Faults) List() []control.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]control.Fault{}, f.list...)
}

// Clear forgets all faults.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// take counts the call with every fault that matches it and returns those that strike now: all due delays, and at
// most one other, so that the rest stays due for the calls to come.
func (f *Faults) take(call control.Call) []control.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var struck []control.Fault
	spoiled := false
	for i := range f.list {
		fault := &f.list[i]
		if fault.Platform != "" && fault.Platform != call.Platform {
			continue
		}
		if fault.Op != call.Op && (fault.Op != "*" || call.Op == control.OpNotify) {
			continue
		}
		if fault.OrderID != "" && fault.OrderID != call.OrderID && fault.OrderID != call.TpOrderID {
			continue
		}
		fault.Seen++
		due := fault.Seen >= fault.Nth && (fault.Times < 0 || fault.Used < fault.Times)
		isDelay := fault.Kind == control.FaultDelay
		if !due || (spoiled && !isDelay) {
			continue
		}
		spoiled = spoiled || !isDelay
		fault.Used++
		struck = append(struck, *fault)
	}
	return struck
}

// takeLetter counts one attempt to deliver a letter and returns the fault that strikes it, if any, else a zero one. The
// first of several stays: put off, dropped and doubled at once would mean nothing.
func (f *Faults) takeLetter(l Letter) control.Fault {
	struck := f.take(control.Call{Platform: l.Platform, Op: control.OpNotify, OrderID: l.OrderID, RefundNo: l.RefundNo})
	if len(struck) == 0 {
		return control.Fault{}
	}
	return struck[0]
}

func checkFault(f *control.Fault, ops []string) error {
	if f.Op != "*" && f.Op != control.OpNotify && !slices.Contains(ops, f.Op) {
		return fmt.Errorf("op %q is unknown; use one of %v, \"*\" or %q", f.Op, ops, control.OpNotify)
	}
	if f.Nth < 0 {
		return fmt.Errorf("nth is %d; use 1 for the next matching call", f.Nth)
	}
	if f.Times < -1 {
		return fmt.Errorf("times is %d; use a positive number, or -1 for ever", f.Times)
	}
	f.Nth = max(f.Nth, 1)
	if f.Times == 0 {
		f.Times = 1
	}
	switch f.Phase {
	case "":
		f.Phase = control.Before
	case control.Before, control.After:
	default:
		return fmt.Errorf("phase %q is unknown; use %q or %q", f.Phase, control.Before, control.After)
	}
	return checkKind(*f)
}

// checkKind refuses a field that its kind ignores: a fault that does less than its author believes proves nothing.
func checkKind(f control.Fault) error {
	need := func(field string, given, wanted bool) error {
		switch {
		case given && !wanted:
			return fmt.Errorf("%s has no meaning for kind %q; leave it out", field, f.Kind)
		case !given && wanted:
			return fmt.Errorf("kind %q needs %s", f.Kind, field)
		}
		return nil
	}
	isLetters := f.Op == control.OpNotify
	switch f.Kind {
	case control.FaultDrop, control.FaultDuplicate:
		if !isLetters {
			return fmt.Errorf("kind %q is for messages to merchants; it needs op %q", f.Kind, control.OpNotify)
		}
	case control.FaultDelay:
	default:
		if isLetters {
			return fmt.Errorf("kind %q has no meaning for op %q; use drop, delay or duplicate", f.Kind, control.OpNotify)
		}
	}
	if isLetters && f.Phase == control.After {
		return fmt.Errorf("phase %q has no meaning for op %q; leave it out", f.Phase, control.OpNotify)
	}
	isStatus, isAnswer := f.Kind == control.FaultStatus, f.Kind == control.FaultAnswer
	switch f.Kind {
	case control.FaultDisconnect, control.FaultStatus, control.FaultAnswer, control.FaultHTML, control.FaultTruncated,
		control.FaultEmpty, control.FaultHuge, control.FaultNoErrno, control.FaultNoCode, control.FaultDelay, control.FaultDrop,
		control.FaultDuplicate:
	case control.FaultTampered, control.FaultDoubled, control.FaultTwice:
		if f.Phase == control.Before {
			return fmt.Errorf("kind %q is about the platform's own answer; it needs phase %q", f.Kind, control.After)
		}
	default:
		return fmt.Errorf("kind %q is unknown; use disconnect, status, answer, html, truncated, empty, huge, no_code, no_errno, tampered, doubled, twice, delay, drop or duplicate", f.Kind)
	}
	if err := need("delay", f.Delay > 0, f.Kind == control.FaultDelay); err != nil {
		return err
	}
	if err := need("status", f.Status != 0, isStatus); err != nil {
		return err
	}
	if isStatus && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status is %d; use an HTTP status from 200 to 599", f.Status)
	}
	if f.RetryAfter%control.Duration(time.Second) != 0 {
		return fmt.Errorf("retry_after is not in whole seconds; the Retry-After header knows no fractions")
	}
	if !isStatus && f.RetryAfter != 0 {
		return need("retry_after", true, false)
	}
	if !isStatus && !isAnswer && f.Body != "" {
		return need("body", true, false)
	}
	if !isAnswer && (f.Code != "" || f.Errno != nil || f.ErrorCode != nil || f.Msg != "" || f.Data != nil) {
		return need("code, errno, error_code, msg or data", true, false)
	}
	if isAnswer {
		given := 0
		for _, is := range []bool{f.Code != "", f.Errno != nil, f.ErrorCode != nil, f.Body != ""} {
			if is {
				given++
			}
		}
		if given != 1 {
			return fmt.Errorf("kind %q needs exactly one of code, errno, error_code and body; %d are given", f.Kind, given)
		}
	}
	return nil
}

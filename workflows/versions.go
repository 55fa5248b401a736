package workflows

// version is a shape of the saga's decisions. Each refund keeps the one it was
// opened under: the number goes into the first ledger step and comes back from the
// history, so that it costs no event of its own.
//
// A change to what the workflow does, in which order, with which steps, gets the
// next number with a line that says what changed, and the old way stays behind
// s.since until no refund of it runs any more:
//
//	if s.since(versionAsksTwice) { ... }
//
// Then a history of every way it can go is recorded, see testdata/replay. What
// happens before the opening cannot ask for the version; a change there needs
// workflow.GetVersion, at two events and two actions for each refund.
type version int

const (
	// versionFirst is the shape of the first release.
	versionFirst version = 1
	// versionRestored: books that know less than has happened, since they come from a
	// backup, are read again where budget is taken and where the journal is written too.
	// What was sent stays sent: it takes its budget anew, and no refusal of such books
	// ends it. An order found spent before its verification is cancelled needs a person.
	versionRestored version = 2

	// versionInline: accounts may want first attempts of provider steps in the workflow's
	// own task, see begin. It asks for the account's word and not for the version, which
	// only keeps workers away that do not know of it.
	versionInline version = 3

	// versionUnasked: who cannot be asked costs no question. Where a platform knows none about
	// orders, none is made of it; a result that came with the acceptance, from a platform that
	// tells it in no other way, is settled in the workflow's own task.
	versionUnasked version = 4

	// versionNow is what new refunds are opened under.
	versionNow = versionUnasked
)

// since reports whether the refund was opened under a version or a later one.
func (s *saga) since(v version) bool { return version(s.plan.Version) >= v }

// refuseNewer stops a worker that is older than the refund it has been given, as happens
// when a release is taken back: it must not go on by rules that it does not know. The
// task fails, and waits for a worker of the newer release.
func (s *saga) refuseNewer() {
	if v := version(s.plan.Version); v > versionNow {
		panic("this refund was opened by a newer release of the worker: let one of those go on with it")
	}
}

package activities

// Activity types as they appear in histories. Renaming one breaks every running
// refund.
const (
	// Local activities: the ledger alone.
	Open   = "Open"
	Hold   = "Hold"
	Finish = "Finish"
	Note   = "Note"
	Flag   = "Flag"
	Unflag = "Unflag"
	Amend  = "Amend"
	// VerifySeal checks a signed decision; the keys stay with the worker.
	VerifySeal = "VerifySeal"

	// Regular activities: one exchange with the provider, wrapped by the ledger. See [Inline].
	CheckOrder         = "CheckOrder"
	CancelVerification = "CancelVerification"
	Apply              = "Apply"
	FindOut            = "FindOut"
	AwaitResult        = "AwaitResult"

	// Reconcile compares one page of the books with Temporal, and Compare a few refunds
	// with the platform, each through the queue of its account.
	Reconcile = "Reconcile"
	Compare   = "Compare"
)

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

	// Regular activities: one exchange with the provider, wrapped by the ledger.
	CheckOrder         = "CheckOrder"
	CancelVerification = "CancelVerification"
	Apply              = "Apply"
	FindOut            = "FindOut"
	AwaitResult        = "AwaitResult"
)

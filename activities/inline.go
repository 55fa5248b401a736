package activities

// Inline says which first attempts of an account's provider steps are made in the
// workflow's own task, as local activities, and not in the regular lane.
type Inline string

// What an account may want. The empty one is [InlineNone].
const (
	InlineNone Inline = "none"
	// InlineReads: the questions, which change nothing: [CheckOrder] and [AwaitResult].
	InlineReads Inline = "reads"
	// InlineAll: [Apply] too. [CancelVerification], which has no inverse, never is.
	InlineAll Inline = "all"
)

// Package callback receives what payment platforms send by themselves: the word
// that a refund is done (POST /callbacks/{account}/refund) and the question whether
// one is wanted (POST /callbacks/{account}/audit). [New] makes the handler, [Serve]
// runs it.
//
// Its one idea is that anybody can send anything here, and only the platform's own
// word counts. In plain words:
//
//   - A message that the provider cannot verify changes nothing and is shown to
//     nobody: neither the log nor an error holds a piece of it.
//   - A message that proves nothing ([providers.Notification.Proven] is false) is at
//     most a hint: the refund's workflow asks the platform by itself. Hints, and what
//     is merely sent again, reach a workflow at most every [hintGap], for a platform's
//     signature does not keep anybody from repeating a message, and every signal
//     makes a history longer.
//   - A proven message is written down as evidence only when it names one refund of
//     ours, by its number, and every figure in it agrees with the books. One that
//     names a refund by its order alone may mean another refund of that order, unless
//     the only refund it can mean has ended without the platform's number.
//   - Figures that do not agree, and two different ends of one refund, are for a
//     person: they are journaled, logged with alert=true, and move no refund.
//   - A proven message about a refund that nobody asked for here is counted in its
//     order's remainder.
//   - The platform hears "taken" only once the message is safely in the books, or
//     when hearing it again could not help. Everything may come twice and in any order.
//
// So a forger with full access to this address learns nothing and moves nothing, and
// a lost message costs only time: the workflow goes on asking.
//
// It imports providers (the contract, no platform), ledger and refund, and does not
// know Temporal: [Options.Signal] is a function.
package callback

// Package session is the messenger without a screen: it joins a relay, keeps
// conversations in step with it, sends and receives messages, and has files
// moved. The desktop program draws from it and satchelctl prints from it.
//
// One goroutine, the loop, owns everything that changes. Callers, the link and
// the transfer engine hand it typed events; it takes all that are ready, puts
// them through ONE storage transaction (a turn), and then, in this order,
// announces what became true, tells the relay, and answers the callers. What a
// turn does to the loop's own memory happens after its commit, so that a turn
// which could not be stored leaves no trace.
//
//	callers ─┐                       ┌→ subscribers (merged batches)
//	link ────┼→ events → loop → tx ──┼→ link
//	engine ──┘                       └→ callers' answers
//
// Intent is stored before it is acted on: a message is a pending row and a row
// of the outbox before the relay hears of it, a file's message is a pending row
// and a journalled transfer. Own marks need no row of their own: the
// conversation's is the intent, and it is told until the relay's copy is as far.
//
// Every exported method may be called from any goroutine, and is bounded.
package session

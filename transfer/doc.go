// Package transfer moves files: a durable queue with a bounded pool of
// workers, resume in both directions, checksums, pictures for bubbles, and the
// handlers that speak to one kind of store each.
//
// The session calls it. It knows nothing of messages or of the relay's socket:
// what is queued comes from and goes to a Journal, permission to move a file
// comes from Tickets, and every change is told to Config.Changed.
//
// Goroutines: Run is the loop that owns every transfer that rests; an attempt
// (at most Config.Workers of them) owns the transfer that it moves, from start
// until it hands it back. Nobody else changes a transfer. Add, Pause, Resume,
// Cancel and SetOnline may be called from anywhere, a Changed callback
// included, and never wait for a disk or a network. Journal.Save and Changed
// are called without a lock held; neither is called twice at a time for one
// transfer.
package transfer

// Package link is a client's connection to its relay: it dials, proves who both
// ends are, keeps the connection alive, and comes back by itself when it is lost.
//
// The session calls it. [Link.Run] is one goroutine that dials and then reads;
// while connected there is one more, which writes. Everything that happens is
// told on [Link.Events], in order; whoever runs a link must drain that channel,
// for a reader that waits is how a slow client slows its relay down. Send, Call,
// Kick, Drop and Close are safe from any goroutine.
package link

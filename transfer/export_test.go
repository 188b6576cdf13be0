package transfer

import "testing"

// NewTusServer runs a tus server that asks for no ticket, and returns its URL.
func NewTusServer(t testing.TB) string { return newServer(t, false).URL }

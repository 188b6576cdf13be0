//go:build !linux

package system

import (
	"context"
	"runtime"
)

// Notifier has no way to the desktop here: every notice goes to who can.
type Notifier struct{ cannot func(Notice) }

// NewNotifier returns a notifier that hands every notice on.
func NewNotifier(_ func(tag string), cannot func(Notice)) *Notifier { return &Notifier{cannot} }

// Show hands the notice on.
func (n *Notifier) Show(notice Notice) { n.cannot(notice) }

// Forget does nothing: the desktop takes its notices away by itself.
func (n *Notifier) Forget(string) {}

// Close ends the notifier.
func (n *Notifier) Close() {}

// HasTray tells whether something on this desktop shows tray icons.
func HasTray(context.Context) bool { return runtime.GOOS == "windows" || runtime.GOOS == "darwin" }

// MayHaveTray tells whether something could come that shows tray icons.
func MayHaveTray() bool { return false }

// WatchTray has nothing to tell: the tray of these systems does not go.
func WatchTray(context.Context, func(there bool)) {}

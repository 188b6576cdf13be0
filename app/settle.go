package app

import (
	"runtime/debug"
	"time"
)

const (
	// garbage is how much of it, in per cent of what is used, may pile up while the
	// program starts: to collect it takes a sixth of the start, and there is little.
	garbage = 800
	// settled is how long after the start it is over: what is shown first is drawn.
	settled = 3 * time.Second
)

// settle gives back the memory that only the start needed, once that is over, and
// lets garbage pile up as before. The runtime itself would keep all for as long
// as nothing happens, and the system every page of the program.
func (a *App) settle(percent int) {
	a.joined(func() {
		t := time.NewTimer(settled)
		defer t.Stop()
		select {
		case <-a.ctx.Done():
		case <-t.C:
			debug.SetGCPercent(percent)
			debug.FreeOSMemory()
			handBack()
		}
	})
}

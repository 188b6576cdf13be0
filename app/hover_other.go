//go:build !linux

package app

// watchDrags has nobody to ask here.
func (a *App) watchDrags(func(is bool, x, y int)) {}

// restorePlace does nothing: where windows stand is not known here.
func (a *App) restorePlace(place) {}

// nativeID is not known here.
func (a *App) nativeID() int { return 0 }

// watchPlace has nobody to ask here.
func (a *App) watchPlace() {}

//go:build !linux

package app

// watchDrags has nobody to ask here.
func (a *App) watchDrags(func(bool)) {}

// restorePlace does nothing: where windows stand is not known here.
func (a *App) restorePlace(place) {}

// watchPlace has nobody to ask here.
func (a *App) watchPlace() {}

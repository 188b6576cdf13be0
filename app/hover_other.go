//go:build !linux

package app

// watchDrags has nobody to ask here.
func (a *App) watchDrags(func(bool)) {}

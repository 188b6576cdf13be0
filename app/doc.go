// Package app is the desktop program's shell: its window, its screens and what
// a click does. It turns the changes that a session announces into values for
// widgets, and what a person does into calls of the session. main is its only
// caller; it gives it what app may not reach itself (the relay inside the
// program, previews, copies of files).
//
// # Goroutines
//
// Everything that is drawn, and every field of App below "the screen's", is
// touched on Fyne's goroutine only. observe.go alone brings a session's changes
// there: one hop for all that came within a frame. Whatever may take long runs
// in App.work and comes back through App.ui; what must keep the order in which
// the person did it (messages, drafts, marks) runs in App.inOrder. Close ends
// all of them and waits.
//
// # The test seam
//
// With the environment variable SATCHEL_STATE=FILE the program writes to FILE
// what is on its screen, as JSON, whenever that changed: see Screen in state.go.
// The file is replaced as a whole. Places are in pixels from the upper left
// corner of the window's content. Journeys in a real window wait on it instead
// of sleeping, and click where it says.
package app

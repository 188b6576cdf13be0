// Package widgets is what Satchel draws: the theme, the timeline with its
// bubbles, and the pieces of the shell around it. A widget takes values of
// package chat and tells what was done to it through its OnX functions. It
// knows no session, opens no file and talks to no network.
//
// Package app is its only caller. Everything here must be called on Fyne's
// goroutine (fyne.Do from any other), and every OnX function is called on it.
// Strings go through fyne's lang with the English text as the key.
package widgets

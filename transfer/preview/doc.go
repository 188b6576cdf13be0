// Package preview looks into files: what kind they are, how big a picture is,
// how long a sound, how many pages, what a text begins with; and it decodes
// pictures, for bubbles and for the viewer.
//
// Files are hostile. Whatever decodes one runs in a helper: a process of our own
// program that has bounds for memory and time, is killed when it passes them or
// when nobody waits any more, and is started anew. A helper is this very
// program, called with a mark in its environment, so the package's init function
// takes over before main does. There are two at most; one that has nothing to do
// for a while ends.
//
// The transfer engine and the screen call Look, Picture, Large and Frames, from
// any goroutine. No goroutine outlives a call.
package preview

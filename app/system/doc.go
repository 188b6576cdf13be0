// Package system is the desktop around the window: notifications that lead back
// to what they tell of, whether there is a tray, and starting at login. It draws
// nothing and knows no session; app calls it. What a platform does not offer
// says so, and app falls back or leaves it out.
package system

// ID names the program to the desktop: its entry, its icon, its notifications.
// FyneApp.toml has the same.
const ID = "app.satchel.Satchel"

// Notice is one notification.
type Notice struct {
	Tag   string // what it is about: a newer notice of the same tag takes the place of the older
	Title string
	Body  string
	Open  string // what the button that opens it says
	Sound bool   // the system's sound for messages
}

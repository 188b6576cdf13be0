package widgets

// compact tells whether rows and bubbles stand close.
var compact bool

// How much closer they stand then.
const (
	compactRow    float32 = 6 // above and below the words of a row of the list
	compactGroup  float32 = 2 // between bubbles of one sender
	compactGroups float32 = 4 // between bubbles of two
)

// SetCompact has rows and bubbles stand close, or at ease. What is drawn already
// is drawn anew by the caller. On the screen's goroutine only.
func SetCompact(yes bool) { compact = yes }

// closer is by when things stand close, and nothing otherwise.
func closer(by float32) float32 {
	if compact {
		return by
	}
	return 0
}

package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// MessageSpot is what of a message's bubble can be pressed now: its parts, by
// what they say ("Download", "Pause", "Cancel"), and the bubble itself under "".
type MessageSpot struct {
	ID    chat.MessageID
	Parts map[string]fyne.CanvasObject
}

// Spots are those of the messages that are drawn, in order. They serve who
// drives the window from outside: tests, and whatever reads a screen aloud.
func (t *Timeline) Spots() []MessageSpot {
	var out []MessageSpot
	for _, e := range t.shown {
		if e.widget == nil {
			continue
		}
		s := MessageSpot{e.item.Message.ID, map[string]fyne.CanvasObject{"": e.widget}}
		s.add(e.widget.objects)
		out = append(out, s)
	}
	return out
}

func (s *MessageSpot) add(objects []fyne.CanvasObject) {
	for _, o := range objects {
		switch o := o.(type) {
		case *pressable:
			if o.label != "" && o.tapped != nil {
				s.Parts[o.label] = o
			}
		case *seekArea:
			s.Parts[o.label] = o
		case *filePart:
			s.add(o.objects)
		case *picturePart:
			s.add(o.objects)
		case *placePart:
			s.add(o.objects)
		case *quotePart:
			s.Parts[lang.L("What this answers")] = o
		case *reactionPill:
			s.Parts[o.label] = o
		}
	}
}

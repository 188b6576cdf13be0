package widgets

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
)

// someTransfers are one in each state that a list shows.
func someTransfers() []TransferRow {
	one := func(id, name string, size, offset int64, d chat.Direction, s chat.TransferState, reason string) TransferRow {
		return TransferRow{With: "Ines Tavares", Transfer: &chat.Transfer{ID: chat.TransferID(id), Direction: d, State: s, Reason: reason,
			Offset: offset, File: chat.File{Name: name, Size: size}, Updated: noon}}
	}
	moving := one("1", "harbour-rushes.zip", 2400<<20, 1500<<20, chat.Upload, chat.TransferMoving, "")
	moving.Transfer.Rate, moving.Transfer.Left = 41<<20, 22*time.Second
	return []TransferRow{
		{Heading: "On their way"}, moving,
		one("2", "shotlist-v7.pdf", 840<<10, 0, chat.Download, chat.TransferFinishing, ""),
		{Heading: "Waiting"},
		one("3", "evening look, with a name that is longer than the row has room for.jpg", 3<<20, 0, chat.Download, chat.TransferQueued, ""),
		one("4", "sound.wav", 60<<20, 20<<20, chat.Upload, chat.TransferWaiting, "Waits for the connection. It goes on by itself."),
		{Heading: "Failed"},
		one("5", "archive.tar", 9<<30, 0, chat.Download, chat.TransferFailed, "This link has expired, and no new one came in a week. Ask for the file to be sent again, or try again to wait for another week."),
		{Heading: "Done today"},
		one("6", "invoice-0423.pdf", 120<<10, 120<<10, chat.Upload, chat.TransferDone, ""),
	}
}

// Every button does what it says to its own transfer; of ten thousand rows only
// those in view exist.
func TestTransferList(t *testing.T) {
	test.NewTempApp(t)
	l := NewTransferList("Nothing")
	w := test.NewTempWindow(t, l)
	w.Resize(fyne.NewSize(660, 900))
	var did string
	l.OnAct = func(t chat.Transfer, act TransferAct) { did = fmt.Sprint(t.ID, act) }
	l.SetRows(someTransfers())
	for id, acts := range map[chat.TransferID][]TransferAct{"1": {ActPause, ActCancel}, "3": {ActFront, ActPause, ActCancel},
		"4": {ActFront, ActResume, ActCancel}, "5": {ActResume, ActCancel}, "6": {ActOpen, ActFolder}} {
		for act := ActFront; act <= ActFolder; act++ {
			wanted := false
			for _, a := range acts {
				wanted = wanted || a == act
			}
			b := l.ActButton(id, act)
			if (b != nil) != wanted {
				t.Fatalf("transfer %s, act %d: %v", id, act, b)
			}
			if b != nil {
				if test.Tap(b); did != fmt.Sprint(id, act) || b.Text == "" {
					t.Errorf("transfer %s, act %d: %s", id, act, did)
				}
			}
		}
	}
	many := make([]TransferRow, 10000)
	for i := range many {
		many[i].Transfer = &chat.Transfer{ID: chat.TransferID(fmt.Sprint(i)), File: chat.File{Name: "x", Size: 10}}
	}
	l.SetRows(many)
	many[5].Transfer = &chat.Transfer{ID: "5", State: chat.TransferPaused, File: many[5].Transfer.File}
	l.SetRows(many)
	if l.ActButton("5", ActResume) == nil || l.ActButton("9999", ActPause) != nil || len(l.shown) > 100 {
		t.Errorf("%d rows exist", len(l.shown))
	}
}

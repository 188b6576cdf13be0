package transfer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"

	"satchel/chat"
)

// telling is a PNG that says by which camera it was taken.
func telling(t testing.TB, w, h int) []byte {
	p := photo(t, w, h)
	chunk := binary.BigEndian.AppendUint32(nil, 12)
	chunk = append(chunk, "tEXtCamera\x00Canon"...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return bytes.Join([][]byte{p[:33], chunk, p[33:]}, nil)
}

// Pictures go as they were asked to go; everything else, and the file itself,
// stays as it is.
func TestPicturesEdited(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	small, big := telling(t, 40, 30), telling(t, 2100, 1050)
	for _, c := range []struct {
		name, as string
		data     []byte
		edit     chat.PictureEdit
		same     bool
		width    int
	}{
		{"kept.png", "kept.png", small, chat.PictureEdit{}, true, 40},
		{"clean.png", "clean.png", small, chat.PictureEdit{Clean: true}, false, 40},
		{"nothing to say.png", "nothing to say.png", photo(t, 40, 30), chat.PictureEdit{Clean: true}, true, 40},
		{"smaller.png", "smaller.jpg", big, chat.PictureEdit{Clean: true, Smaller: true}, false, 2048},
		{"small already.png", "small already.png", small, chat.PictureEdit{Smaller: true}, true, 40},
		{"words.txt", "words.txt", []byte("Canon"), chat.PictureEdit{Clean: true, Smaller: true}, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			up := uploadOf(t, write(t, c.name, c.data))
			up.Edit = c.edit
			done := b.done(b.queue(up))
			got := s.opened(t, done.File)
			if same := bytes.Equal(got, c.data); same != c.same || done.File.Size != int64(len(got)) || done.File.Name != c.as || done.Copy != "" || done.File.Width != c.width {
				t.Errorf("the same: %v; %+v", same, done)
			}
			if !c.same && bytes.Contains(got, []byte("Canon")) {
				t.Error("it still tells")
			}
			if c.edit.Smaller && !c.same {
				if img, err := jpeg.Decode(bytes.NewReader(got)); err != nil || img.Bounds() != image.Rect(0, 0, 2048, 1024) {
					t.Errorf("%v", err)
				}
			} else if !c.same {
				if img, err := png.Decode(bytes.NewReader(got)); err != nil || img.Bounds() != image.Rect(0, 0, 40, 30) {
					t.Errorf("%v", err)
				}
			}
			if on, err := os.ReadFile(up.Path); err != nil || !bytes.Equal(on, c.data) {
				t.Errorf("the file itself changed: %v", err)
			}
		})
	}
	b.cleared()
}

// A copy is made once, and a restart sends it; what can't be cleaned does not go.
func TestCopySurvives(t *testing.T) {
	s := newServer(t, true)
	journal, folder := openJournal(""), t.TempDir()
	here := func(c *Config) { c.Folder = folder }
	noTicket := func(context.Context, TicketRequest) (Ticket, error) {
		return Ticket{}, Temporary("Not now.", errors.New("closed"))
	}
	first := start(t, journal, NewTus(TusConfig{Tickets: noTicket}), here)
	up := uploadOf(t, write(t, "a.png", telling(t, 40, 30)))
	up.Edit.Clean = true
	id := first.queue(up)
	waits := first.state(id, chat.TransferWaiting)
	copied, err := os.ReadFile(waits.Copy)
	if err != nil || bytes.Contains(copied, []byte("Canon")) {
		t.Fatalf("%+v, %v", waits, err)
	}
	first.stop()
	if err := os.Remove(up.Path); err != nil {
		t.Fatal(err)
	}
	again := start(t, journal, NewTus(TusConfig{Tickets: s.issue(s.URL)}), here)
	if got := s.opened(t, again.done(id).File); !bytes.Equal(got, copied) {
		t.Error("something else went")
	}
	whole := telling(t, 40, 30)
	cut := uploadOf(t, write(t, "cut.png", whole[:len(whole)-20]))
	cut.Edit.Clean = true
	if failed := again.failed(again.queue(cut), "is damaged"); !strings.Contains(failed.Reason, "was not sent") {
		t.Errorf("%q", failed.Reason)
	}
	again.stop()
	if _, err := os.Stat(waits.Copy); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the copy stays: %v", err)
	}
}

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"time"

	"satchel/chat"
	"satchel/widgets"
)

// script writes a conversation down, a message a line.
type script struct {
	items []widgets.Item
	at    time.Time
}

func (s *script) add(mine bool, c chat.Content, change ...func(*widgets.Item)) {
	n := uint64(len(s.items) + 1)
	c.Kind = chat.KindMessage
	it := widgets.Item{Mine: mine, Receipt: chat.ReceiptRead, Message: chat.Message{
		ID: chat.MessageID(fmt.Sprintf("%026d", n)), Seq: n, From: "ines", At: s.at, Content: c}}
	if mine {
		it.Message.From = "mara"
	}
	for _, f := range change {
		f(&it)
	}
	s.items = append(s.items, it)
	s.at = s.at.Add(time.Minute)
}

func transfer(d chat.Direction, state chat.TransferState, offset int64, rate float64, left time.Duration, reason string) func(*widgets.Item) {
	return func(it *widgets.Item) {
		it.Receipt = chat.ReceiptWaiting
		it.Transfer = &chat.Transfer{ID: chat.TransferID("t" + it.Message.ID), Direction: d, Message: it.Message.ID, State: state,
			Offset: offset, Rate: rate, Left: left, Reason: reason, File: *it.Message.Content.File}
	}
}

func here(it *widgets.Item) { it.Path = "/files/" + it.Message.Content.File.Name }

func file(name string, size int64) *chat.File {
	return &chat.File{URL: "/files/x", Name: name, Size: size}
}

func picture(w, h int, size int64) *chat.File {
	return &chat.File{URL: "/files/p", Name: "harbour.jpg", Size: size, Width: w, Height: h, MIME: "image/jpeg", Thumbnail: thumbnail(w, h)}
}

// thumbnail paints an evening over water.
func thumbnail(w, h int) []byte {
	if w > h {
		w, h = 320, 320*h/w
	} else {
		w, h = 320*w/h, 320
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	stops := []color.RGBA{{0x6E, 0xA4, 0xBA, 255}, {0xF0, 0xC8, 0x8C, 255}, {0x5C, 0x3A, 0x24, 255}}
	for y := range h {
		for x := range w {
			f := (float64(y)*0.85 + float64(x)*0.2) / float64(h)
			i := 0
			if f > 0.55 {
				i, f = 1, (f-0.55)/0.55
			} else {
				f /= 0.55
			}
			f = min(f, 1)
			mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-f) + float64(b)*f) }
			img.SetRGBA(x, y, color.RGBA{mix(stops[i].R, stops[i+1].R), mix(stops[i].G, stops[i+1].G), mix(stops[i].B, stops[i+1].B), 255})
		}
	}
	for _, m := range []int{w / 5, w / 3, w * 3 / 4} { // masts
		for y := h / 3; y < h*3/4; y++ {
			img.SetRGBA(m, y, color.RGBA{0x40, 0x2C, 0x20, 255})
			img.SetRGBA(m+1, y, color.RGBA{0x40, 0x2C, 0x20, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// talk is the conversation of the design's main window, and what else a person writes.
func talk(now time.Time) []widgets.Item {
	s := &script{at: now.Add(-26 * time.Hour)}
	s.add(false, chat.Content{Text: "See you at the harbour tomorrow. 明日の朝、港で会いましょう。天気が良いといいですね 🌊"})
	s.add(true, chat.Content{Text: "👍🎬"})
	s.at = now.Add(-11 * time.Minute)
	s.add(false, chat.Content{Text: "Morning! Did the rushes from the harbour come through? The colourist starts at three."})
	s.add(true, chat.Content{Text: "Uploading the raw folder now — 2.4 GB, you can keep writing, it won't hold anything up."})
	s.add(true, chat.Content{File: file("harbour-rushes.zip", 2_400_000_000)},
		transfer(chat.Upload, chat.TransferMoving, 1_500_000_000, 41e6, 22*time.Second, ""))
	s.add(false, chat.Content{File: picture(4032, 2490, 3_100_000), Text: "Reference for the evening look"})
	s.add(false, chat.Content{File: file("shotlist-v7.pdf", 840_000)}, here)
	s.add(false, chat.Content{Text: "Perfect. The notes are at https://example.org/notes (page 3)."})
	return s.items
}

// states is every state of a file, a place, and the sentences of Satchel's own.
func states(now time.Time) []widgets.Item {
	s := &script{at: now.Add(-40 * time.Minute)}
	const size = 812_000_000
	mov := func() chat.Content { return chat.Content{File: file("interview-take4.mov", size)} }
	s.add(true, mov(), transfer(chat.Upload, chat.TransferQueued, 0, 0, 0, ""))
	s.add(true, mov(), transfer(chat.Upload, chat.TransferPreparing, 0, 0, 0, ""))
	s.add(true, mov(), transfer(chat.Upload, chat.TransferMoving, 310_000_000, 38e6, 13*time.Second, ""))
	s.add(true, mov(), transfer(chat.Upload, chat.TransferPaused, 310_000_000, 0, 0, ""))
	s.add(true, mov(), transfer(chat.Upload, chat.TransferWaiting, 310_000_000, 0, 0, ""))
	s.add(true, mov(), transfer(chat.Upload, chat.TransferFinishing, size, 0, 0, ""))
	s.add(true, mov(), transfer(chat.Upload, chat.TransferFailed, 310_000_000, 0, 0, "The relay's storage is full. Nothing was lost."))
	s.add(true, mov(), here)
	s.add(false, chat.Content{File: file("a-very-long-name-that-somebody-gave-to-the-final-final-version-of-a-film.mp4", 48_200_000_000)})
	s.add(false, mov(), transfer(chat.Download, chat.TransferMoving, 500_000_000, 12e6, 26*time.Second, ""))
	s.add(false, chat.Content{File: file("contract-signed.pdf", 91_000)},
		transfer(chat.Download, chat.TransferFailed, 0, 0, 0, "It is no longer on the relay, which keeps files for 90 days. Ask for it again."))
	s.add(false, chat.Content{File: file("budget.xlsx", 12_345), Title: "Budget", Text: "Second draft, with the boat."}, here)
	s.add(false, chat.Content{File: picture(3000, 1800, 3_100_000)})
	s.add(false, chat.Content{File: picture(3000, 1800, 3_100_000)}, transfer(chat.Download, chat.TransferMoving, 1_900_000, 2e6, time.Second, ""))
	s.add(false, chat.Content{File: picture(3000, 1800, 3_100_000)}, here)
	s.add(true, chat.Content{File: picture(2000, 3000, 4_200_000), Text: "Upright"}, transfer(chat.Upload, chat.TransferPaused, 1_400_000, 0, 0, ""))
	s.add(true, chat.Content{File: picture(3000, 1800, 3_100_000)}, here)
	s.add(false, chat.Content{Location: &chat.Location{Lat: 38.7056, Lon: -9.1446, Name: "Cais do Sodré"}})
	s.add(false, chat.Content{Text: "x"}, func(it *widgets.Item) { it.Message.Content.Kind = "poll" })
	s.add(true, chat.Content{Text: "Is anybody there?"}, func(it *widgets.Item) {
		it.Message.Seq, it.Message.State, it.Receipt = 0, chat.MessageFailed, chat.ReceiptFailed
		it.Message.Reason = "You are not a member any more. The text is kept here."
	})
	return s.items
}

// long is a conversation of n messages.
func long(n int, now time.Time) []widgets.Item {
	s := &script{at: now.Add(-time.Duration(n) * time.Minute)}
	words := strings.Fields("the boat leaves at six and nobody knows whether the light will hold until we have everything that was planned for the harbour")
	for i := range n {
		c := chat.Content{Text: fmt.Sprintf("%d: %s", i+1, strings.Join(words[:3+i*7%(len(words)-3)], " "))}
		if i%29 == 7 {
			c.File = file("take.mov", 812_000_000)
		}
		s.add(i%5 < 2, c)
	}
	return s.items
}

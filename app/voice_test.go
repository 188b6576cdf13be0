package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"satchel/app/sound"
	"satchel/chat"
	"satchel/internal/pulse"
)

// speaks plays a tone into the microphone until the test ends it.
func speaks(t *testing.T) (hush func()) {
	var second []byte
	for i := range sound.VoiceRate {
		second = binary.LittleEndian.AppendUint16(second, uint16(int16(12000*math.Sin(float64(i)/10))))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = sound.Play(ctx, sound.Format{Rate: sound.VoiceRate, Channels: 1}, bytes.NewReader(bytes.Repeat(second, 60)), func(time.Duration) {})
		}
	}()
	return func() { cancel(); <-done }
}

// Spoken words go from a microphone to somebody's loudspeaker. What is half said
// is a draft of its conversation, also after a crash.
func TestVoiceMessage(t *testing.T) {
	pulse.Start(t)
	mara, ines := pair(newStage(t))
	hush := speaks(t)
	test.Tap(mara.main.pane.composer.Voice)
	mara.sees("it records", func(s Screen) bool { return s.Voice != nil && s.Voice.Seconds > 0.6 && s.Voice.Loud > 100 })

	name := mara.screen().Conversation.Name
	mara.opens("Notes to self")
	mara.sees("nothing is recorded there", func(s Screen) bool { return s.Voice == nil })
	mara.opens(name)
	mara.sees("it is there, and waits", func(s Screen) bool { return s.Voice != nil && s.Voice.Paused && s.Voice.Seconds > 0.6 })
	mara.leaves() // as after a crash: all that is left is the file
	mara = mara.stage.sits(mara.dir)
	mara.opens(name)
	before := mara.sees("it is there after a restart", func(s Screen) bool { return s.Voice != nil && s.Voice.Paused }).Voice.Seconds
	mara.main.pane.voice.TypedRune(' ')
	mara.sees("it goes on", func(s Screen) bool { return !s.Voice.Paused && s.Voice.Seconds > before+0.3 })
	mara.main.pane.voice.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent := last(mara.sees("it was sent", func(s Screen) bool { return s.Voice == nil && last(s).Voice && last(s).Receipt != "waiting" }))
	hush()
	if f := mara.main.pane.shown[sent.ID].Content.File; f.MIME != "audio/wav" || f.Duration < before || len(f.Waveform) == 0 || !strings.HasPrefix(f.Name, "Voice message ") {
		t.Errorf("%+v", f)
	}
	if left, _ := filepath.Glob(filepath.Join(mara.dir, "voice", "draft-*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}

	came := last(ines.sees("it came", func(s Screen) bool { return last(s).Voice }))
	m := ines.main.pane.shown[came.ID]
	ines.playSound(m)
	ines.sees("it is fetched, and heard", func(s Screen) bool { return last(s).Playing && last(s).Heard > 0.1 })
	ines.playSound(m)
	at := last(ines.sees("it pauses", func(s Screen) bool { return !last(s).Playing })).Heard
	if at <= 0 {
		t.Errorf("paused at %v s", at)
	}
	ines.seekSound(m, 0.9)
	ines.sees("it was heard to its end", func(s Screen) bool { return !last(s).Playing && last(s).Heard == 0 })
}

// Escape throws a recording away, and nothing of it stays.
func TestVoiceCancelled(t *testing.T) {
	pulse.Start(t)
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara")
	test.Tap(mara.main.pane.composer.Voice)
	mara.sees("it records", func(s Screen) bool { return s.Voice != nil && s.Voice.Seconds > 0 })
	mara.main.pane.voice.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	mara.sees("one writes again", func(s Screen) bool {
		left, _ := filepath.Glob(filepath.Join(mara.dir, "voice", "*"))
		return s.Voice == nil && len(left) == 0 && len(s.Messages) == 0
	})
}

// Without a sound system there is a sentence, and nothing is lost.
func TestNoSoundSystem(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:"+filepath.Join(t.TempDir(), "nobody"))
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara")
	test.Tap(mara.main.pane.composer.Voice)
	mara.sees("it says so", func(s Screen) bool { return s.Voice == nil && strings.HasPrefix(s.Notice, "No microphone") })
	tone, err := os.ReadFile(filepath.Join("..", "transfer", "preview", "testdata", "tone.wav"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tone.wav")
	if err := os.WriteFile(path, tone, 0o600); err != nil {
		t.Fatal(err)
	}
	mara.sendFiles(mara.main.pane.id, []string{path}, "", chat.PictureEdit{})
	sent := last(mara.sees("it was sent", func(s Screen) bool { return last(s).Receipt == "sent" }))
	mara.playSound(mara.main.pane.shown[sent.ID])
	mara.sees("it says so", func(s Screen) bool { return !last(s).Playing && strings.HasPrefix(s.Notice, "No loudspeaker") })
}

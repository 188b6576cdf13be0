package preview

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// hear reads a sound from a position, and returns how long it went on and how
// loud it was, 0 to 1.
func hear(t *testing.T, path string, from time.Duration) (time.Duration, float64) {
	t.Helper()
	s, err := Sound(t.Context(), path, from)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	defer s.Close()
	b, err := io.ReadAll(s)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	sum := 0.0
	for i := 0; i+1 < len(b); i += 2 {
		v := float64(int16(binary.LittleEndian.Uint16(b[i:]))) / 32768
		sum += v * v
	}
	long := float64(len(b)) / float64(2*s.Channels*s.Rate)
	return time.Duration(long * float64(time.Second)), math.Sqrt(sum / math.Max(1, float64(len(b)/2)))
}

// Every kind is heard whole, and from its middle.
func TestSound(t *testing.T) {
	for _, name := range []string{"tone.wav", "tone44.mp3", "tone.ogg", "tone.flac"} {
		t.Run(name, func(t *testing.T) {
			whole, loud := hear(t, sample(name), 0)
			if math.Abs(whole.Seconds()-3) > 0.2 || loud < 0.01 {
				t.Errorf("%v, as loud as %.3f", whole, loud)
			}
			if rest, _ := hear(t, sample(name), 2*time.Second); math.Abs(rest.Seconds()-1) > 0.2 {
				t.Errorf("from 2 s on it is %v", rest)
			}
			if rest, _ := hear(t, sample(name), time.Hour); rest > 200*time.Millisecond {
				t.Errorf("behind its end there is %v more", rest)
			}
		})
	}
}

// The kinds that are decoded here need no ffmpeg: they are shown and heard without.
func TestSoundWithoutPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, name := range []string{"tone.wav", "tone44.mp3", "tone.ogg", "tone.flac"} {
		if whole, loud := hear(t, sample(name), 0); math.Abs(whole.Seconds()-3) > 0.2 || loud < 0.01 {
			t.Errorf("%s: %v, as loud as %.3f", name, whole, loud)
		}
		j := &job{request: request{Path: sample(name)}, ctx: t.Context(), clock: &clock{}}
		if _, err := j.look(); err != nil || math.Abs(j.found.File.Duration-3) > 0.2 || len(j.found.File.Waveform) != waveBars {
			t.Errorf("%s: %v, %+v", name, err, j.found.File)
		}
	}
	if _, err := Sound(t.Context(), sample("film.mp4"), 0); !errors.Is(err, ErrNoPicture) {
		t.Errorf("a film: %v", err)
	}
}

// What is broken, or no sound, has an answer; who stops listening gets one, too.
func TestSoundHostile(t *testing.T) {
	for name, from := range map[string]string{"cut.mp3": "tone44.mp3", "cut.ogg": "tone.ogg", "cut.flac": "tone.flac", "cut.wav": "tone.wav"} {
		data, err := os.ReadFile(sample(from))
		if err != nil {
			t.Fatal(err)
		}
		for i := len(data) / 2; i < len(data); i += 7 {
			data[i] ^= 0x5a
		}
		s, err := Sound(t.Context(), write(t, name, data[:len(data)-5]), 0)
		if err != nil {
			continue
		}
		if _, err := io.ReadAll(s); err != nil && !errors.Is(err, ErrFailed) && !errors.Is(err, ErrBounds) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
	if _, err := Sound(t.Context(), write(t, "no.wav", []byte("RIFF....WAVEfmt ")), 0); err == nil {
		t.Error("half a head is heard")
	}
	if _, err := Sound(t.Context(), t.TempDir(), 0); err == nil {
		t.Error("a folder is heard")
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Sound(ctx, sample("tone.wav"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	if _, err := io.ReadAll(s); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

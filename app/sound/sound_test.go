package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"satchel/internal/pulse"
)

const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// tone is a sine.
func tone(f Format, hertz float64, long time.Duration) []byte {
	var b []byte
	for i := range f.bytes(long) / f.frame() {
		v := int16(20000 * math.Sin(2*math.Pi*hertz*float64(i)/float64(f.Rate)))
		for range f.Channels {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
	}
	return b
}

// strength is how much of a frequency is in samples of one channel, 0 to 1.
func strength(b []byte, rate int, hertz float64) float64 {
	var re, im, all float64
	for i := 0; i+1 < len(b); i += 2 {
		v := float64(int16(binary.LittleEndian.Uint16(b[i:])))
		at := 2 * math.Pi * hertz * float64(i/2) / float64(rate)
		re, im, all = re+v*math.Cos(at), im+v*math.Sin(at), all+v*v
	}
	n := float64(len(b) / 2)
	if all == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / n / all
}

// What is played is what comes out, and what is recorded is what is heard: both
// at once, by the monitor of a sink.
func TestPlayAndRecord(t *testing.T) {
	pulse.Start(t)
	const hertz, rate = 440, 16_000
	var heard []byte
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	recorded, begun := make(chan error, 1), make(chan struct{})
	enough := errors.New("enough")
	go func() {
		recorded <- Record(ctx, rate, func(b []byte) error {
			if heard == nil {
				close(begun)
			}
			heard = append(heard, b...)
			for at := 0; at+rate <= len(heard); at += rate / 4 {
				if strength(heard[at:at+rate], rate, hertz) > 0.95 { // half a second of it
					return enough
				}
			}
			return nil
		})
	}()
	<-begun
	f := Format{Rate: 44_100, Channels: 2}
	played := make(chan error, 1)
	var last time.Duration
	go func() {
		played <- Play(ctx, f, bytes.NewReader(tone(f, hertz, 2*time.Second)), func(at time.Duration) {
			if at < last {
				t.Errorf("heard %v, then %v", last, at)
			}
			last = at
		})
	}()
	if err := <-recorded; !errors.Is(err, enough) {
		t.Errorf("the tone was not heard in %d bytes: %v", len(heard), err)
	}
	if err := <-played; err != nil {
		t.Errorf("play: %v", err)
	}
	if last < 1500*time.Millisecond || last > 4*time.Second {
		t.Errorf("2 s were heard as %v", last)
	}
}

// endless is a sound without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Who stops listening is not kept waiting, and nothing is left of it.
func TestStops(t *testing.T) {
	pulse.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := Play(ctx, Format{Rate: 48_000, Channels: 2}, endless{}, func(at time.Duration) {
		if at > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("play: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	if err := Record(ctx, 16_000, func([]byte) error { cancel(); return nil }); err != nil {
		t.Errorf("record: %v", err)
	}
	broken := errors.New("the file is broken")
	if err := Play(t.Context(), Format{Rate: 8000, Channels: 1}, io.MultiReader(bytes.NewReader(make([]byte, 20_000)), failing{broken}), func(time.Duration) {}); !errors.Is(err, broken) {
		t.Errorf("a broken sound: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Without a sound server there is one clear answer.
func TestNoDevice(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:"+filepath.Join(t.TempDir(), "nobody"))
	if err := Play(t.Context(), Format{Rate: 8000, Channels: 1}, strings.NewReader(""), func(time.Duration) {}); !errors.Is(err, ErrNoDevice) {
		t.Errorf("play: %v", err)
	}
	if err := Record(t.Context(), 8000, func([]byte) error { return nil }); !errors.Is(err, ErrNoDevice) {
		t.Errorf("record: %v", err)
	}
}

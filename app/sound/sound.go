// Package sound plays samples on the computer's loudspeakers, and takes them
// from its microphone: those that the desktop is set to. On Linux it speaks the
// protocol of PulseAudio, which PipeWire speaks, too; elsewhere, and with the
// build tag miniaudio, the miniaudio library finds what the system has. One suite
// proves both.
//
// The shell is its caller, from goroutines of its own: Play and Record return
// when it is over, and nothing of them is left then.
package sound

import (
	"context"
	"errors"
	"io"
	"time"
)

// Samples are 16-bit and little-endian, those of one moment next to each other.
const bytesPerSample = 2

// ErrNoDevice says that this computer has nothing to play on or to record from,
// or that its sound system can't be reached.
var ErrNoDevice = errors.New("this computer has no sound that can be used")

// ErrLost says that the device went away while it was used.
var ErrLost = errors.New("the sound device went away")

// latency is how far ahead of what is heard samples are handed out.
const latency = 200 * time.Millisecond

// Format says what samples are like.
type Format struct {
	Rate     int // moments a second
	Channels int // 1 or 2
}

func (f Format) frame() int { return f.Channels * bytesPerSample }

// bytes is how many bytes last so long.
func (f Format) bytes(d time.Duration) int {
	return int(d.Seconds()*float64(f.Rate)) * f.frame()
}

// after is how long so many bytes last.
func (f Format) after(bytes int64) time.Duration {
	return time.Duration(float64(bytes) / float64(f.frame()*f.Rate) * float64(time.Second))
}

// Play plays what r has until it ends and was heard (nil), ctx ends, or it can't
// go on. heard is told some times a second how far it was heard, on the caller's
// goroutine.
func Play(ctx context.Context, f Format, r io.Reader, heard func(time.Duration)) error {
	err := play(ctx, f, r, heard)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Record hands out what the microphone hears, some times a second and as one
// channel, until ctx ends (nil), take fails, or it can't go on. The bytes are
// take's until it returns.
func Record(ctx context.Context, rate int, take func([]byte) error) error {
	err := record(ctx, Format{Rate: rate, Channels: 1}, take)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

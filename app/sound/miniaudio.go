//go:build cgo && (!linux || miniaudio)

package sound

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/gen2brain/malgo"
)

// backends are the sound systems that are asked for; without naming them the
// library would also play to nobody.
var backends = []malgo.Backend{malgo.BackendWasapi, malgo.BackendDsound, malgo.BackendWinmm, malgo.BackendCoreaudio,
	malgo.BackendSndio, malgo.BackendAudio4, malgo.BackendOss, malgo.BackendPulseaudio, malgo.BackendAlsa}

// withDevice runs a device with callbacks until run returns.
func withDevice(kind malgo.DeviceType, f Format, calls malgo.DeviceCallbacks, run func() error) error {
	audio, err := malgo.InitContext(backends, malgo.ContextConfig{}, nil)
	if err != nil {
		return errors.Join(ErrNoDevice, err)
	}
	defer func() {
		_ = audio.Uninit()
		audio.Free()
	}()
	config := malgo.DefaultDeviceConfig(kind)
	config.SampleRate = uint32(f.Rate)
	config.PeriodSizeInMilliseconds = uint32((latency / 4).Milliseconds())
	config.Alsa.NoMMap = 1
	side := &config.Playback
	if kind == malgo.Capture {
		side = &config.Capture
	}
	side.Format, side.Channels = malgo.FormatS16, uint32(f.Channels)
	device, err := malgo.InitDevice(audio.Context, config, calls)
	if err != nil {
		return errors.Join(ErrNoDevice, err)
	}
	defer device.Uninit()
	if err := device.Start(); err != nil {
		return errors.Join(ErrNoDevice, err)
	}
	return run()
}

func play(ctx context.Context, f Format, r io.Reader, heard func(time.Duration)) error {
	// The device's own thread must not wait for a file: one reads ahead of it.
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	blocks, ended := make(chan []byte, 8), error(nil)
	reading.Go(func() {
		defer close(blocks)
		for {
			b := make([]byte, f.bytes(latency/4))
			n, err := io.ReadFull(r, b)
			if n > 0 {
				select {
				case blocks <- b[:n]:
				case <-ctx.Done():
					return
				}
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return
			} else if err != nil {
				ended = err
				return
			}
		}
	})
	over, lost := make(chan struct{}), make(chan struct{})
	var left []byte
	silent, done := 0, false
	data := func(out, _ []byte, _ uint32) {
		for len(out) > 0 && !done {
			if len(left) == 0 {
				select {
				case b, ok := <-blocks:
					left, done = b, !ok
				default:
					return // too late for this moment
				}
			}
			n := copy(out, left)
			out, left = out[n:], left[n:]
		}
		// What was handed out is heard a few periods later.
		if silent += len(out); done && silent-len(out) < f.bytes(latency) && silent >= f.bytes(latency) {
			close(over)
		}
	}
	stopped := sync.OnceFunc(func() { close(lost) })
	return withDevice(malgo.Playback, f, malgo.DeviceCallbacks{Data: data, Stop: stopped}, func() error {
		tick := time.NewTicker(latency / 4)
		defer tick.Stop()
		began := time.Now()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-lost:
				return ErrLost
			case <-over:
				reading.Wait()
				return ended
			case <-tick.C:
				heard(time.Since(began))
			}
		}
	})
}

func record(ctx context.Context, f Format, take func([]byte) error) error {
	blocks, lost := make(chan []byte, 64), make(chan struct{})
	data := func(_, in []byte, _ uint32) {
		select {
		case blocks <- append([]byte(nil), in...):
		default: // the disk is far behind
		}
	}
	stopped := sync.OnceFunc(func() { close(lost) })
	return withDevice(malgo.Capture, f, malgo.DeviceCallbacks{Data: data, Stop: stopped}, func() error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-lost:
				return ErrLost
			case b := <-blocks:
				if err := take(b); err != nil {
					return err
				}
			}
		}
	})
}

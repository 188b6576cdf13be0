package preview

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"time"
)

// Samples is a sound as it is heard: 16-bit little-endian samples, those of one
// moment next to each other. Read gives them as fast as they are asked for, and
// io.EOF where the sound ends.
type Samples struct {
	Rate     int // moments a second
	Channels int // 1 or 2

	h    *helper
	ctx  context.Context
	stop func() bool
	left int   // bytes of the block that is read
	err  error // what all reads from here on say
}

const (
	maxBlock    = 1 << 16          // bytes of samples that a helper sends at a time
	maxRate     = 384_000          // moments a second
	maxPosition = 1000 * time.Hour // of a sound, as far as anybody could seek
	silentTime  = 2 * warmTime     // how long a helper may have nothing to say while somebody listens
	blockFrames = 2048             // moments that a decoder is asked for at a time
)

// Sound decodes a sound from a position on, in a helper of its own, which ends
// with ctx or Close: WAV, MP3, Vorbis and FLAC. ErrNoPicture: it is none of them.
func Sound(ctx context.Context, path string, from time.Duration) (*Samples, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	h, err := startHelper()
	if err != nil {
		return nil, err
	}
	s := &Samples{h: h, ctx: ctx, stop: context.AfterFunc(ctx, func() { h.kill(killedCancelled) })}
	line, err := json.Marshal(request{Op: opSound, Path: path, From: min(max(0, from), maxPosition)})
	if err == nil {
		_, err = h.in.Write(append(line, '\n'))
	}
	var a answer
	if err == nil {
		clock := time.AfterFunc(silentTime, func() { h.kill(killedBounds) })
		err = a.read(h.out, &request{Op: opLook})
		clock.Stop()
	}
	if err == nil {
		err = a.err()
	}
	if err == nil && (a.Rate < 1 || a.Rate > maxRate || a.Channels < 1 || a.Channels > 2) {
		err = errAnswer
	}
	if err != nil {
		err = s.why(err)
		_ = s.Close()
		return nil, err
	}
	s.Rate, s.Channels = a.Rate, a.Channels
	return s, nil
}

// Read implements io.Reader.
func (s *Samples) Read(p []byte) (int, error) {
	if s.err != nil || len(p) == 0 {
		return 0, s.err
	}
	clock := time.AfterFunc(silentTime, func() { s.h.kill(killedBounds) })
	defer clock.Stop()
	if s.left == 0 {
		var size [4]byte
		if _, err := io.ReadFull(s.h.out, size[:]); err != nil {
			return 0, s.fail(err)
		}
		n := binary.LittleEndian.Uint32(size[:])
		switch {
		case n == 0:
			s.err = io.EOF
			return 0, io.EOF
		case n > maxBlock:
			return 0, s.fail(ErrFailed)
		}
		s.left = int(n)
	}
	n, err := s.h.out.Read(p[:min(len(p), s.left)])
	s.left -= n
	if err != nil {
		return n, s.fail(err)
	}
	return n, nil
}

func (s *Samples) fail(err error) error {
	s.err = s.why(err)
	return s.err
}

// why is what an error of the helper means for who listens.
func (s *Samples) why(err error) error {
	switch {
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case errors.Is(err, ErrNoPicture), errors.Is(err, ErrFailed):
		return err
	case s.h.killed.Load() == killedBounds:
		return ErrBounds
	}
	return errors.Join(ErrFailed, err)
}

// Close ends the helper, and waits for it. The error is nil.
func (s *Samples) Close() error {
	s.stop()
	s.h.kill(killedCancelled)
	_ = s.h.buried(nil)
	s.h.ended(s.h.cmd.ProcessState)
	return nil
}

// play carries out a request for a sound, in the helper: one answer, then the
// samples in blocks that begin with their size, then a block of none.
func (j *job) play(out *bufio.Writer) error {
	a := &answer{}
	d, err := j.openSound()
	switch {
	case errors.Is(err, ErrNoPicture):
		a.Kind = noPicture
	case err != nil:
		a.Kind, a.Error = failed, err.Error()
	default:
		a.Rate, a.Channels = d.rate, min(d.channels, 2)
	}
	if err := a.write(out); err != nil || a.Kind != fine {
		return err
	}
	defer d.close()
	skip := int64(j.From.Seconds() * float64(d.rate))
	if d.seek != nil {
		skip = d.seek(skip)
	}
	// For each second of sound a decoder has the time that another file has for all.
	fresh := 0
	for {
		samples, err := d.next()
		frames := len(samples) / d.channels
		if fresh += frames; fresh > d.rate {
			fresh = 0
			j.clock.start(j.limit)
		}
		drop := min(skip, int64(frames))
		skip -= drop
		if block := narrow(samples[int(drop)*d.channels:frames*d.channels], d.channels); len(block) > 0 {
			if err := writeBlock(out, block); err != nil {
				return err
			}
		}
		if err != nil { // also a damaged end: what came before was heard
			_, err = out.Write(make([]byte, 4))
			return errors.Join(err, out.Flush())
		}
	}
}

// narrow makes bytes of samples, of the first two channels at most.
func narrow(samples []int16, channels int) []byte {
	keep := min(channels, 2)
	out := make([]byte, 0, len(samples)/channels*keep*2)
	for i := 0; i+channels <= len(samples); i += channels {
		for _, v := range samples[i : i+keep] {
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		}
	}
	return out
}

func writeBlock(out *bufio.Writer, block []byte) error {
	for len(block) > 0 {
		n := min(len(block), maxBlock)
		var size [4]byte
		binary.LittleEndian.PutUint32(size[:], uint32(n))
		if _, err := out.Write(size[:]); err != nil {
			return err
		}
		if _, err := out.Write(block[:n]); err != nil {
			return err
		}
		block = block[n:]
	}
	return out.Flush()
}

package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"
)

// VoiceRate is how many samples a second spoken words have: all of what a voice
// needs, and 1.9 MB a minute.
const VoiceRate = 16_000

// LevelTime is for how long each of File.Levels stands.
const LevelTime = 50 * time.Millisecond

const (
	headSize     = 44
	levelSamples = VoiceRate / int(time.Second/LevelTime)
)

// File is a recording on the disk: a WAV of one channel, VoiceRate, 16 bits. What
// was written is there whatever happens to the program; a file that nobody closed
// is gone on with by opening it again. It is not for several goroutines.
type File struct {
	Content
	f *os.File
}

// Content is what a recording holds.
type Content struct {
	bytes  int64
	levels []byte
	sum    float64 // of squares, since the last level
	n      int
}

// Look tells what is in a recording, and leaves the file as it is: somebody may be
// writing into it.
func Look(path string) (*Content, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var c Content
	if err := c.read(f); err != nil {
		return nil, fmt.Errorf("look into a recording: %w", err)
	}
	return &c, nil
}

// OpenFile opens a recording, to go on at its end, or makes an empty one.
func OpenFile(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	file := &File{f: f}
	if err := file.begin(); err != nil {
		f.Close()
		return nil, fmt.Errorf("open a recording: %w", err)
	}
	return file, nil
}

func (f *File) begin() error {
	if err := f.read(f.f); err != nil {
		return err
	}
	if err := f.f.Truncate(headSize + f.bytes); err != nil {
		return err
	}
	return f.head()
}

// read measures all samples that a file has.
func (c *Content) read(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() < headSize {
		return err
	}
	if _, err := f.Seek(headSize, io.SeekStart); err != nil {
		return err
	}
	b := make([]byte, 64<<10)
	for left := (info.Size() - headSize) &^ 1; left > 0; {
		n, err := io.ReadFull(f, b[:min(int64(len(b)), left)])
		if err != nil {
			return err
		}
		c.measure(b[:n])
		left -= int64(n)
		c.bytes += int64(n)
	}
	return nil
}

// head writes the head for what is there, and goes to the end.
func (f *File) head() error {
	h := make([]byte, 0, headSize)
	h = append(h, "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(headSize-8+f.bytes))
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, 1) // plain samples
	h = binary.LittleEndian.AppendUint16(h, 1) // channel
	h = binary.LittleEndian.AppendUint32(h, VoiceRate)
	h = binary.LittleEndian.AppendUint32(h, VoiceRate*bytesPerSample)
	h = binary.LittleEndian.AppendUint16(h, bytesPerSample)
	h = binary.LittleEndian.AppendUint16(h, 8*bytesPerSample)
	h = append(h, "data"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(f.bytes))
	if _, err := f.f.WriteAt(h, 0); err != nil {
		return err
	}
	_, err := f.f.Seek(headSize+f.bytes, io.SeekStart)
	return err
}

// Write adds samples: whole ones.
func (f *File) Write(b []byte) error {
	n, err := f.f.Write(b)
	f.bytes += int64(n)
	f.measure(b[:n])
	return err
}

func (c *Content) measure(b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		v := float64(int16(binary.LittleEndian.Uint16(b[i:]))) / 32768
		c.sum += v * v
		if c.n++; c.n == levelSamples {
			c.levels = append(c.levels, level(math.Sqrt(c.sum/float64(levelSamples))))
			c.sum, c.n = 0, 0
		}
	}
}

// level draws quiet words high enough to be seen.
func level(loud float64) byte { return byte(min(255, 400*math.Sqrt(loud))) }

// Long is how long the recording is.
func (c *Content) Long() time.Duration {
	return Format{Rate: VoiceRate, Channels: 1}.after(c.bytes)
}

// Levels is how loud it was, 0 to 255, each for LevelTime.
func (c *Content) Levels() []byte { return c.levels }

// Close makes the file whole, and syncs it.
func (f *File) Close() error {
	return errors.Join(f.head(), f.f.Sync(), f.f.Close())
}

package preview

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

const (
	waveBars     = 56      // of a waveform
	maxListen    = 20 * 60 // seconds of a sound that are decoded for one
	heardRate    = 4000    // samples a second that ffmpeg hands out
	maxWAVFormat = 64
	shortSound   = 90 // seconds of a sound that are decoded here for a waveform
)

// sound takes the duration and the waveform of a sound: of a WAV by itself, of
// others by ffmpeg when the machine has it.
func (j *job) sound(file *source) error {
	f := &j.found.File
	if file.kind == "audio/wav" || file.kind == "audio/x-wav" || file.kind == "audio/vnd.wave" {
		if seconds, bars, err := readWAV(file, file.size); err == nil {
			f.Duration, f.Waveform = seconds, bars
			return nil
		}
	}
	_, seconds, err := probe(file)
	if errors.Is(err, ErrNoPicture) {
		return j.soundAlone(file)
	} else if err != nil {
		return err
	}
	f.Duration = seconds
	if seconds == 0 || seconds > maxListen {
		return nil
	}
	args := append(append([]string{}, fileOnly...), "-threads", "1", "-i", "file:"+file.path, "-vn", "-sn", "-ac", "1", "-ar", "4000", "-f", "s16le", "-")
	out, err := outside(file.ctx, (maxListen+10)*heardRate*2, "ffmpeg", args...)
	if err != nil {
		return nil // its duration is something
	}
	w := newWave(int64(len(out) / 2))
	for i := 0; i+1 < len(out); i += 2 {
		w.add(float64(int16(binary.LittleEndian.Uint16(out[i:]))) / 32768)
	}
	f.Waveform = w.bars()
	return nil
}

// wave gathers how loud the parts of a sound are.
type wave struct {
	total, n int64
	sum      [waveBars]float64
	count    [waveBars]int64
}

func newWave(total int64) *wave { return &wave{total: max(1, total)} }

func (w *wave) add(v float64) {
	if i := w.n * waveBars / w.total; i < waveBars {
		w.sum[i] += v * v
		w.count[i]++
	}
	w.n++
}

// bars are as high as the parts are loud; the loudest is 255.
func (w *wave) bars() []byte {
	if w.n == 0 {
		return nil
	}
	var level [waveBars]float64
	most := 1e-9
	for i := range level {
		if w.count[i] > 0 {
			level[i] = math.Sqrt(w.sum[i] / float64(w.count[i]))
		} else if i > 0 {
			level[i] = level[i-1]
		}
		most = max(most, level[i])
	}
	out := make([]byte, waveBars)
	for i := range out {
		out[i] = byte(math.Round(255 * math.Min(1, level[i]/most)))
	}
	return out
}

var errWAV = errors.New("not a WAV of a kind that is known")

// wav is where the samples of a RIFF file lie.
type wav struct {
	at, frames int64 // first byte, and how many moments
	rate       int64 // moments a second
	channels   int
	align      int // bytes of a moment
	sample     func([]byte) float64
}

// findWAV reads the head of a RIFF file with plain samples.
func findWAV(r io.ReaderAt, size int64) (*wav, error) {
	head := make([]byte, 12)
	if _, err := r.ReadAt(head, 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, errWAV
	}
	var format, channels, bits int
	var rate, align int64
	for at := int64(12); at+8 <= size; {
		if _, err := r.ReadAt(head[:8], at); err != nil {
			return nil, errWAV
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		at += 8
		switch string(head[:4]) {
		case "fmt ":
			b := make([]byte, min(n, maxWAVFormat))
			if _, err := r.ReadAt(b, at); err != nil || len(b) < 16 {
				return nil, errWAV
			}
			format, channels, bits = int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint16(b[14:]))
			rate, align = int64(binary.LittleEndian.Uint32(b[4:])), int64(binary.LittleEndian.Uint16(b[12:]))
			if format == 0xfffe && len(b) >= 26 { // the real one stands further on
				format = int(binary.LittleEndian.Uint16(b[24:]))
			}
		case "data":
			sample, ok := samples[[2]int{format, bits}]
			if !ok || channels < 1 || rate < 1 || align != int64(channels*bits/8) {
				return nil, errWAV
			}
			// A recorder that was cut off wrote another number.
			return &wav{at: at, frames: min(n, size-at) / align, rate: rate, channels: channels, align: int(align), sample: sample}, nil
		}
		at += n + n&1
	}
	return nil, errWAV
}

// readWAV takes the duration and the waveform of a WAV.
func readWAV(r io.ReaderAt, size int64) (seconds float64, bars []byte, err error) {
	w, err := findWAV(r, size)
	if err != nil {
		return 0, nil, err
	}
	bars, err = listen(io.NewSectionReader(r, w.at, w.frames*int64(w.align)), w.frames, w.align, w.rate, w.sample)
	return float64(w.frames) / float64(w.rate), bars, err
}

// samples reads the first channel's sample of a frame, -1 to 1.
var samples = map[[2]int]func([]byte) float64{
	{1, 8}:  func(b []byte) float64 { return (float64(b[0]) - 128) / 128 },
	{1, 16}: func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) / 32768 },
	{1, 24}: func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b[1:]))) / 32768 },
	{1, 32}: func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31) },
	{3, 32}: func(b []byte) float64 {
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		if !(math.Abs(v) <= 1) {
			return 0
		}
		return v
	},
}

// listen makes the waveform of n frames.
func listen(r io.Reader, n int64, align int, rate int64, sample func([]byte) float64) ([]byte, error) {
	if n > maxListen*rate || n > 200_000_000/int64(align) {
		return nil, nil // its duration has to do
	}
	in, frame, w := bufio.NewReaderSize(r, 256<<10), make([]byte, align), newWave(n)
	for range n {
		if _, err := io.ReadFull(in, frame); err != nil {
			return nil, err
		}
		w.add(sample(frame))
	}
	return w.bars(), nil
}

// soundAlone is sound for a machine without ffmpeg: the kinds that are decoded
// here, and the waveform of a short one.
func (j *job) soundAlone(file *source) error {
	d, err := decode(file)
	if err != nil {
		return err
	}
	if d.rate < 1 || d.channels < 1 || d.frames/int64(d.rate) > 1e7 {
		return errSound
	}
	f := &j.found.File
	f.Duration = float64(d.frames) / float64(d.rate)
	if d.frames == 0 || f.Duration > shortSound {
		return nil
	}
	w := newWave(d.frames)
	for err == nil {
		var samples []int16
		samples, err = d.next()
		for i := 0; i+d.channels <= len(samples); i += d.channels {
			w.add(float64(samples[i]) / 32768)
		}
	}
	f.Waveform = w.bars()
	return nil
}

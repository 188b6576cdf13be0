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
)

// sound takes the duration and the waveform of a sound: of a WAV by itself, of
// others when the machine has ffmpeg.
func (j *job) sound(file *source) error {
	f := &j.found.File
	if file.kind == "audio/wav" || file.kind == "audio/x-wav" || file.kind == "audio/vnd.wave" {
		if seconds, bars, err := readWAV(file, file.size); err == nil {
			f.Duration, f.Waveform = seconds, bars
			return nil
		}
	}
	_, seconds, err := probe(file)
	if errors.Is(err, ErrNoPicture) && file.kind == "audio/flac" {
		f.Duration = flacSeconds(file)
		return nil
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

// readWAV reads a RIFF file with plain samples.
func readWAV(r io.ReaderAt, size int64) (seconds float64, bars []byte, err error) {
	head := make([]byte, 12)
	if _, err := r.ReadAt(head, 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return 0, nil, errWAV
	}
	var format, channels, bits int
	var rate, align int64
	for at := int64(12); at+8 <= size; {
		if _, err := r.ReadAt(head[:8], at); err != nil {
			return 0, nil, errWAV
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		at += 8
		switch string(head[:4]) {
		case "fmt ":
			b := make([]byte, min(n, maxWAVFormat))
			if _, err := r.ReadAt(b, at); err != nil || len(b) < 16 {
				return 0, nil, errWAV
			}
			format, channels, bits = int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint16(b[14:]))
			rate, align = int64(binary.LittleEndian.Uint32(b[4:])), int64(binary.LittleEndian.Uint16(b[12:]))
			if format == 0xfffe && len(b) >= 26 { // the real one stands further on
				format = int(binary.LittleEndian.Uint16(b[24:]))
			}
		case "data":
			sample, ok := samples[[2]int{format, bits}]
			if !ok || channels < 1 || rate < 1 || align != int64(channels*bits/8) {
				return 0, nil, errWAV
			}
			n = min(n, size-at) / align // a recorder that was cut off wrote another number
			seconds = float64(n) / float64(rate)
			bars, err = listen(io.NewSectionReader(r, at, n*align), n, int(align), rate, sample)
			return seconds, bars, err
		}
		at += n + n&1
	}
	return 0, nil, errWAV
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

// flacSeconds reads a FLAC's first block. 0: it does not say.
func flacSeconds(r io.ReaderAt) float64 {
	b := make([]byte, 26)
	if _, err := r.ReadAt(b, 0); err != nil || string(b[:4]) != "fLaC" || b[4]&0x7f != 0 {
		return 0
	}
	v := binary.BigEndian.Uint64(b[18:])
	rate, total := v>>44, v&(1<<36-1)
	if rate == 0 || total/rate > 1e7 {
		return 0
	}
	return float64(total) / float64(rate)
}

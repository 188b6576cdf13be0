package preview

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mostMemory is what a helper, and each program that it starts, may ever have in memory.
const mostMemory = 256 << 20

// originals are real files of every kind, by name.
func originals(t *testing.T) map[string][]byte {
	all := map[string][]byte{"a.jpg": withOrientation(encoded(t, halves(300, 200, true), "jpeg"), 6), "a.txt": []byte("one\ntwo\nthree\n"),
		"a.pdf": pdfOf(12, false), "b.pdf": pdfOf(3, true)}
	for _, kind := range []string{"png", "gif", "bmp"} {
		all["a."+kind] = encoded(t, halves(120, 80, true), kind)
	}
	for _, name := range []string{"photo.heic", "photo.avif", "photo.webp", "moves.webp", "moves.gif", "film.mp4", "tone.wav", "tone.mp3", "tone.ogg", "tone.flac", filepath.Join("..", "jpegscale", "testdata", "progressive.jpg")} {
		data, err := os.ReadFile(sample(name))
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = data
	}
	return all
}

// mutate makes a hostile file of a real one.
func mutate(r *rand.Rand, data, other []byte) []byte {
	data = bytes.Clone(data)
	head := min(len(data), 600) // where lengths and sizes stand
	for range 1 + r.IntN(3) {
		switch r.IntN(6) {
		case 0: // bits flip
			for range 1 + r.IntN(20) {
				data[r.IntN(len(data))] ^= 1 << r.IntN(8)
			}
		case 1: // a size that is none
			extremes := []uint32{0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 0x80000000, 30000}
			v := extremes[r.IntN(len(extremes))]
			if at := r.IntN(head); at+4 <= len(data) {
				if r.IntN(2) == 0 {
					binary.BigEndian.PutUint32(data[at:], v)
				} else {
					binary.LittleEndian.PutUint16(data[at:], uint16(v))
				}
			}
		case 2: // it ends too early
			data = data[:1+r.IntN(len(data))]
			head = min(len(data), head)
		case 3: // a part comes again
			from := r.IntN(len(data))
			to := from + r.IntN(len(data)-from)
			data = append(data[:to:to], data[from:]...)
		case 4: // a part of something else
			copy(data[r.IntN(len(data)):], other[r.IntN(len(other)):])
		case 5: // noise
			from := r.IntN(len(data))
			for i := range data[from:min(len(data), from+64)] {
				data[from+i] = byte(r.Uint32())
			}
		}
	}
	return data
}

// bombs are small files that want to be big.
func bombs() map[string][]byte {
	pngOf := func(w, h uint32, depth, colour byte) []byte {
		chunk := func(name string, data []byte) []byte {
			b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
			b = append(append(b, name...), data...)
			return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
		}
		head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
		return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, depth, colour, 0, 0, 0)), chunk("IDAT", []byte("x\x9c")), chunk("IEND", nil)}, nil)
	}
	return map[string][]byte{
		"bits.png":  pngOf(30000, 30000, 1, 0),
		"deep.png":  pngOf(10000, 10000, 16, 6), // 800 MB
		"wide.png":  pngOf(0x7fffffff, 1, 8, 2),
		"pages.pdf": append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("<< /Type /Pages /Count 99999 >> "), 30000)...),
	}
}

// Hostile files cost no crash of ours, no more memory than a helper may have,
// and no more time. SATCHEL_FAULTS=1 tries ten times as many.
func TestHostileFiles(t *testing.T) {
	count := 50
	if os.Getenv("SATCHEL_FAULTS") != "" {
		count = 500
	}
	// Measured is the program as people run it, without the race detector.
	helper := filepath.Join(t.TempDir(), "helper")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "nodynamic", "-o", helper, "./testdata/helper").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	retireAll()
	var mu sync.Mutex
	var peak int64 // of all helpers and the programs that they started
	measure(helper, func(s *os.ProcessState) {
		mu.Lock()
		defer mu.Unlock()
		if u, ok := s.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, u.Maxrss<<10)
		}
	})
	defer func() {
		retireAll()
		measure("", func(*os.ProcessState) {})
		mu.Lock()
		defer mu.Unlock()
		// The system counts what the parent had when it started a child to the child.
		var own syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
			t.Fatal(err)
		}
		if t.Logf("most memory of a helper, or of a program that it started: %d MB", peak>>20); peak > max(mostMemory, own.Maxrss<<10) {
			t.Errorf("that is more than %d MB", mostMemory>>20)
		}
	}()
	files := bombs()
	from := originals(t)
	var names []string
	for name := range from {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(2026, 11))
	for i := range count {
		name := names[i%len(names)]
		files[fmt.Sprintf("%03d-%s", i, name)] = mutate(r, from[name], from[names[r.IntN(len(names))]])
	}
	folder := t.TempDir()
	var slowest, biggest string
	var longest time.Duration
	var most int64
	shown, refused, beyond := 0, 0, 0
	for _, name := range names { // decoders are made ready once, outside of what a file may cost
		path := filepath.Join(folder, "whole-"+name)
		if err := os.WriteFile(path, from[name], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := look(t.Context(), path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		resetPeak()
		began := time.Now()
		f, err := look(t.Context(), path)
		if took := time.Since(began); took > longest {
			longest, slowest = took, name
		}
		if used := readPeak(); used > most {
			most, biggest = used, name
		}
		switch {
		case err == nil:
			shown++
		case strings.Contains(err.Error(), ErrBounds.Error()):
			beyond++
		default:
			refused++
		}
		if len(f.Thumbnail) > thumbnailSize || f.MIME == "" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	t.Logf("%d files: %d shown, %d refused, %d beyond the bounds", len(files), shown, refused, beyond)
	t.Logf("slowest: %v, %s; most memory of one: %d MB, %s", longest.Round(time.Millisecond), slowest, most>>20, biggest)
	if longest > time.Minute {
		t.Errorf("%s took %v", slowest, longest)
	}
	if shown == 0 || refused == 0 { // how many go beyond the bounds depends on the machine
		t.Error("one of the two never happened: the files are not what they should be")
	}
}

// measure has other helpers started from now on, and hears of their ends.
func measure(path string, hear func(*os.ProcessState)) {
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	program, ended = path, hear
}

func retireAll() {
	helpers.mu.Lock()
	idle := helpers.idle
	helpers.idle = nil
	helpers.mu.Unlock()
	for _, h := range idle {
		h.retire.Stop()
		h.end()
	}
}

// resetPeak makes the helper that waits forget how much memory it had.
func resetPeak() {
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	for _, h := range helpers.idle {
		_ = os.WriteFile("/proc/"+strconv.Itoa(h.cmd.Process.Pid)+"/clear_refs", []byte("5"), 0o600)
	}
}

func readPeak() (most int64) {
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	for _, h := range helpers.idle {
		data, _ := os.ReadFile("/proc/" + strconv.Itoa(h.cmd.Process.Pid) + "/status")
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				most = max(most, n<<10)
			}
		}
	}
	return most
}

package preview

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"image/png"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

const (
	maxPDF   = 64 << 20 // bytes that are looked through for the number of pages
	maxPages = 100_000
)

var (
	pagesMark = regexp.MustCompile(`/Type\s*/Pages\b`)
	countMark = regexp.MustCompile(`/Count\s+(\d{1,6})\b`)
	packed    = regexp.MustCompile(`/Type\s*/ObjStm\b[^>]*>>\s*stream\r?\n`)
)

// pagesOf tells how many pages a PDF has: the biggest number that a list of
// pages names. 0: it does not say.
func pagesOf(file *source) int {
	if file.size > maxPDF {
		return 0
	}
	data, err := file.whole()
	if err != nil {
		return 0
	}
	pages := countPages(data)
	// Since PDF 1.5 the lists may lie in packed streams.
	left := int64(32 << 20)
	for _, at := range packed.FindAllIndex(data, 2000) {
		z, err := zlib.NewReader(bytes.NewReader(data[at[1]:]))
		if err != nil {
			continue
		}
		plain, _ := io.ReadAll(io.LimitReader(z, min(left, 4<<20)))
		pages = max(pages, countPages(plain))
		if left -= int64(len(plain)); left <= 0 || file.ctx.Err() != nil {
			break
		}
	}
	return pages
}

// countPages finds the lists of pages in plain objects. The number stands beside the type.
func countPages(data []byte) (most int) {
	for _, at := range pagesMark.FindAllIndex(data, 20_000) {
		// A dictionary has its number before or behind its type.
		from, to := max(0, at[0]-2000), min(len(data), at[1]+2000)
		before, behind := data[from:at[0]], data[at[1]:to]
		if i := bytes.LastIndex(before, []byte("obj")); i >= 0 {
			before = before[i:]
		}
		if i := bytes.Index(behind, []byte("endobj")); i >= 0 {
			behind = behind[:i]
		}
		for _, part := range [][]byte{before, behind} {
			if m := countMark.FindSubmatch(part); m != nil {
				if n, _ := strconv.Atoi(string(m[1])); n <= maxPages {
					most = max(most, n)
				}
				break
			}
		}
	}
	return most
}

// drawPage draws the first page, when the machine has poppler's pdftoppm.
func drawPage(file *source, side int) (drawing, error) {
	out, err := outside(file.ctx, 32<<20, "pdftoppm", "-f", "1", "-l", "1", "-scale-to", strconv.Itoa(side), "-png", "-cropbox", file.path)
	if err != nil {
		return drawing{}, err
	}
	c, err := checked(png.DecodeConfig(bytes.NewReader(out)))
	if err != nil {
		return drawing{}, err
	}
	if c.Width > 2*maxSide || c.Height > 2*maxSide {
		return drawing{}, fmt.Errorf("a page of %d x %d pixels", c.Width, c.Height)
	}
	img, err := png.Decode(bytes.NewReader(out))
	return drawing{picture: img, width: c.Width, height: c.Height, turn: 1}, err
}

// outsideTime is how long another program may take.
const outsideTime = 10 * time.Second

// outside runs another program, within this helper's bounds, and returns what
// it prints, up to most bytes. ErrNoPicture: the machine does not have it.
func outside(ctx context.Context, most int, name string, args ...string) ([]byte, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, ErrNoPicture
	}
	ctx, cancel := context.WithTimeout(ctx, outsideTime)
	defer cancel()
	c := exec.CommandContext(ctx, path, args...)
	c.WaitDelay = time.Second
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, err
	}
	over := boundOther(c)
	data, read := io.ReadAll(io.LimitReader(out, int64(most)+1))
	if len(data) > most {
		cancel()
		read = fmt.Errorf("%s has too much to say", name)
	}
	over() // Wait adds what it used to this process's own
	if err := c.Wait(); err != nil && read == nil {
		read = fmt.Errorf("%s: %w", name, err)
	}
	return data, read
}

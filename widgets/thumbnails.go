package widgets

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"image"
	_ "image/jpeg" // thumbnails are JPEG
	_ "image/png"  // or PNG
	"sync"

	"golang.org/x/image/draw"
)

const (
	maxThumbnailBytes = 32 << 10
	maxThumbnailSide  = 512 // pixels: 320 is promised, a hostile sender promises nothing
	thumbnailsKept    = 64  // pictures of a window's pixels: about 1 MB each at most
	thumbnailWorkers  = 2
)

// thumbnailKey names a thumbnail as it is drawn: the same bytes at another
// size, or blurred, are another picture.
type thumbnailKey struct {
	sum     [sha256.Size]byte
	w, h    int // pixels
	blurred bool
}

// thumbnails decodes and scales thumbnails off Fyne's goroutine, and keeps the
// pictures that were used last. Its methods are called on Fyne's goroutine;
// its workers live only while there is something to decode.
type thumbnails struct {
	dispatch func(func()) // runs a function on Fyne's goroutine, later or at once

	kept  map[thumbnailKey]*list.Element
	order list.List // of *thumbnail, newest use in front
	// waiting says who wants to know, by picture; its keys are being decoded or queued.
	waiting map[thumbnailKey][]func()
	broken  map[thumbnailKey]bool

	mu      sync.Mutex
	queue   []thumbnailJob
	workers int
	closed  bool
	done    sync.WaitGroup
}

type thumbnail struct {
	key thumbnailKey
	img *image.RGBA
}

type thumbnailJob struct {
	key  thumbnailKey
	data []byte
}

func newThumbnails(dispatch func(func())) *thumbnails {
	return &thumbnails{dispatch: dispatch, kept: map[thumbnailKey]*list.Element{},
		waiting: map[thumbnailKey][]func(){}, broken: map[thumbnailKey]bool{}}
}

// get returns the picture when it is at hand. Otherwise it is decoded, and
// ready is called on Fyne's goroutine once get would return it; a thumbnail
// that can't be decoded is never ready.
func (t *thumbnails) get(data []byte, w, h int, blurred bool, ready func()) *image.RGBA {
	if w <= 0 || h <= 0 || w > 4096 || h > 4096 || len(data) == 0 || len(data) > maxThumbnailBytes {
		return nil
	}
	key := thumbnailKey{sha256.Sum256(data), w, h, blurred}
	if e, ok := t.kept[key]; ok {
		t.order.MoveToFront(e)
		return e.Value.(*thumbnail).img
	}
	if t.broken[key] {
		return nil
	}
	asked := t.waiting[key] != nil
	t.waiting[key] = append(t.waiting[key], ready)
	if !asked {
		t.start(thumbnailJob{key, data})
	}
	return nil
}

// start queues a job, newest first: it is what is on the screen now.
func (t *thumbnails) start(j thumbnailJob) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.queue = append(t.queue, j)
	if t.workers < thumbnailWorkers {
		t.workers++
		t.done.Add(1)
		go t.work()
	}
}

func (t *thumbnails) work() {
	defer t.done.Done()
	for {
		t.mu.Lock()
		if len(t.queue) == 0 || t.closed {
			t.workers--
			t.mu.Unlock()
			return
		}
		j := t.queue[len(t.queue)-1]
		t.queue = t.queue[:len(t.queue)-1]
		t.mu.Unlock()
		img := decodeThumbnail(j.data, j.key.w, j.key.h, j.key.blurred)
		t.dispatch(func() { t.finish(j.key, img) })
	}
}

// finish keeps a picture and tells who waits for it. On Fyne's goroutine.
func (t *thumbnails) finish(key thumbnailKey, img *image.RGBA) {
	told := t.waiting[key]
	delete(t.waiting, key)
	if img == nil {
		if len(t.broken) > 1000 {
			clear(t.broken)
		}
		t.broken[key] = true
		return
	}
	t.kept[key] = t.order.PushFront(&thumbnail{key, img})
	for t.order.Len() > thumbnailsKept {
		last := t.order.Back()
		t.order.Remove(last)
		delete(t.kept, last.Value.(*thumbnail).key)
	}
	for _, ready := range told {
		ready()
	}
}

// close drops what was not begun and returns once no worker is left.
func (t *thumbnails) close() {
	t.mu.Lock()
	t.closed, t.queue = true, nil
	t.mu.Unlock()
	t.done.Wait()
}

// decodeThumbnail returns data as a picture of exactly w by h pixels, cropped
// to that shape; nil when it is no picture, or a bigger one than was promised.
func decodeThumbnail(data []byte, w, h int, blurred bool) *image.RGBA {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || format != "jpeg" && format != "png" || c.Width < 1 || c.Height < 1 || c.Width > maxThumbnailSide || c.Height > maxThumbnailSide {
		return nil
	}
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	if blurred {
		// Small and big again is a blur that costs nothing.
		small := image.NewRGBA(image.Rect(0, 0, max(2, w/14), max(2, h/14)))
		draw.ApproxBiLinear.Scale(small, small.Bounds(), src, cover(src.Bounds(), w, h), draw.Src, nil)
		src = small
		out := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.CatmullRom.Scale(out, out.Bounds(), src, src.Bounds(), draw.Src, nil)
		return out
	}
	return ScaleTo(src, w, h)
}

// ScaleTo returns src at exactly w by h pixels, cropped to that shape.
func ScaleTo(src image.Image, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), src, cover(src.Bounds(), w, h), draw.Src, nil)
	return out
}

// cover is the middle of r that has the shape of w by h.
func cover(r image.Rectangle, w, h int) image.Rectangle {
	if cut := r.Dx() - r.Dy()*w/h; cut > 1 {
		r.Min.X += cut / 2
		r.Max.X -= cut - cut/2
	} else if cut := r.Dy() - r.Dx()*h/w; cut > 1 {
		r.Min.Y += cut / 2
		r.Max.Y -= cut - cut/2
	}
	return r
}

package widgets

import (
	"container/list"
	"context"
	"crypto/sha256"
	"image"
	"sync"
)

const (
	imagesKept   = 96 << 20 // bytes of pixels
	imageWorkers = 2
	maxImageSide = 4096 // pixels
)

// imageKey names a picture as it is drawn: the same file at another size, or
// blurred, is another picture.
type imageKey struct {
	source  string // a thumbnail's checksum, or a file's path
	w, h    int    // pixels
	blurred bool
}

// images makes the pictures that are drawn, each exactly as big as it is drawn,
// off Fyne's goroutine, and keeps those that were used last. What nobody waits
// for any more is not made, or given up. Its methods are called on Fyne's
// goroutine; its workers live only while there is something to do.
type images struct {
	dispatch func(func()) // runs a function on Fyne's goroutine, later or at once

	kept   map[imageKey]*list.Element
	order  list.List // of *keptImage, newest use in front
	bytes  int
	broken map[imageKey]bool
	// waiting says who wants to know, by picture; its keys are being made or queued.
	waiting map[imageKey]*imageJob

	ctx    context.Context // ends with close
	cancel context.CancelFunc

	mu      sync.Mutex
	queue   []*imageJob
	workers int
	closed  bool
	done    sync.WaitGroup
}

type keptImage struct {
	key imageKey
	img *image.RGBA
}

// imageJob is a picture that is not made yet.
type imageJob struct {
	key    imageKey
	make   func(context.Context) *image.RGBA // nil: it can't be made
	ctx    context.Context
	cancel context.CancelFunc
	ready  map[any]func() // by who waits
}

func newImages(dispatch func(func())) *images {
	c := &images{dispatch: dispatch, kept: map[imageKey]*list.Element{}, broken: map[imageKey]bool{}, waiting: map[imageKey]*imageJob{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// thumbnail returns the picture in data when it is at hand. Otherwise it is made
// for owner, and ready is called on Fyne's goroutine once thumbnail would return
// it; one that can't be decoded is never ready.
func (c *images) thumbnail(owner any, data []byte, w, h int, blurred bool, ready func()) *image.RGBA {
	if len(data) == 0 || len(data) > maxThumbnailBytes {
		return nil
	}
	sum := sha256.Sum256(data)
	key := imageKey{string(sum[:]), w, h, blurred}
	return c.get(owner, key, func(context.Context) *image.RGBA { return decodeThumbnail(data, w, h, blurred) }, ready)
}

// file returns the picture in a file, as thumbnail does. load decodes it to fit
// into a size; it runs beside the screen.
func (c *images) file(owner any, path string, w, h int, load func(ctx context.Context, path string, w, h int) (image.Image, error), ready func()) *image.RGBA {
	return c.get(owner, imageKey{path, w, h, false}, func(ctx context.Context) *image.RGBA {
		img, err := load(ctx, path, w, h)
		if err != nil {
			return nil
		}
		return ScaleTo(img, w, h)
	}, ready)
}

func (c *images) get(owner any, key imageKey, make func(context.Context) *image.RGBA, ready func()) *image.RGBA {
	if key.w <= 0 || key.h <= 0 || key.w > maxImageSide || key.h > maxImageSide || c.broken[key] {
		return nil
	}
	if e, ok := c.kept[key]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*keptImage).img
	}
	if j := c.waiting[key]; j != nil {
		j.ready[owner] = ready
		return nil
	}
	j := &imageJob{key: key, make: make, ready: map[any]func(){owner: ready}}
	j.ctx, j.cancel = context.WithCancel(c.ctx)
	if c.start(j) {
		c.waiting[key] = j
	}
	return nil
}

// forget tells that owner shows something else from now on.
func (c *images) forget(owner any) {
	for key, j := range c.waiting {
		if _, ok := j.ready[owner]; !ok {
			continue
		}
		if delete(j.ready, owner); len(j.ready) == 0 {
			j.cancel() // a worker drops it, or gives it up
			delete(c.waiting, key)
		}
	}
}

// start queues a job, newest first: it is what is on the screen now.
func (c *images) start(j *imageJob) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		j.cancel()
		return false
	}
	c.queue = append(c.queue, j)
	if c.workers < imageWorkers {
		c.workers++
		c.done.Add(1)
		go c.work()
	}
	return true
}

func (c *images) work() {
	defer c.done.Done()
	for {
		c.mu.Lock()
		if len(c.queue) == 0 || c.closed {
			c.workers--
			c.mu.Unlock()
			return
		}
		j := c.queue[len(c.queue)-1]
		c.queue = c.queue[:len(c.queue)-1]
		c.mu.Unlock()
		if j.ctx.Err() != nil {
			continue
		}
		img := j.make(j.ctx)
		c.dispatch(func() { c.finish(j, img) })
	}
}

// finish keeps a picture and tells who waits for it. On Fyne's goroutine.
func (c *images) finish(j *imageJob, img *image.RGBA) {
	given := j.ctx.Err() != nil // it may have been asked for again since
	j.cancel()
	if c.waiting[j.key] == j {
		delete(c.waiting, j.key)
	}
	if img == nil {
		if given {
			return
		}
		if len(c.broken) > 1000 {
			clear(c.broken)
		}
		c.broken[j.key] = true
		return
	}
	if _, ok := c.kept[j.key]; !ok {
		c.kept[j.key] = c.order.PushFront(&keptImage{j.key, img})
		c.bytes += len(img.Pix)
	}
	for c.bytes > imagesKept && c.order.Len() > 1 {
		last := c.order.Remove(c.order.Back()).(*keptImage)
		c.bytes -= len(last.img.Pix)
		delete(c.kept, last.key)
	}
	for _, ready := range j.ready {
		ready()
	}
}

// close gives up what is not made yet and returns once no worker is left.
func (c *images) close() {
	c.mu.Lock()
	c.closed = true
	c.queue = nil
	c.mu.Unlock()
	c.cancel() // of what is under way; who waits is Fyne's goroutine's to know
	c.done.Wait()
}

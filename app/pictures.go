package app

import (
	"container/list"
	"context"
	"image"

	"satchel/widgets"
)

const (
	picturesKept = 96 << 20 // bytes of decoded pictures
	pictureJobs  = 2        // that are decoded at a time
)

// pictures decodes the pictures that bubbles show, each as big as it is drawn,
// and keeps those that were drawn last. The screen's goroutine owns it.
type pictures struct {
	app     *App
	kept    map[pictureKey]*list.Element
	order   list.List // of *drawn, newest use in front
	bytes   int
	waiting map[pictureKey][]func()
	broken  map[pictureKey]bool
	slots   chan struct{}
}

type pictureKey struct {
	path string
	w, h int
}

type drawn struct {
	key pictureKey
	img *image.RGBA
}

func newPictures(a *App) *pictures {
	return &pictures{app: a, kept: map[pictureKey]*list.Element{}, waiting: map[pictureKey][]func(){}, broken: map[pictureKey]bool{}, slots: make(chan struct{}, pictureJobs)}
}

// get is widgets.Timeline.Picture.
func (p *pictures) get(path string, w, h int, ready func()) image.Image {
	key := pictureKey{path, w, h}
	if e, ok := p.kept[key]; ok {
		p.order.MoveToFront(e)
		return e.Value.(*drawn).img
	}
	if p.app.cfg.Picture == nil || p.broken[key] || w <= 0 || h <= 0 || w > 4096 || h > 4096 {
		return nil
	}
	asked := len(p.waiting[key]) > 0
	p.waiting[key] = append(p.waiting[key], ready)
	if asked {
		return nil
	}
	p.app.work(func(ctx context.Context) func() {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		defer func() { <-p.slots }()
		img, err := p.app.cfg.Picture(ctx, path, w, h)
		if err != nil {
			p.app.log.Info("show a picture", "error", err)
			return func() { p.finish(key, nil) }
		}
		exact := widgets.ScaleTo(img, w, h)
		return func() { p.finish(key, exact) }
	})
	return nil
}

// finish keeps a picture and tells who waits for it.
func (p *pictures) finish(key pictureKey, img *image.RGBA) {
	told := p.waiting[key]
	delete(p.waiting, key)
	if img == nil {
		if len(p.broken) > 1000 {
			clear(p.broken)
		}
		p.broken[key] = true
		return
	}
	p.kept[key] = p.order.PushFront(&drawn{key, img})
	for p.bytes += len(img.Pix); p.bytes > picturesKept && p.order.Len() > 1; {
		last := p.order.Remove(p.order.Back()).(*drawn)
		p.bytes -= len(last.img.Pix)
		delete(p.kept, last.key)
	}
	for _, ready := range told {
		ready()
	}
}

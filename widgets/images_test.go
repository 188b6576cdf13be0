package widgets

import (
	"context"
	"errors"
	"image"
	"testing"
)

// The cache keeps what was used last, within its bytes; gives up what nobody
// waits for; and asks once for what many wait for.
func TestImages(t *testing.T) {
	todo := make(chan func(), 100)
	c := newImages(func(f func()) { todo <- f })
	defer c.close()
	const side = 2048 // 16 MiB each
	made := map[string]int{}
	begun, stuck := make(chan string, 100), make(chan struct{})
	load := func(ctx context.Context, path string, w, h int) (image.Image, error) {
		begun <- path
		switch path {
		case "none":
			return nil, errors.New("no picture")
		case "stuck":
			<-ctx.Done()
			close(stuck)
			return nil, ctx.Err()
		}
		return image.NewRGBA(image.Rect(0, 0, w/4, h/4)), nil
	}
	get := func(owner any, path string) *image.RGBA {
		return c.file(owner, path, side, side, load, func() { made[path]++ })
	}
	for _, path := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
		if get(1, path) != nil || get(2, path) != nil {
			t.Fatal("there before it was made")
		}
		(<-todo)()
		if img := get(1, path); img == nil || img.Bounds() != image.Rect(0, 0, side, side) || made[path] != 2 {
			t.Fatalf("%s: %v, told %d times", path, img, made[path])
		}
		if get(1, "a") == nil {
			t.Fatalf("the one that is used is gone at %s", path)
		}
	}
	if c.bytes > imagesKept || len(c.kept) != imagesKept/(4*side*side) || c.order.Len() != len(c.kept) {
		t.Errorf("%d bytes in %d pictures", c.bytes, len(c.kept))
	}
	if get(1, "b") != nil { // the oldest went
		t.Error("b was kept")
	}
	c.forget(1)
	if get(1, "none") != nil {
		t.Error("something is made of nothing")
	}
	for len(c.waiting) > 0 {
		(<-todo)()
	}
	for range 3 { // not again and again
		_ = get(1, "none")
	}
	if len(c.waiting) != 0 || made["none"] != 0 {
		t.Errorf("%d wait", len(c.waiting))
	}
	_ = get(1, "stuck")
	for path := range begun {
		if path == "stuck" {
			break
		}
	}
	c.forget(2) // somebody else
	if len(c.waiting) != 1 {
		t.Error("somebody's picture was given up for another")
	}
	c.forget(1)
	<-stuck
	(<-todo)()
	if len(c.waiting) != 0 || made["stuck"] != 0 || c.broken[imageKey{"stuck", side, side, false}] {
		t.Error("what was given up is called broken")
	}
}

package preview

import (
	"context"
	"errors"
	"image"
	"time"

	"satchel/chat"
)

var (
	// ErrNoPicture says that a file is nothing that can be shown as a picture.
	ErrNoPicture = errors.New("this file is no picture that Satchel can show")
	// ErrBounds says that decoding took more memory or time than a file may.
	ErrBounds = errors.New("looking into the file took more memory or time than allowed")
	// ErrFailed says that a decoder fell over the file.
	ErrFailed = errors.New("the file can't be decoded")
)

const (
	thumbnailSide = 320      // pixels
	thumbnailSize = 32 << 10 // bytes
	maxSide       = 4096     // pixels of what is shown on a screen
)

// What a helper may use for one file. Time is the processor's: a busy machine
// is no reason to show less.
const (
	memory      = 208 << 20 // bytes; with what comes between two looks at it less than 256 MiB
	largeMemory = 640 << 20 // for a picture that somebody opens
	seconds     = 3
	largeTime   = 20 * time.Second
	wallTime    = 15 * time.Second // when the machine has other work
	warmTime    = 60 * time.Second // to make a decoder ready, before it sees a byte of the file
)

// Found is what there is to say of a file.
type Found struct {
	// File has MIME, and as far as there is one: thumbnail, placeholder, size in
	// pixels, duration, pages, waveform and excerpt.
	File chat.File
	// Facts is what a picture says of how it was taken.
	Facts chat.PictureFacts
}

// Look looks into a file. The type is told by its content. The error says why
// nothing but the type was found, or not even that; it never stands in the way
// of sending the file.
func Look(ctx context.Context, path string) (chat.File, chat.PictureFacts, error) {
	a, err := ask(ctx, request{Op: opLook, Path: path})
	if err != nil && a.Found.File.MIME == "" && ctx.Err() == nil {
		a.Found.File.MIME, _ = Type(path) // the helper did not come to say it
	}
	return a.Found.File, a.Found.Facts, err
}

// Picture decodes the picture in a file, upright, to fit into width by height
// pixels; a smaller one stays as it is. It uses no more than Look.
func Picture(ctx context.Context, path string, width, height int) (image.Image, error) {
	return picture(ctx, request{Op: opPicture, Path: path, Width: width, Height: height})
}

// Large is Picture for one that a person opened and waits for: it may use more.
func Large(ctx context.Context, path string, width, height int) (image.Image, error) {
	return picture(ctx, request{Op: opPicture, Path: path, Width: width, Height: height, Large: true})
}

func picture(ctx context.Context, r request) (image.Image, error) {
	a, err := ask(ctx, r)
	if err != nil {
		return nil, err
	}
	return a.images[0], nil
}

// Frames decodes a GIF that moves, as Large does, with how long each picture is
// shown. ErrNoPicture: it is none.
func Frames(ctx context.Context, path string, width, height int) ([]image.Image, []time.Duration, error) {
	a, err := ask(ctx, request{Op: opFrames, Path: path, Width: width, Height: height, Large: true})
	if err != nil {
		return nil, nil, err
	}
	frames, delays := make([]image.Image, len(a.images)), make([]time.Duration, len(a.images))
	for i, img := range a.images {
		frames[i], delays[i] = img, a.Images[i].Delay
	}
	return frames, delays, nil
}

// Package tiles makes a small picture of the map around a place, of the pieces that
// a map server has ({z}/{x}/{y}, Web Mercator). It is the sender of a place who
// asks, once, and only where the person named a server: receivers see the picture
// that came with the message and ask nobody.
//
// The server is as hostile as anybody's: what it sends is bounded in number, bytes
// and time, and decoded by the helper of transfer/preview. The desktop program calls
// Picture, from any goroutine; nothing goes on when it has returned.
package tiles

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"satchel/chat"
	"satchel/transfer"
	"satchel/transfer/preview"
)

const (
	zoom     = 15        // a picture of 320 pixels is a kilometre and a half at the equator
	side     = 256       // pixels of a piece; sharper ones of 512 are made smaller
	maxBytes = 512 << 10 // of a piece as it comes
	atOnce   = 2         // requests: more than that public servers don't want
	mostLat  = 85.0511   // degrees: the map ends there
)

// patience is how long it takes at most.
const patience = 10 * time.Second

// userAgent names the program, as public map servers ask for.
const userAgent = "Satchel (desktop messenger)"

// Picture returns the map around a place, which is in its middle: a JPEG of
// chat.MapWidth by chat.MapHeight pixels, at most chat.MaxMap bytes.
// chat.ErrMapServer: the address is none; chat.ErrNoMap: the server has no map
// there; context.DeadlineExceeded: it took too long.
func Picture(ctx context.Context, from chat.MapServer, lat, lon float64) ([]byte, error) {
	if err := from.Check(); err != nil {
		return nil, err
	}
	if !(math.Abs(lat) <= mostLat && math.Abs(lon) <= 180) {
		return nil, chat.ErrNoMap
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "satchel-map-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	client := transfer.NewClient()
	defer client.CloseIdleConnections()

	wanted := around(lat, lon)
	pieces := make([]image.Image, len(wanted))
	found := make(chan error, len(wanted))
	places := make(chan struct{}, atOnce)
	for i, w := range wanted {
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			var err error
			if err = ctx.Err(); err == nil {
				pieces[i], err = piece(ctx, client, from.Tile(zoom, w.x, w.y), filepath.Join(dir, fmt.Sprint(i)))
			}
			found <- err
		}()
	}
	for range wanted {
		if one := <-found; one != nil && err == nil {
			err = one
			cancel() // the others are of no use
		}
	}
	if err != nil {
		return nil, err
	}
	sheet := image.NewNRGBA(image.Rect(0, 0, chat.MapWidth, chat.MapHeight))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.Gray{0xDD}), image.Point{}, draw.Src) // beyond the poles
	for i, w := range wanted {
		draw.Draw(sheet, image.Rect(w.left, w.top, w.left+side, w.top+side), pieces[i], pieces[i].Bounds().Min, draw.Src)
	}
	return preview.Encode(sheet)
}

// wanted is a piece, and where its top left corner is on the picture.
type wanted struct{ x, y, left, top int }

// around are the pieces that a picture with a place in its middle shows: six at most.
func around(lat, lon float64) (all []wanted) {
	const pieces = 1 << zoom
	world := float64(pieces * side)
	phi := lat * math.Pi / 180
	left := int(math.Floor((lon+180)/360*world)) - chat.MapWidth/2
	top := int(math.Floor((1-math.Asinh(math.Tan(phi))/math.Pi)/2*world)) - chat.MapHeight/2
	for y := floorDiv(top, side); y*side < top+chat.MapHeight; y++ {
		for x := floorDiv(left, side); x*side < left+chat.MapWidth; x++ {
			if y >= 0 && y < pieces {
				all = append(all, wanted{(x + pieces) % pieces, y, x*side - left, y*side - top}) // round the world
			}
		}
	}
	return all
}

func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }

// piece fetches one, and has the helper decode it.
func piece(ctx context.Context, client *http.Client, address, path string) (image.Image, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.Join(chat.ErrMapServer, err)
	}
	q.Header.Set("User-Agent", userAgent)
	answer, err := client.Do(q)
	if err != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: it answers %s", chat.ErrNoMap, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBytes+1))
	if err != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	if len(body) > maxBytes {
		return nil, fmt.Errorf("%w: a piece has more than %d KiB", chat.ErrNoMap, maxBytes>>10)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return nil, err
	}
	img, err := preview.Picture(ctx, path, side, side)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", chat.ErrNoMap, err)
	}
	if img.Bounds().Dx() != side || img.Bounds().Dy() != side {
		return nil, fmt.Errorf("%w: a piece has %v pixels", chat.ErrNoMap, img.Bounds().Size())
	}
	return img, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"satchel/transfer/preview"
)

// thumbnail compares a preview of a photo of 24 megapixels with vipsthumbnail,
// the fastest program that people have for it. Both write 320 pixels as JPEG.
func thumbnail(ctx context.Context, dir string) error {
	vips, err := exec.LookPath("vipsthumbnail")
	if err != nil {
		return errors.New("vipsthumbnail is missing: install libvips-tools")
	}
	path := filepath.Join(dir, "photo.jpg")
	if err := writePhoto(path, 6000, 4000); err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for i := range 12 {
		began := time.Now()
		if err := exec.CommandContext(ctx, vips, path, "-s", "320", "-o", filepath.Join(dir, "small.jpg")).Run(); err != nil {
			return err
		}
		between := time.Now()
		file, _, err := preview.Look(ctx, path)
		if err != nil || len(file.Thumbnail) == 0 {
			return fmt.Errorf("no thumbnail: %w", err)
		}
		if i < 2 { // the file is in memory, the helper is there
			continue
		}
		theirs, ours = append(theirs, between.Sub(began)), append(ours, time.Since(between))
	}
	a, b := median(ours), median(theirs)
	fmt.Printf("thumbnail of a 24 MP JPEG: %.2f times what vipsthumbnail takes (%s against %s)\n", float64(a)/float64(b), micros(a), micros(b))
	return nil
}

// writePhoto writes a picture with slopes, edges and the grain of a sensor.
func writePhoto(path string, w, h int) error {
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	r := rand.New(rand.NewPCG(24, 6))
	for y := range h {
		for x := range w {
			v := 128 + 60*math.Sin(float64(x)/211)*math.Cos(float64(y)/173) + float64(r.IntN(14))
			if (x/97+y/131)%7 == 0 {
				v += 30
			}
			c := color.YCbCr{Y: uint8(v), Cb: uint8(110 + x*40/w), Cr: uint8(120 + y*40/h)}
			img.Y[img.YOffset(x, y)] = c.Y
			img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = c.Cb, c.Cr
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = jpeg.Encode(f, img, &jpeg.Options{Quality: 90})
	return errors.Join(err, f.Close())
}

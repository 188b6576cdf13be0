package preview

import (
	"bytes"
	"encoding/json"
	"image/png"
	"math"
	"strconv"
)

// probed is what ffprobe says of a film or a sound.
type probed struct {
	Format struct {
		Duration string `json:"duration"`
	} `json:"format"`
	Streams []struct {
		Kind   string `json:"codec_type"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	} `json:"streams"`
}

// fileOnly keeps ffmpeg from opening anything but the file: playlists in a
// hostile one may name addresses.
var fileOnly = []string{"-v", "error", "-protocol_whitelist", "file,pipe"}

// probe asks ffprobe, when the machine has it.
func probe(file *source) (p probed, seconds float64, err error) {
	args := append(append([]string{}, fileOnly...), "-of", "json", "-show_entries", "format=duration:stream=codec_type,width,height", "-i", "file:"+file.path)
	out, err := outside(file.ctx, 64<<10, "ffprobe", args...)
	if err == nil {
		err = json.Unmarshal(out, &p)
	}
	if err != nil {
		return p, 0, err
	}
	if seconds, _ = strconv.ParseFloat(p.Format.Duration, 64); !(seconds > 0 && seconds < 1e7) {
		seconds = 0
	}
	return p, seconds, nil
}

// video takes a frame and the duration of a film, when the machine has ffmpeg.
func (j *job) video(file *source) error {
	p, seconds, err := probe(file)
	if err != nil {
		return err
	}
	j.found.File.Duration = seconds
	shown := false
	for _, s := range p.Streams {
		shown = shown || s.Kind == "video" && s.Width > 0 && s.Height > 0 && s.Width < 1<<15 && s.Height < 1<<15
	}
	if !shown {
		return nil // a sound in a film's container
	}
	// Not the very first frame: films begin in the dark.
	args := append(append([]string{}, fileOnly...), "-threads", "1", "-noaccurate_seek", "-ss", strconv.FormatFloat(math.Min(1, seconds/3), 'f', 2, 64),
		"-i", "file:"+file.path, "-an", "-sn", "-frames:v", "1", "-vf", "scale=640:640:force_original_aspect_ratio=decrease", "-c:v", "png", "-f", "image2pipe", "-")
	out, err := outside(file.ctx, 8<<20, "ffmpeg", args...)
	if err != nil {
		return err
	}
	frame, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		return err
	}
	small := shrink(frame, thumbnailSide, thumbnailSide)
	// As it is shown: films may be turned, and their pixels need not be square.
	f := &j.found.File
	f.Width, f.Height = frame.Bounds().Dx(), frame.Bounds().Dy()
	for _, s := range p.Streams {
		if s.Kind == "video" && s.Width > f.Width {
			part := float64(max(s.Width, s.Height)) / float64(max(f.Width, f.Height))
			f.Width, f.Height = int(math.Round(float64(f.Width)*part)), int(math.Round(float64(f.Height)*part))
			break
		}
	}
	return j.thumbnail(small)
}

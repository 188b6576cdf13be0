package chat

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Location is a place on Earth, WGS 84, in degrees.
type Location struct {
	Lat  float64 `json:"lat"`
	Lon  float64 `json:"lon"`
	Name string  `json:"name,omitempty"`

	Map *Map `json:"map,omitempty"`
}

// Map is the picture of a map around a place, which is in its middle, as its sender
// found it.
type Map struct {
	Picture []byte `json:"picture"`          // JPEG or PNG, at most MaxMap bytes and 320 px a side
	Credit  string `json:"credit,omitempty"` // whose it is: it stands on the picture; at most MaxCredit bytes
}

var (
	pairMark   = regexp.MustCompile(`^\s*([-−+]?\d{1,2}(?:\.\d+)?)°?\s*[,;\s]\s*([-−+]?\d{1,3}(?:\.\d+)?)°?\s*$`)
	googleMark = regexp.MustCompile(`@(-?\d{1,2}\.\d+),(-?\d{1,3}\.\d+)`)
	googlePin  = regexp.MustCompile(`!3d(-?\d{1,2}\.\d+)!4d(-?\d{1,3}\.\d+)`)
	openMark   = regexp.MustCompile(`map=\d{1,2}/(-?\d{1,2}\.?\d*)/(-?\d{1,3}\.?\d*)`)
)

// ParseLocation reads a place as people have it: "LAT,LON" in decimal degrees, a
// geo: address, or a link of a map (OpenStreetMap, Google, Apple, Bing). Nothing
// is asked anywhere: a short link that hides the place is none.
func ParseLocation(s string) (*Location, error) {
	wrong := fmt.Errorf("%q is no place: write latitude,longitude, as in 38.7056,-9.1446, or paste a link of a map that has them", s)
	if l := pair(pairMark.FindStringSubmatch(s)); l != nil {
		return l, nil
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return nil, wrong
	}
	if u.Scheme == "geo" {
		place, _, _ := strings.Cut(u.Opaque, ";")
		place, _, _ = strings.Cut(place, "?")
		if l := pair(pairMark.FindStringSubmatch(place)); l != nil {
			return l, nil
		}
		return nil, wrong
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, wrong
	}
	// What is pointed at comes before where the map happens to be.
	q := u.Query()
	candidates := [][]string{pairMark.FindStringSubmatch(q.Get("mlat") + "," + q.Get("mlon")), googlePin.FindStringSubmatch(u.Path)}
	for _, name := range []string{"q", "query", "ll", "sll", "destination", "daddr"} {
		candidates = append(candidates, pairMark.FindStringSubmatch(q.Get(name)))
	}
	candidates = append(candidates, pairMark.FindStringSubmatch(strings.ReplaceAll(q.Get("cp"), "~", ",")),
		googleMark.FindStringSubmatch(u.Path), openMark.FindStringSubmatch(u.Fragment))
	for _, c := range candidates {
		if l := pair(c); l != nil {
			return l, nil
		}
	}
	return nil, wrong
}

// pair makes a place of what an expression found; nil: it is none.
func pair(found []string) *Location {
	if len(found) != 3 {
		return nil
	}
	l := &Location{}
	var err1, err2 error
	l.Lat, err1 = strconv.ParseFloat(strings.ReplaceAll(found[1], "−", "-"), 64)
	l.Lon, err2 = strconv.ParseFloat(strings.ReplaceAll(found[2], "−", "-"), 64)
	if err1 != nil || err2 != nil || !l.valid() {
		return nil
	}
	return l
}

// Bare is the place without its map.
func (l *Location) Bare() *Location { return &Location{Lat: l.Lat, Lon: l.Lon, Name: l.Name} }

// bounded tells whether what comes with the place is as small as it has to be.
func (l *Location) bounded() bool {
	return l.Map == nil || len(l.Map.Picture) <= MaxMap && len(l.Map.Credit) <= MaxCredit
}

func (l *Location) valid() bool {
	return math.Abs(l.Lat) <= 90 && math.Abs(l.Lon) <= 180 // false for NaN too
}

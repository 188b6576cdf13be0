// Command drop lets go of files over a window, as a file manager does at the
// end of a drag: it is the source of the XDND protocol, version 5, so that the
// journeys in a real window test the real thing. It ships with nothing.
//
//	drop --window-name NAME | --window ID [--at X,Y] [--hover DURATION] FILE...
//
// The place is in pixels from the window's upper left corner; without one it is
// the middle. It exits 0 once the window has taken the files, 1 with a sentence
// when it has not within ten seconds, 2 when it is used wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jezek/xgb/xproto"
)

func main() {
	var t target
	flag.StringVar(&t.name, "window-name", "", "the title of the window, or a part of it")
	window := flag.String("window", "", "the number of the window, as xdotool prints it")
	at := flag.String("at", "", "X,Y in pixels inside the window")
	flag.DurationVar(&t.hover, "hover", 0, "how long to stay over the window before letting go")
	flag.Parse()

	usage := func(reason string) {
		fmt.Fprintln(os.Stderr, "drop:", reason)
		os.Exit(2)
	}
	if flag.NArg() == 0 {
		usage("name at least one file")
	}
	if *window != "" {
		id, err := strconv.ParseUint(*window, 0, 32)
		if err != nil {
			usage("--window takes a number")
		}
		t.id = xproto.Window(id)
	}
	if (t.id == 0) == (t.name == "") {
		usage("name the window with either --window-name or --window")
	}
	if *at != "" {
		p, err := parsePoint(*at)
		if err != nil {
			usage(err.Error())
		}
		t.at = &p
	}
	list, err := uriList(flag.Args())
	if err != nil {
		usage(err.Error())
	}
	if err := dropOn(t, list, 10*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "drop:", err)
		os.Exit(1)
	}
}

type point struct{ x, y int16 }

func parsePoint(s string) (point, error) {
	a, b, ok := strings.Cut(s, ",")
	x, err1 := strconv.ParseInt(strings.TrimSpace(a), 10, 16)
	y, err2 := strconv.ParseInt(strings.TrimSpace(b), 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return point{}, errors.New("--at takes X,Y")
	}
	return point{int16(x), int16(y)}, nil
}

// uriList writes text/uri-list (RFC 2483): a file URI a line, CRLF.
func uriList(paths []string) ([]byte, error) {
	var b strings.Builder
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		b.WriteString((&url.URL{Scheme: "file", Path: abs}).String())
		b.WriteString("\r\n")
	}
	return []byte(b.String()), nil
}

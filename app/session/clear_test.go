package session

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"satchel/chat"
)

// spellings are the ways in which bytes may stand in a database, a log or JSON:
// as they are, in hexadecimal, and in base64 at all three alignments.
func spellings(b []byte) (all [][]byte) {
	all = append(all, b, []byte(hex.EncodeToString(b)), bytes.ToUpper([]byte(hex.EncodeToString(b))))
	for skip := range 3 {
		// The characters that hang on what stands before or behind are cut off.
		padded := append(make([]byte, skip), b...)
		padded = padded[:len(padded)/3*3]
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			all = append(all, []byte(e.EncodeToString(padded))[(skip*8+5)/6:])
		}
	}
	return all
}

// picture writes a PNG that a thumbnail is made of.
func picture(t *testing.T, path string) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 7)
	}
	m.Set(0, 0, color.Black)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What people write, what a group and a file are called, a thumbnail and a
// file's bytes are nowhere at the relay: not in its database, its write-ahead
// log, its files, its log, or its metrics; nor are names, ids and addresses in
// the metrics.
func TestNothingInTheClear(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", page: "127.0.0.1:0",
		log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	w.start()
	t.Cleanup(func() { w.stop() })
	ana, bo := w.person("Ana Albuquerque"), w.person("Bo Rasmussen")
	secrets := map[string][]byte{}
	secret := func(what, text string) string {
		secrets[what] = []byte(text)
		return text
	}
	g, err := ana.NewGroup(ana.bounded(), secret("title", "Projecto Aurora"), []chat.AccountID{bo.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	bo.inGroup(g.ID, "Projecto Aurora")
	path := filepath.Join(t.TempDir(), secret("name of a file", "orçamento-secreto.png"))
	picture(t, path)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secrets["file"] = file[len(file)/2 : len(file)/2+24]
	sent, err := ana.SendFiles(ana.bounded(), g.ID, []string{path}, chat.Content{Text: secret("caption", "veja isto com cuidado")})
	if err != nil {
		t.Fatal(err)
	}
	direct := ana.direct("Bo Rasmussen")
	where := &chat.Location{Lat: 38.70561234, Lon: -9.14461234, Name: secret("place", "Cais das Colunas")}
	m, err := ana.Send(ana.bounded(), direct, chat.Content{Title: secret("title of a message", "Encontro às nove"),
		Text: secret("text", "ninguém mais deve ler isto"), Location: where})
	if err != nil {
		t.Fatal(err)
	}
	secrets["coordinates"] = []byte("38.70561234")
	ana.flushed(append(sent, m, ana.say(ana.direct("self"), secret("note to self", "a chave está no vaso")))...)
	bo.wait("all of it", func() bool { return len(bo.texts(g.ID)) == 1 && len(bo.texts(direct)) == 1 })
	got, err := bo.Messages(g.ID, 0, 1)
	if err != nil || len(got) != 1 || got[0].Content.File == nil || len(got[0].Content.File.Thumbnail) < 200 {
		t.Fatalf("%+v, %v", got, err)
	}
	thumbnail := got[0].Content.File.Thumbnail
	secrets["thumbnail"] = thumbnail[len(thumbnail)/2 : len(thumbnail)/2+24]
	if name, err := os.Hostname(); err == nil && len(name) > 5 {
		secrets["name of the device"] = []byte(name)
	}

	numbers := w.metrics()
	w.stop()
	pile := map[string][]byte{"log": log.Bytes(), "metrics": numbers}
	err = filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			pile[path], err = os.ReadFile(path)
			pile["names"] = append(pile["names"], path...)
		}
		return err
	})
	if err != nil || len(pile) < 4 {
		t.Fatal(len(pile), err)
	}
	found := func(b []byte) (where string) {
		for place, all := range pile {
			for _, s := range spellings(b) {
				if bytes.Contains(all, s) {
					where = place
				}
			}
		}
		return where
	}
	for what, b := range secrets {
		if where := found(b); where != "" {
			t.Errorf("%s is in %s", what, where)
		}
	}
	known := []string{ana.name, bo.name, string(ana.me()), string(bo.me()), string(g.ID), string(direct), string(m.ID)}
	for _, p := range []*person{ana, bo} {
		devices, err := p.Devices()
		if err != nil || len(devices) == 0 {
			t.Fatal(devices, err)
		}
		known = append(known, string(devices[0].ID))
	}
	files := 0
	for path := range pile {
		if name := filepath.Base(path); len(name) == 32 {
			known = append(known, name)
			files++
		}
	}
	if files == 0 {
		t.Error("the relay has no file")
	}
	delete(pile, "metrics")
	for _, k := range known {
		if found([]byte(k)) == "" {
			t.Errorf("%q, which the relay does know, is not found, so this proves nothing", k)
		}
	}
	pile = map[string][]byte{"metrics": numbers}
	for _, k := range append(known, w.addr, "127.0.0.1", "Studio") {
		if found([]byte(k)) != "" {
			t.Errorf("%q is in the metrics", k)
		}
	}
	if !bytes.Contains(numbers, []byte("satchel_relay_messages_stored_total")) || bytes.Contains(numbers, []byte("satchel_relay_messages_stored_total 0")) {
		t.Error("the metrics counted nothing, so this proves nothing")
	}
}

// The search finds bytes wherever they begin.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for skip := range 3 {
		text := []byte("xy"[:skip%3] + "ninguém mais" + "tail")
		b64 := []byte(base64.StdEncoding.EncodeToString(text))
		ok := false
		for _, s := range spellings([]byte("ninguém mais")) {
			ok = ok || bytes.Contains(b64, s)
		}
		if !ok {
			t.Errorf("not found at %d", skip)
		}
	}
}

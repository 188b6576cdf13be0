//go:build journey

package journey

import (
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// makePhoto writes a picture of 24 megapixels with detail everywhere.
func makePhoto(t *testing.T, path string) (sum string) {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, 6000, 4000), image.YCbCrSubsampleRatio420)
	for y := range 4000 {
		for x := range 6000 {
			img.Y[y*img.YStride+x] = uint8(x/24 + y/32 + x*y>>9&31)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(128+i/img.CStride/40), uint8(160-i%img.CStride/60)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 88}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return sumOf(t, path)
}

// hardFiles makes the files that everybody stumbles over; name → checksum.
func hardFiles(t *testing.T, dir string) (paths []string, sums map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	sums = map[string]string{}
	add := func(name, sum string) {
		paths = append(paths, filepath.Join(dir, name))
		sums[name] = sum
	}
	add("photo.jpg", makePhoto(t, filepath.Join(dir, "photo.jpg")))
	big := "Relatório da situação – 報告書 (最終版).bin"
	add(big, makeFile(t, filepath.Join(dir, big), 300<<20, 1))
	add("empty.txt", makeFile(t, filepath.Join(dir, "empty.txt"), 0, 2))
	evil := `..\..\evil.sh`
	add(evil, makeFile(t, filepath.Join(dir, evil), 66, 3))
	return paths, sums
}

// The whole road at the prompt: two people, words both ways, hard files.
func TestTwoPeopleAtThePrompt(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	mara, ines := join(t, r, "Mara Reyes"), join(t, r, "Inês Tavares")

	// Twenty each way. What comes while nobody listens is told later.
	for i := range 20 {
		mara.ctl("send", "--to", "inês tavares", "--text", fmt.Sprintf("m%d", i))
		ines.ctl("send", "--to", "Mara Reyes", "--text", fmt.Sprintf("i%d", i))
	}
	for _, who := range []struct {
		p      *person
		from   string
		prefix string
	}{{mara, ines.name, "i"}, {ines, mara.name, "m"}} {
		heard := parse(t, who.p.ctl("listen", "--count", "20", "--timeout", "60s")...)
		for i, m := range heard {
			if m.From != who.from || m.Text != who.prefix+strconv.Itoa(i) {
				t.Errorf("%s heard %d: %+v", who.p.name, i, m)
			}
		}
	}
	if out := mara.ctl("history", "--with", "Inês Tavares", "--limit", "100"); len(out) != 40 {
		t.Errorf("history has %d lines, not 40", len(out))
	}

	// Everything that a message can carry, in one.
	doc := filepath.Join(t.TempDir(), "plan.txt")
	if err := os.WriteFile(doc, []byte("At three, at the harbour.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mara.ctl("send", "--to", "Inês Tavares", "--title", "Plan", "--text", "See you there", "--location", "38.7056,-9.1446", "--file", doc)
	all := parse(t, ines.ctl("listen", "--count", "1", "--timeout", "60s", "--download", t.TempDir())...)[0]
	if all.Title != "Plan" || all.Text != "See you there" || all.Location == nil || all.Location.Lon != -9.1446 ||
		all.File == nil || all.File.Name != "plan.txt" || sumOf(t, all.File.Path) != sumOf(t, doc) {
		t.Errorf("%+v", all)
	}

	// The hard files, while Inês listens.
	paths, sums := hardFiles(t, filepath.Join(t.TempDir(), "from"))
	into := t.TempDir()
	listen := ines.start("listen", "--count", strconv.Itoa(len(paths)), "--timeout", "110s", "--download", into)
	args := []string{"send", "--to", ines.name}
	for _, p := range paths {
		args = append(args, "--file", p)
	}
	if sent := mara.ctl(args...); len(sent) != len(paths) {
		t.Errorf("send printed %d lines for %d files", len(sent), len(paths))
	}
	if code := listen.exit(t); code != 0 {
		t.Fatalf("listen: exit %d: %s", code, listen.errs)
	}
	var lines []string
	for l := range listen.lines {
		lines = append(lines, l)
	}
	for _, m := range parse(t, lines...) {
		want, ok := sums[m.File.Name]
		if !ok {
			// A hostile name may come scrubbed, never as a path.
			want = sums[`..\..\evil.sh`]
		}
		if m.File.SHA256 != want || sumOf(t, m.File.Path) != want {
			t.Errorf("%s differs", m.File.Name)
		}
		if filepath.Dir(m.File.Path) != into || strings.ContainsAny(filepath.Base(m.File.Path), `\/`) {
			t.Errorf("%q was written to %q", m.File.Name, m.File.Path)
		}
	}

	// Both sides hold the same log.
	ids := func(p *person, with string) (out []string) {
		for _, m := range parse(t, p.ctl("history", "--with", with, "--limit", "200")...) {
			out = append(out, fmt.Sprint(m.Seq, m.ID))
		}
		return out
	}
	if a, b := ids(mara, ines.name), ids(ines, mara.name); len(a) != 45 || !slices.Equal(a, b) {
		t.Errorf("the logs differ:\n%v\n%v", a, b)
	}

	// Notes to self, and the rest of the commands.
	mara.ctl("send", "--to", "Notes to self", "--text", "milk")
	if out := mara.ctl("conversations"); len(out) != 2 {
		t.Errorf("conversations: %q", out)
	}
	if out := mara.ctl("invite"); len(out) != 1 || !strings.Contains(out[0], "satchel://") {
		t.Errorf("invite: %q", out)
	}
	if out := mara.ctl("status"); len(out) == 0 {
		t.Error("status says nothing")
	}

	// The relay drains and ends well.
	if err := r.run.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := r.run.exit(t); code != 0 {
		t.Errorf("the relay ended with %d: %s", code, r.run.errs)
	}
}

// Wrong input gets one sentence, the right exit code, and loses nothing.
func TestBadInputAtThePrompt(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	mara := join(t, r, "Mara")
	expired := r.invite("--expires", "1ns")
	good := r.invite("--uses", "5")
	stranger := func() *person { return &person{t: t, name: "x", dir: filepath.Join(t.TempDir(), "x")} }
	folder := t.TempDir()

	for _, c := range []struct {
		name string
		who  *person
		args []string
		code int
		says string
	}{
		{"a wrong link", stranger(), []string{"join", "satchel://nowhere", "--name", "Bo"}, 1, "invitation"},
		{"an unknown code", stranger(), []string{"join", strings.Replace(good, "code=", "code=aaaa", 1)[:len(good)], "--name", "Bo"}, 1, "invitation"},
		{"an expired link", stranger(), []string{"join", expired, "--name", "Bo"}, 1, "expired"},
		{"a name that is taken", stranger(), []string{"join", good, "--name", "mara"}, 1, "name"},
		{"an empty name", stranger(), []string{"join", good, "--name", " "}, 1, "name"},
		{"no name", stranger(), []string{"join", good}, 2, "--name"},
		{"nobody of that name", mara, []string{"send", "--to", "Nobody", "--text", "x"}, 1, "Nobody"},
		{"nothing to send", mara, []string{"send", "--to", "self"}, 2, ""},
		{"a missing file", mara, []string{"send", "--to", "self", "--file", filepath.Join(folder, "gone")}, 1, "gone"},
		{"a place beyond Earth", mara, []string{"send", "--to", "self", "--location", "91,0"}, 2, "91"},
		{"an unknown command", mara, []string{"dance"}, 2, "dance"},
		{"an unknown flag", mara, []string{"send", "--loud"}, 2, "loud"},
		{"not joined", stranger(), []string{"send", "--to", "self", "--text", "x"}, 1, "join"},
	} {
		out, errs, code := c.who.try(c.args...)
		first, _, _ := strings.Cut(strings.TrimSpace(errs), "\n")
		if code != c.code || len(out) != 0 || !strings.Contains(errs, c.says) || first == "" {
			t.Errorf("%s: exit %d (want %d), stdout %q, stderr %q", c.name, code, c.code, out, errs)
		}
		if code == 1 && strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			t.Errorf("%s: more than one sentence: %q", c.name, errs)
		}
		if strings.Contains(errs, "goroutine ") || strings.Contains(errs, "dial tcp") || strings.Contains(errs, "0x") {
			t.Errorf("%s: not for a person: %q", c.name, errs)
		}
	}

	// A relay that is down keeps nobody waiting for ever and loses nothing.
	r.run.kill()
	_, errs, code := stranger().try("join", good, "--name", "Bo")
	if code != 1 || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
		t.Errorf("join without a relay: %d %q", code, errs)
	}
	_, errs, code = mara.try("send", "--to", "self", "--text", "written without a relay")
	if code != 1 {
		t.Errorf("send without a relay: %d %q", code, errs)
	}
	r.start()
	mara.ctl("send", "--to", "self", "--text", "written with it")
	var texts []string
	for _, m := range parse(t, mara.ctl("history", "--with", "self")...) {
		texts = append(texts, m.Text)
	}
	if !slices.Equal(texts, []string{"written without a relay", "written with it"}) {
		t.Errorf("history is %q", texts)
	}
}

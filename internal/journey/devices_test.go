//go:build journey

package journey

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// typed is a program whose standard input a person writes.
type typed struct {
	*process
	in io.WriteCloser
}

// types starts satchelctl for somebody who answers it.
func (p *person) types(args ...string) *typed {
	p.t.Helper()
	var in io.WriteCloser
	run := startWith(p.t, nil, func(cmd *exec.Cmd) {
		var err error
		if in, err = cmd.StdinPipe(); err != nil {
			p.t.Fatal(err)
		}
	}, "satchelctl", append([]string{"--profile", p.dir}, args...)...)
	return &typed{run, in}
}

// says waits until standard error has this, and returns all of it.
func (p *typed) says(t *testing.T, what string) string {
	t.Helper()
	end, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if said := p.errs.String(); strings.Contains(said, what) {
			return said
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s never said %q: %s", p.cmd, what, p.errs)
		}
	}
}

func (p *typed) answer(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// field is one of a JSON line.
func field(t *testing.T, line, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return fmt.Sprint(m[name])
}

// digitsLine leads the digits on standard error.
const digitsLine = "The digits are "

func digits(t *testing.T, said string) string {
	t.Helper()
	_, rest, ok := strings.Cut(said, digitsLine)
	if !ok || len(rest) < 6 {
		t.Fatalf("no digits in %q", said)
	}
	return rest[:6]
}

// links makes a new profile a device of p's account. The new one answers with
// the digits that the old one shows, the old one with "yes".
func (p *person) links(label string) *person {
	p.t.Helper()
	fresh := &person{t: p.t, name: p.name, dir: filepath.Join(p.t.TempDir(), label)}
	old := p.types("device", "link")
	begun := old.line(p.t)
	new := fresh.types("link", field(p.t, begun, "link"), "--name", label)
	here := digits(p.t, old.says(p.t, digitsLine))
	if there := digits(p.t, new.says(p.t, digitsLine)); there != here {
		p.t.Fatalf("digits %s and %s", here, there)
	}
	new.answer(p.t, here)
	old.answer(p.t, "yes")
	if code := old.exit(p.t); code != 0 {
		p.t.Fatalf("device link: exit %d: %s", code, old.errs)
	}
	if code := new.exit(p.t); code != 0 {
		p.t.Fatalf("link: exit %d: %s", code, new.errs)
	}
	if got := field(p.t, old.line(p.t), "linked"); got != label {
		p.t.Errorf("linked %q", got)
	}
	if got := field(p.t, new.line(p.t), "name"); got != p.name {
		p.t.Errorf("the new device is %q", got)
	}
	return fresh
}

// until runs a command again until it shows what must come.
func (p *person) until(what string, shows func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); !shows(); {
		if time.Now().After(end) {
			p.t.Fatalf("%s: it never came that %s", p.name, what)
		}
	}
}

// texts are those of a conversation, as history prints them.
func (p *person) texts(with string) (out []string) {
	p.t.Helper()
	for _, m := range parse(p.t, p.ctl("history", "--with", with, "--limit", "500")...) {
		out = append(out, m.Text)
	}
	return out
}

// A second device is linked while messages flow. It has the whole history; when
// it is removed it reads nothing newer, and says why.
func TestSecondDeviceAtThePrompt(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	mara, ines := join(t, r, "Mara Reyes"), join(t, r, "Ines")
	mara.ctl("send", "--to", "Ines", "--text", "m0")
	flowing := make(chan bool)
	go func() {
		defer close(flowing)
		for i := range 15 {
			if _, errs, code := ines.try("send", "--to", "Mara Reyes", "--text", "i"+strconv.Itoa(i)); code != 0 {
				t.Errorf("send while linking: %d %s", code, errs)
				return
			}
		}
	}()
	// Another program has the profile: what is asked there is answered here.
	listen := mara.start("listen")
	mara.until("it is listening", func() bool {
		_, err := os.Stat(filepath.Join(mara.dir, "control.sock"))
		return err == nil
	})
	laptop := mara.links("laptop")
	listen.kill()
	<-flowing
	want := []string{"m0"}
	for i := range 15 {
		want = append(want, "i"+strconv.Itoa(i))
	}
	if got := laptop.texts("Ines"); !slices.Equal(got, want) {
		t.Fatalf("the new device reads %q", got)
	}
	laptop.ctl("send", "--to", "Ines", "--text", "from the laptop")
	for _, p := range []*person{mara, laptop} {
		if got := p.texts("Ines"); !slices.Equal(got, append(slices.Clip(want), "from the laptop")) {
			t.Errorf("%q", got)
		}
	}
	if list := mara.ctl("device", "list"); len(list) != 2 || field(t, list[1], "label") != "laptop" || field(t, list[0], "this") != "true" {
		t.Errorf("%q", list)
	}
	if _, errs, code := mara.try("device", "remove", "nobody's"); code != 1 || !strings.Contains(errs, "no device") {
		t.Errorf("%d %s", code, errs)
	}
	mara.ctl("device", "remove", "Laptop")
	mara.ctl("send", "--to", "Ines", "--text", "secret of those who are left")
	if got := ines.texts("Mara Reyes"); got[len(got)-1] != "secret of those who are left" {
		t.Errorf("%q", got)
	}
	if _, errs, code := laptop.try("send", "--to", "Ines", "--text", "x"); code != 1 || !strings.Contains(errs, "removed") {
		t.Errorf("a removed device sends: %d %s", code, errs)
	}
	if got := laptop.texts("Ines"); !slices.Equal(got, append(slices.Clip(want), "from the laptop", "x")) { // its own "x" is kept, not sent
		t.Errorf("the removed device reads %q", got)
	}
	if got := ines.texts("Mara Reyes"); slices.Contains(got, "x") {
		t.Errorf("what the removed device wrote came: %q", got)
	}

	// What a person says is not the same is not linked.
	stranger := &person{t: t, name: "x", dir: filepath.Join(t.TempDir(), "x")}
	old := mara.types("device", "link")
	new := stranger.types("link", field(t, old.line(t), "typed"))
	old.says(t, digitsLine)
	new.says(t, digitsLine)
	new.answer(t, "no")
	if code := new.exit(t); code != 1 {
		t.Errorf("link after no: %d", code)
	}
	if code := old.exit(t); code != 1 || strings.Count(old.errs.String(), "\n") != 2 {
		t.Errorf("device link after no: %d %s", code, old.errs)
	}
	if list := mara.ctl("device", "list"); len(list) != 1 {
		t.Errorf("%q", list)
	}
}

// All devices are lost. The recovery file and its passphrase bring everything back.
func TestRecoveryAtThePrompt(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	mara, ines := join(t, r, "Mara"), join(t, r, "Ines")
	mara.ctl("send", "--to", "Ines", "--text", "before")
	path := filepath.Join(t.TempDir(), "recovery.txt")
	export := mara.types("recovery", "export", path)
	export.says(t, "passphrase")
	export.answer(t, "")
	pass := field(t, export.line(t), "passphrase")
	if code := export.exit(t); code != 0 || len(pass) != 29 {
		t.Fatalf("exit %d, %q", code, pass)
	}
	if _, errs, code := mara.try("recovery", "export", path); code != 1 || !strings.Contains(errs, "already") {
		t.Errorf("a second export to one file: %d %s", code, errs)
	}
	ines.ctl("send", "--to", "Mara", "--text", "after")
	if err := os.RemoveAll(mara.dir); err != nil {
		t.Fatal(err)
	}
	fresh := &person{t: t, name: "Mara", dir: filepath.Join(t.TempDir(), "fresh")}
	wrong := fresh.types("recovery", "import", path)
	wrong.answer(t, "not this one, no")
	if code := wrong.exit(t); code != 1 || !strings.Contains(wrong.errs.String(), "does not open") {
		t.Errorf("a wrong passphrase: %d %s", code, wrong.errs)
	}
	back := fresh.types("recovery", "import", path, "--name", "new laptop")
	back.answer(t, pass)
	if code := back.exit(t); code != 0 {
		t.Fatalf("exit %d: %s", code, back.errs)
	}
	if got := fresh.texts("Ines"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("%q", got)
	}
	fresh.ctl("send", "--to", "Ines", "--text", "back")
	if got := ines.texts("Mara"); !slices.Equal(got, []string{"before", "after", "back"}) {
		t.Errorf("%q", got)
	}
	list := fresh.ctl("device", "list")
	if len(list) != 3 || field(t, list[1], "kind") != "recovery" || field(t, list[2], "label") != "new laptop" {
		t.Fatalf("%q", list)
	}
	fresh.ctl("device", "remove", field(t, list[0], "id"))
}

// Two people compare at two prompts, and a group is made, changed and left.
func TestVerifyAndGroupsAtThePrompt(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	mara, ines, bo := join(t, r, "Mara"), join(t, r, "Ines"), join(t, r, "Bo")
	here, there := mara.ctl("verify", "Ines")[0], ines.ctl("verify", "Mara")[0]
	if a, b := field(t, here, "number"), field(t, there, "number"); a != b || field(t, here, "verified") != "false" {
		t.Errorf("%s\n%s", here, there)
	}
	if _, errs, code := mara.try("verify", "Ines", "--confirm", field(t, bo.ctl("verify", "Mara")[0], "number")); code != 1 || !strings.Contains(errs, "differ") {
		t.Errorf("another number: %d %s", code, errs)
	}
	if _, errs, code := mara.try("verify", "Bo", "--code", field(t, there, "code")); code != 1 || !strings.Contains(errs, "somebody else") {
		t.Errorf("another code: %d %s", code, errs)
	}
	if got := mara.ctl("verify", "Ines", "--code", field(t, there, "code"))[0]; field(t, got, "verified") != "true" {
		t.Error(got)
	}
	if got := ines.ctl("verify", "Mara", "--confirm", field(t, here, "number"))[0]; field(t, got, "verified") != "true" {
		t.Error(got)
	}

	mara.ctl("group", "create", "Film crew", "--with", "Ines")
	mara.ctl("send", "--to", "Film crew", "--text", "one")
	mara.ctl("group", "add", "film crew", "--with", "Bo", "--history")
	if got := bo.texts("Film crew"); !slices.Equal(got, []string{"one"}) {
		t.Errorf("Bo reads %q", got)
	}
	mara.ctl("group", "rename", "Film crew", "Crew")
	bo.until("it has its new name", func() bool { return field(t, bo.ctl("group", "list")[0], "title") == "Crew" })
	if _, errs, code := ines.try("group", "remove", "Crew", "--with", "Bo"); code != 1 || errs == "" {
		t.Errorf("a member removed another one: %d %s", code, errs)
	}
	mara.ctl("group", "remove", "Crew", "--with", "Bo")
	mara.ctl("send", "--to", "Crew", "--text", "two")
	if got := bo.texts("Crew"); !slices.Equal(got, []string{"one"}) {
		t.Errorf("Bo, who was removed, reads %q", got)
	}
	if got := ines.texts("Crew"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("Ines reads %q", got)
	}
	ines.ctl("group", "leave", "Crew")
	if _, errs, code := ines.try("send", "--to", "Crew", "--text", "x"); code != 1 {
		t.Errorf("who left sends: %d %s", code, errs)
	}
}

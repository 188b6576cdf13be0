package session

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// All devices are lost: the file, its passphrase and an empty profile give the
// account and its history back, and the lost device can be removed.
func TestRecovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	if _, err := mara.ExportRecovery(mara.bounded(), "short"); !isRefusal(err) || len(labels(t, mara)) != 1 {
		t.Fatalf("a weak passphrase: %v, %q", err, labels(t, mara))
	}
	pass := NewPassphrase()
	file, err := mara.ExportRecovery(mara.bounded(), pass)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := RecoveryOf(file); err != nil || who != mara.Profile().Account {
		t.Errorf("%+v, %v", who, err)
	}
	conv := mara.direct("Ines") // after the file was made
	mara.flushed(mara.say(conv, "one"))
	ines.wait("it came", func() bool { return len(ines.texts(conv)) == 1 })
	lost := mara.Profile().Device
	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	ines.flushed(ines.say(conv, "two"))

	fresh := w.newcomer("fresh")
	for what, c := range map[string]struct {
		file []byte
		pass string
		says string
	}{
		"another passphrase": {file, pass + "x", "passphrase"},
		"no file":            {[]byte("hello"), pass, "recovery file"},
		"a cut file":         {file[:len(file)/2], pass, "damaged"},
		"another account":    {bytes.Replace(file, []byte(mara.Profile().Account.ID), []byte(ines.Profile().Account.ID), 1), pass, "damaged"},
	} {
		if err := fresh.ImportRecovery(fresh.bounded(), c.file, c.pass, "x"); err == nil || !strings.Contains(err.Error(), c.says) || fresh.Profile().Joined {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := fresh.ImportRecovery(fresh.bounded(), file, pass, "new laptop"); err != nil {
		t.Fatal(err)
	}
	fresh.synced()
	fresh.LoadHistory(conv, 0)
	fresh.wait("the history is there", func() bool { return slices.Equal(fresh.texts(conv), []string{"one", "two"}) })
	fresh.flushed(fresh.say(conv, "three"))
	ines.wait("it came", func() bool { return slices.Contains(ines.texts(conv), "three") })
	if l := labels(t, fresh); len(l) != 3 || !strings.HasPrefix(l[1], "Recovery file") || l[2] != "new laptop" {
		t.Errorf("%q", l)
	}
	if err := fresh.RemoveDevice(fresh.bounded(), lost); err != nil {
		t.Fatal(err)
	}
	if err := fresh.ImportRecovery(fresh.bounded(), file, pass, "x"); !isRefusal(err) {
		t.Errorf("a profile that belongs to somebody took a recovery file: %v", err)
	}

	// The file works again after that, until it is removed itself.
	again := w.newcomer("again")
	if err := again.ImportRecovery(again.bounded(), file, pass, ""); err != nil {
		t.Fatal(err)
	}
	paper, err := fresh.Devices()
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.RemoveDevice(fresh.bounded(), paper[1].ID); err != nil {
		t.Fatal(err)
	}
	late := w.newcomer("late")
	if err := late.ImportRecovery(late.bounded(), file, pass, ""); err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("a removed recovery file: %v", err)
	}
}

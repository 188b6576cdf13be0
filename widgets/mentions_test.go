package widgets

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

func TestMentioned(t *testing.T) {
	names := []string{"Ines Tavares", "Mara Reyes", "Ines", "João da Silva"}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"@", []string{"Ines", "Ines Tavares", "João da Silva", "Mara Reyes"}},
		{"hello @i", []string{"Ines", "Ines Tavares"}},
		{"@INES", []string{"Ines Tavares"}},
		{"@Ines t", []string{"Ines Tavares"}},
		{"@si", []string{"João da Silva"}},
		{"@x", nil},
		{"mail me at a@i", nil}, // no name: an address
		{"@i\nnext", nil},
		{"no at all", nil},
	} {
		prefix, _, ok := mentionPrefix(c.text)
		var got []string
		if ok {
			got = mentioned(names, prefix)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q offers %q, not %q", c.text, got, c.want)
		}
	}
}

// Names are offered while one is written at the end, and the keys choose.
func TestComposerMentions(t *testing.T) {
	test.NewTempApp(t)
	c := NewComposer()
	w := test.NewTempWindow(t, c)
	w.Resize(fyne.NewSize(500, 100))
	sent, escaped := 0, 0
	c.OnSend = func(string) bool { sent++; return true }
	c.OnEscape = func() { escaped++ }
	c.SetNames([]string{"Ines Tavares", "Mara Reyes"})
	key := func(name fyne.KeyName) { c.Entry().TypedKey(&fyne.KeyEvent{Name: name}) }
	test.Type(c.Entry(), "ask @")
	if !c.Mentions.Visible() || len(c.Mentions.Names()) != 2 {
		t.Fatalf("offered: %q", c.Mentions.Names())
	}
	key(fyne.KeyDown)
	key(fyne.KeyReturn)
	if c.Text() != "ask @Mara Reyes " || c.Mentions.Visible() || sent != 0 {
		t.Errorf("%q, sent %d", c.Text(), sent)
	}
	test.Type(c.Entry(), "and @in")
	key(fyne.KeyTab)
	if c.Text() != "ask @Mara Reyes and @Ines Tavares " {
		t.Errorf("%q", c.Text())
	}
	test.Type(c.Entry(), "@ma")
	key(fyne.KeyEscape)
	if c.Mentions.Visible() || escaped != 0 {
		t.Error("Escape does not close the names first")
	}
	key(fyne.KeyReturn)
	if sent != 1 {
		t.Error("Enter does not send")
	}
}

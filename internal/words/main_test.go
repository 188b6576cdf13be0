package main

import "testing"

// Every language says everything, nothing that nobody says, and puts in what
// belongs there. What fails here is ready to be pasted.
func TestTranslations(t *testing.T) {
	if err := run("../..", false); err != nil {
		t.Fatal(err)
	}
}

func TestHoles(t *testing.T) {
	key := "{{.Count}} files of {{.Name}}"
	for _, c := range []struct {
		w     words
		wrong int
	}{
		{words{"um de {{.Name}}", "{{.Name}}: {{.Count}}"}, 0},
		{words{"um de {{.Nome}}", "{{.Name}}: {{.Count}}"}, 1},
		{words{"um", "{{.Count}}"}, 1},
		{words{"", "{{.Name}}: {{.Count}}"}, 1},
	} {
		if got := compare("x", map[string]bool{key: true}, map[string]words{key: c.w}); len(got) != c.wrong {
			t.Errorf("%+v: %q", c.w, got)
		}
	}
	if got := compare("x", map[string]bool{"a %s b %d": false}, map[string]words{"a %s b %d": {Other: "%d %s"}}); len(got) != 1 {
		t.Errorf("verbs in another order: %q", got)
	}
	if got := compare("x", map[string]bool{"new": true}, map[string]words{"old": {Other: "old"}}); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

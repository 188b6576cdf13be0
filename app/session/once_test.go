package session

import (
	"fmt"
	"testing"

	"satchel/chat"
)

// A small file that is sent six times at once is there while the others find out
// that they have to wait. None of them waits for nothing.
func TestOnceSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	w.person("João")
	conv, folder := mara.direct("João"), t.TempDir()
	mara.keeps(shareAs(t, "team", folder), nil, true)
	const rounds = 8
	for i := range rounds {
		path, sum := source(t, fmt.Sprintf("note %d.bin", i), 2000+i)
		all, err := mara.SendFiles(mara.bounded(), conv, []string{path, path, path, path, path, path}, chat.Content{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mara.flushed(all...) {
			if m.Content.File.URL == "" || m.Content.File.SHA256 != sum {
				t.Errorf("%+v", m.Content.File)
			}
		}
	}
	if left := filesIn(t, folder); len(left) != rounds {
		t.Errorf("%d files are there", len(left))
	}
}

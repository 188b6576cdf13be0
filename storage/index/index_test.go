package index

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"satchel/chat"
)

func open(t interface{ Fatal(...any) }, path string) *bbolt.DB {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err == nil {
		err = db.Update(Create)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"The boat, the BOAT":    "boat the",
		"São-João 2nd été":      "2nd ete joao sao",
		"明日の港":                  "の港 日の 明日 港",
		"see港now":               "now see 港",
		"don't ... !":           "don t",
		"\xffa":                 "a",
		"Straße ﬁne":            "fine straße",
		strings.Repeat("x", 99): strings.Repeat("x", maxWord),
	} {
		if got := strings.Join(words(text), " "); got != want {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
	if n := len(words(strings.Repeat("a b c ", 9999))); n != 3 {
		t.Errorf("%d words", n)
	}
}

func TestFind(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x"))
	defer db.Close()
	texts := []string{"The harbour at six", "harbour lights", "Six lights in São Tomé", "明日の朝、港で会いましょう", "photo.jpg", "天気が良い"}
	err := db.Update(func(tx *bbolt.Tx) error {
		for i, s := range texts {
			if err := In(tx).Put(Entry{"c", fmt.Sprint(i), int64(i / 2), s, i == 4}); err != nil {
				return err
			}
		}
		return In(tx).Put(Entry{"c", "0", 0, texts[0], false}) // again
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		find  string
		files bool
		want  string
	}{
		{"harbour", false, "1 0"}, {"HARB", false, "1 0"}, {"harb ", false, ""}, {"six harbour", false, "0"}, {"light", false, "2 1"}, {"sao tome", false, "2"},
		{"港", false, "3"}, {"会いましょう", false, "3"}, {"い", false, "5 3"}, {"港会", false, ""}, {"photo", true, "4"}, {"harbour", true, ""}, {"", false, ""}, {"...", false, ""}, {"jpg", false, "4"},
	} {
		var got []string
		if err := db.View(func(tx *bbolt.Tx) error {
			refs, err := In(tx).Find(Query{Text: c.find, Files: c.files, Limit: 10})
			for _, r := range refs {
				got = append(got, r.Message)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q finds %q, want %q", c.find, s, c.want)
		}
	}
}

// Whatever was put and taken out, in whatever order: what is found is what a
// look through all of it finds, and when all is gone nothing is left.
func TestIndexIsItsModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	vocabulary := []string{"a", "ab", "abc", "b", "港", "港町", "町"}
	rapid.Check(t, func(t *rapid.T) {
		n++
		db := open(t, filepath.Join(dir, fmt.Sprint(n)))
		defer db.Close()
		here := map[string]Entry{}
		for range rapid.IntRange(1, 300).Draw(t, "acts") {
			e := Entry{Conversation: "c", Message: fmt.Sprint(rapid.IntRange(0, 200).Draw(t, "message"))}
			old, there := here[e.Message]
			err := db.Update(func(tx *bbolt.Tx) error {
				if there {
					delete(here, e.Message)
					return In(tx).Remove(old)
				}
				e.At = int64(rapid.IntRange(0, 40).Draw(t, "at"))
				e.Text = strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 4).Draw(t, "text"), " ")
				here[e.Message] = e
				return In(tx).Put(e)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		db.View(func(tx *bbolt.Tx) error {
			for _, w := range vocabulary {
				refs, err := In(tx).Find(Query{Text: w + " ", Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				var got, want []string
				for _, r := range refs {
					got = append(got, r.Message)
				}
				for id, e := range here {
					has := words(e.Text)
					if q := question(w + " "); !slices.ContainsFunc(q, func(w wanted) bool {
						return !slices.ContainsFunc(has, func(h string) bool { return h == w.word || w.prefix && strings.HasPrefix(h, w.word) })
					}) {
						want = append(want, id)
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("%q finds %v, want %v", w, got, want)
				}
			}
			return nil
		})
		db.Update(func(tx *bbolt.Tx) error {
			for _, e := range here {
				if err := In(tx).Remove(e); err != nil {
					t.Fatal(err)
				}
			}
			for _, b := range []*bbolt.Bucket{In(tx).docs, In(tx).words} {
				if k, _ := b.Cursor().First(); k != nil {
					t.Fatalf("%q is left", k)
				}
			}
			return nil
		})
	})
}

// BenchmarkFind asks an index of 100,000 messages; it tells the index's size
// and what a message costs to add.
func BenchmarkFind(b *testing.B) {
	db := open(b, filepath.Join(b.TempDir(), "x"))
	defer db.Close()
	const n, page = 100_000, 100
	vocabulary := make([]string, 20_000)
	for i := range vocabulary {
		vocabulary[i] = fmt.Sprintf("%c%c%d", 'a'+i%26, 'a'+i/26%26, i)
	}
	began := time.Now()
	for from := 0; from < n; from += page {
		err := db.Update(func(tx *bbolt.Tx) error {
			for i := from; i < from+page; i++ {
				text := "the "
				for j := range 11 { // common words are common
					k := (i*7919 + j*104729) % len(vocabulary)
					if j < 5 {
						k %= 200
					}
					text += vocabulary[k] + " "
				}
				if err := In(tx).Put(Entry{"conversation", string(chat.NewMessageID(time.UnixMilli(int64(i)))), int64(i) * 61_000, text, false}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	perMessage := float64(time.Since(began).Microseconds()) / n
	var size int64
	db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	for _, q := range []string{"the", "t", "ab27 the", "zz", "the ab c"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				db.View(func(tx *bbolt.Tx) error {
					_, err := In(tx).Find(Query{Text: q, Limit: 50})
					return err
				})
			}
			b.ReportMetric(float64(size)/n, "B/message")
			b.ReportMetric(perMessage, "µs/message")
		})
	}
}

package relay

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"satchel/net/wire"
)

// What an account keeps for its devices reaches them and nobody else, in pages.
func TestSettings(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	direct(mara, joao)
	second := mara.again(r.URL())
	must[*wire.OK](mara, &wire.PutSetting{Key: "k", Body: []byte("one")})
	if v := news[*wire.Setting](second); v.Key != "k" || v.Number != 1 || string(v.Body) != "one" || v.Device == "" {
		t.Errorf("%+v", v)
	}
	must[*wire.OK](second, &wire.PutSetting{Key: "k", Body: []byte("two")})
	if v := news[*wire.Setting](mara); v.Number != 2 || string(v.Body) != "two" {
		t.Errorf("%+v", v)
	}
	quiet[*wire.Setting](joao)
	if v := must[*wire.Settings](joao, &wire.ListSettings{}); len(v.Settings) != 0 || v.More {
		t.Errorf("%+v", v)
	}
	big := bytes.Repeat([]byte{7}, wire.MaxSetting)
	const n = 100 // more than a frame takes
	for i := range n {
		must[*wire.OK](mara, &wire.PutSetting{Key: fmt.Sprint("big ", i), Body: big})
	}
	seen := map[string]bool{}
	pages := 0
	for after, more := uint64(0), true; more; pages++ {
		v := must[*wire.Settings](mara, &wire.ListSettings{After: after})
		for _, s := range v.Settings {
			if s.Number <= after || seen[s.Key] {
				t.Fatalf("%s, %d after %d", s.Key, s.Number, after)
			}
			seen[s.Key], after = true, s.Number
		}
		more = v.More
	}
	if len(seen) != n+1 || pages < 2 {
		t.Errorf("%d settings in %d pages", len(seen), pages)
	}
	mara.refused(wire.CodeBadFrame, &wire.PutSetting{})
	mara.refused(wire.CodeBadFrame, &wire.PutSetting{Key: strings.Repeat("k", wire.MaxID+1)})
	mara.refused(wire.CodeTooLarge, &wire.PutSetting{Key: "k", Body: make([]byte, wire.MaxSetting+1)})
	mara.refused(wire.CodeBadFrame, &wire.ListSettings{After: 1 << 63})
}

// A new name is unique, and told to those who share a conversation.
func TestRename(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, eve := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve")
	direct(mara, joao)
	second := mara.again(r.URL())
	mara.refused(wire.CodeNameTaken, &wire.Rename{Name: "joão"})
	mara.refused(wire.CodeNameInvalid, &wire.Rename{Name: "\u202e"})
	must[*wire.OK](mara, &wire.Rename{Name: " Mara  Reyes "})
	for _, c := range []*client{joao, second} {
		if a := news[*wire.AccountNews](c).Account; a.ID != mara.account || a.Name != "Mara Reyes" {
			t.Errorf("%+v", a)
		}
	}
	quiet[*wire.AccountNews](eve)
	if a := mara.again(r.URL()).welcome.Account; a.Name != "Mara Reyes" {
		t.Errorf("%+v", a)
	}
}

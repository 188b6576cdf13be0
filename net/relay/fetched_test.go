package relay

import (
	"bytes"
	"testing"

	"satchel/net/wire"
)

// What a device tells of files that it fetched reaches the members and nobody
// else, now and later, in pages.
func TestFetched(t *testing.T) {
	r := start(t, Config{})
	mara, joao, eve := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve")
	conv := direct(mara, joao)
	mara.send(conv, "m", "hello")
	must[*wire.OK](joao, &wire.PutFetched{Conversation: conv, Body: []byte("one")})
	if v := news[*wire.Fetched](mara); v.Conversation != conv || v.Account != joao.account || v.Device == "" || v.Number != 1 || string(v.Body) != "one" {
		t.Errorf("%+v", v)
	}
	second := joao.again(r.URL())
	must[*wire.OK](joao, &wire.PutFetched{Conversation: conv, Body: bytes.Repeat([]byte{7}, wire.MaxFetched)})
	if v := news[*wire.Fetched](second); v.Number != 2 {
		t.Errorf("%+v", v)
	}
	must[*wire.OK](mara, &wire.PutFetched{Conversation: conv, Body: []byte("mine")})
	back := mara.again(r.URL())
	if c := back.welcome.Conversations[0]; c.Fetched != 3 {
		t.Errorf("%+v", c)
	}
	if v := must[*wire.FetchedPage](back, &wire.ListFetched{Conversation: conv}); len(v.Fetched) != 2 || v.More ||
		v.Fetched[0].Number != 2 || len(v.Fetched[0].Body) != wire.MaxFetched || v.Fetched[1].Account != mara.account {
		t.Errorf("%+v", v)
	}
	if v := must[*wire.FetchedPage](back, &wire.ListFetched{Conversation: conv, After: 2}); len(v.Fetched) != 1 {
		t.Errorf("%+v", v)
	}
	quiet[*wire.Fetched](eve)
	eve.refused(wire.CodeNotFound, &wire.PutFetched{Conversation: conv, Body: []byte("x")})
	eve.refused(wire.CodeNotFound, &wire.ListFetched{Conversation: conv})
	joao.refused(wire.CodeNotFound, &wire.PutFetched{Conversation: conv, Part: 1}) // the conversation is not that long
	joao.refused(wire.CodeBadFrame, &wire.PutFetched{Conversation: conv, Part: 1 << 60})
	joao.refused(wire.CodeTooLarge, &wire.PutFetched{Conversation: conv, Body: make([]byte, wire.MaxFetched+1)})
	joao.refused(wire.CodeBadFrame, &wire.ListFetched{Conversation: conv, After: 1 << 63})
}

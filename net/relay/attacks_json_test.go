package relay

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// JSON that is deep, huge, ambiguous or of a wrong form gets an answer, and the
// connection goes on; no such frame makes the relay fail, on any store.
func TestAttackJSON(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, eve := join(t, r, "Mara"), join(t, r, "Eve")
	own, theirs := eve.self(), mara.self()
	mara.send(theirs, "m", "words")
	eve.send(own, "m", "words")
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + "0" + strings.Repeat(end, n) }
	long := strings.Repeat("9", 400<<10)
	const ok = "" // carried out
	for _, c := range []struct{ frame, code string }{
		// deep
		{deep("[", "]", 200<<10), wire.CodeBadFrame},
		{strings.Repeat("[", 500<<10), wire.CodeBadFrame},
		{strings.Repeat(`{"a":`, 90<<10), wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `","a":` + deep("[", "]", 9000) + `}`, ok},
		{`{"id":"x","type":"history","conversation":"` + own + `","a":` + deep("[", "]", 50<<10) + `}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":` + deep(`{"conversation":`, "}", 5000) + `}`, wire.CodeBadFrame},
		// huge
		{`{"id":"x","type":"history","conversation":"` + own + `","limit":` + long + `}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `","limit":1e999999999}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `","limit":1e3}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `","limit":-9223372036854775808}`, ok},
		{`{"id":"x","type":"history","conversation":"` + own + `","before":18446744073709551615}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `","after":9223372036854775807}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `","before":-1}`, wire.CodeBadFrame},
		{`{"id":"x","type":"mark","conversation":"` + own + `","received":18446744073709551615,"read":18446744073709551615}`, ok},
		{`{"id":"x","type":"chain.get","account":"` + eve.account + `","after":18446744073709551615}`, wire.CodeBadFrame},
		{`{"id":"x","type":"box.get","after":18446744073709551615}`, wire.CodeBadFrame},
		{`{"id":"x","type":"ticket.request","purpose":"upload","file":"` + strings.Repeat("a", 32) + `","size":9223372036854775807}`, wire.CodeFileTooLarge},
		{`{"id":"x","type":"invite.create","uses":9223372036854775807}`, wire.CodeBadFrame},
		{`{"id":"x","type":"invite.create","expires":9223372036854775807}`, wire.CodeBadFrame},
		{`{"id":"x","type":"invite.create","expires":-9223372036854775808}`, wire.CodeBadFrame},
		{`{"id":"x","type":"account.find","prefix":"` + strings.Repeat("a", 400<<10) + `"}`, ok},
		{`{"id":"x","type":"account.find","name":"` + strings.Repeat("a", 400<<10) + `"}`, ok},
		{`{"id":"x","` + long + `":1,"type":"history","conversation":"` + own + `"}`, ok},
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"f","files":[` + strings.Repeat(`"a",`, 100<<10) + `"a"]}`, wire.CodeTooLarge},
		{`{"id":"x","type":"chain.append","boxes":[` + strings.Repeat(`"",`, 100<<10) + `""]}`, wire.CodeBadFrame},
		{`{"id":"x","type":"chain.boxes","conversation":"` + own + `","boxes":[` + strings.Repeat(`"",`, 100<<10) + `""]}`, wire.CodeTooLarge},
		// ambiguous: of two, the last counts, for the check as for what is done
		{`{"id":"x","type":"history","conversation":"` + own + `","conversation":"` + theirs + `"}`, wire.CodeNotFound},
		{`{"id":"x","type":"history","conversation":"` + own + `","CONVERSATION":"` + theirs + `"}`, wire.CodeNotFound},
		{`{"id":"x","type":"history","conversation":"` + theirs + `","conversation":"` + own + `"}`, ok},
		{`{"id":"x","type":"typing","type":"history","conversation":"` + theirs + `"}`, wire.CodeNotFound},
		{`{"id":"x","type":"hello","type":"history","conversation":"` + own + `"}`, ok},
		{`{"id":"y","id":"x","type":"dance","type":"history","conversation":"` + own + `"}`, ok},
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"d","body":"eA==","body":"` + strings.Repeat("!", 9) + `"}`, wire.CodeBadFrame},
		// of a wrong form
		{`{"id":1,"type":"history","conversation":"` + own + `"}`, wire.CodeBadFrame},
		{`{"id":"x","type":["history"],"conversation":"` + own + `"}`, wire.CodeBadFrame},
		{`{"id":"x","type":null,"conversation":"` + own + `"}`, wire.CodeUnknownType},
		{`{"id":"x","type":"history","conversation":["` + own + `"]}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":null}`, wire.CodeNotFound},
		{`{"id":"` + strings.Repeat("x", wire.MaxID+1) + `","type":"history"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"send","conversation":"` + own + `"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"` + strings.Repeat("x", wire.MaxID+1) + `"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"a\u0000b"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"` + "a\xff" + `"}`, ok}, // read as U+FFFD, by JSON's rules
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"\ud800"}`, ok},
		{`{"id":"x","type":"send","conversation":"a\u0000b","message":"m"}`, wire.CodeNotFound},
		{`{"id":"x","type":"send","conversation":"` + own + `","message":"n","files":["\u0000"]}`, wire.CodeNotFound},
		{`{"id":"x","type":"history","conversation":"\u0000"}`, wire.CodeNotFound},
		{`{"id":"x","type":"mark","conversation":"\u0000"}`, wire.CodeNotFound},
		{`{"id":"x","type":"typing","conversation":"\u0000"}`, wire.CodeNotFound},
		{`{"id":"x","type":"conversation.list","after":"\u0000"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"chain.get","account":"\u0000"}`, wire.CodeNotFound},
		{`{"id":"x","type":"chain.get","conversation":"\u0000"}`, wire.CodeNotFound},
		{`{"id":"x","type":"box.get","conversation":"\u0000"}`, wire.CodeNotFound},
		{`{"id":"x","type":"account.find","prefix":"\u0000"}`, ok},
		{`{"id":"x","type":"account.find","name":"a\u0000"}`, ok},
		{`{"id":"x","type":"account.find","prefix":"%_\\"}`, ok},
		{`{"id":"x","type":"chain.append","conversation":"\u0000","statement":"AA=="}`, wire.CodeBadFrame},
		{`{"id":"x","type":"chain.append","statement":"` + strings.Repeat("A", 300<<10) + `"}`, wire.CodeTooLarge},
		{`{"id":"x","type":"link.open","code":"\u0000"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"link.message","code":"\u0000","body":""}`, "link_invalid"},
		{`{"id":"x","type":"link.join","code":"abcdefgh23","nonce":""}`, wire.CodeUnknownType},
		{`{"id":"x","type":"ticket.request","purpose":"upload","file":"` + strings.Repeat("b", 32) + `","size":1,"conversation":"\u0000"}`, wire.CodeNotFound},
		{"\ufeff" + `{"id":"x","type":"history","conversation":"` + own + `"}`, wire.CodeBadFrame},
		{`{"id":"x","type":"history","conversation":"` + own + `"} {}`, wire.CodeBadFrame},
		{`{"id":"x",/**/"type":"history","conversation":"` + own + `"}`, wire.CodeBadFrame},
	} {
		if err := eve.ws.WriteMessage(websocket.TextMessage, []byte(c.frame)); err != nil {
			t.Fatalf("%.90s: %v", c.frame, err)
		}
		e, failed := eve.read().(*wire.Error)
		if failed != (c.code != ok) || failed && (e.Code != c.code || len(e.Message) > 300) {
			t.Errorf("%.90s: got %.300v, want %q", c.frame, fmt.Sprint(e), c.code)
		}
		if failed && strings.Contains(e.Message, "999999") {
			t.Errorf("%.90s: it is repeated in %.300s", c.frame, e.Message)
		}
	}
	if p := must[*wire.Page](mara, &wire.History{Conversation: theirs}); p.Head != 1 {
		t.Errorf("%+v", p)
	}
	quiet[*wire.Typing](mara)
}

package seal

import (
	"bytes"
	"sync"
	"testing"
)

// parsers are all of them: each reads bytes and writes them again.
var parsers = map[string]func(b []byte) ([]byte, error){
	"account":      again(parseAccountStatement, (*accountStatement).marshal),
	"conversation": again(parseConversationStatement, (*conversationStatement).marshal),
	"device box":   again(ParseDeviceBox, (*DeviceBox).Marshal),
	"member box":   again(ParseMemberBox, (*MemberBox).Marshal),
	"message":      again(parseMessage, (*message).marshal),
	"letter":       again(parseLetter, (*letter).marshal),
	"file keys":    again(ParseFileKeys, (*FileKeys).Marshal),
	"record":       again(ParseRecord, (*Record).Marshal),
	"device":       again(ParseDevice, (*Device).Marshal),
	"recovery":     again(parseRecoveryKit, (*RecoveryKit).marshal),
	"link commit":  again(parseLinkCommit, (*linkCommit).marshal),
	"link offer":   again(parseLinkOffer, (*linkOffer).marshal),
	"link reveal":  again(parseLinkReveal, (*linkReveal).marshal),
	"link proof":   again(parseLinkProof, (*linkProof).marshal),
	"verification": func(b []byte) ([]byte, error) {
		v, err := ParseVerification(string(b))
		return []byte(v.String()), err
	},
}

func again[T any](parse func([]byte) (T, error), marshal func(T) []byte) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := parse(b)
		if err != nil {
			return nil, err
		}
		return marshal(v), nil
	}
}

// samples are one or more good encodings for every parser.
var samples = sync.OnceValue(func() map[string][][]byte {
	t := panics{}
	p, q := newPerson(t), newPerson(t)
	p.add(t, 0, Recovery)
	p.remove(t, 0, 1)
	all := accountsOf(p, q)
	r := newRoom(t, "title", p, q)
	r.do(t, p.author(0), all, Proposal{Rotate: Linked})
	r.do(t, p.author(0), all, Proposal{Changes: []MemberState{add(q, Removed)}, Rotate: Barrier, Title: text("t")})
	r.do(t, p.author(0), all, Proposal{})
	body := must(r.Seal(p.author(0), r.keys, messageID(1), 1, []byte("content")))
	keys := &FileKeys{1 << 20, []Segment{{0, Secret{1}}, {3, Secret{2}}}}
	code := LinkCode("abcdefgh23")
	reveal := &linkReveal{code, p.devices[0].public, Hash{1}}
	return map[string][][]byte{
		"account":      p.statements,
		"conversation": r.statements,
		"device box":   p.boxes[:1],
		"member box":   r.boxes[:1],
		"message":      {body},
		"letter":       {(&letter{r.Head(), p.account.Head(), 1, Signature{}, []byte("x")}).marshal(), (&letter{count: 7, content: make([]byte, 3000)}).marshal()},
		"file keys":    {keys.Marshal()},
		"record":       {(&Record{1, Hash{1}, *keys}).Marshal()},
		"device":       {p.devices[0].Marshal(), p.devices[1].Marshal()},
		"recovery":     {(&RecoveryKit{p.devices[1], 1, Secret{}, p.statements}).marshal()},
		"link commit":  {(&linkCommit{code, reveal.commitment()}).marshal()},
		"link offer":   {(&linkOffer{code, p.root(), p.account.Head(), p.devices[0].public, Hash{1}}).marshal()},
		"link reveal":  {reveal.marshal()},
		"link proof":   {(&linkProof{code, Signature{1}, make([]byte, labelCipher), Signature{2}}).marshal()},
		"verification": {[]byte(Verification{Hash{1}, Head{1, Hash{2}}, Hash{3}}.String())},
	}
})

// Every good encoding is read, is the only one, and stops being one when a
// byte is missing or left over.
func TestEveryParser(t *testing.T) {
	all := samples()
	for name, parse := range parsers {
		if len(all[name]) == 0 {
			t.Errorf("%s: no sample", name)
		}
		for _, b := range all[name] {
			out, err := parse(b)
			if err != nil || !bytes.Equal(out, b) {
				t.Errorf("%s: %v, and %d bytes become %d", name, err, len(b), len(out))
			}
			// A message's body has no end of its own: its tag finds that.
			if _, err := parse(append(bytes.Clone(b), 0)); err == nil && name != "message" {
				t.Errorf("%s: a byte left over was accepted", name)
			}
			for n := range min(len(b), 300) {
				if _, err := parse(b[:n]); err == nil {
					t.Errorf("%s: %d bytes of %d were accepted", name, n, len(b))
				}
			}
			if name == "verification" {
				continue
			}
			for _, at := range []int{0, 1} {
				bad := bytes.Clone(b)
				bad[at] ^= 0x80
				if _, err := parse(bad); err == nil {
					t.Errorf("%s: another version or type was accepted", name)
				}
			}
		}
	}
}

func fuzz(f *testing.F, name string) {
	for _, b := range samples()[name] {
		f.Add(b)
	}
	parse := parsers[name]
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := parse(b)
		if err == nil && !bytes.Equal(out, b) {
			t.Fatalf("%x became %x", b, out)
		}
	})
}

func FuzzAccountStatement(f *testing.F)      { fuzz(f, "account") }
func FuzzConversationStatement(f *testing.F) { fuzz(f, "conversation") }
func FuzzDeviceBox(f *testing.F)             { fuzz(f, "device box") }
func FuzzMemberBox(f *testing.F)             { fuzz(f, "member box") }
func FuzzMessage(f *testing.F)               { fuzz(f, "message") }
func FuzzLetter(f *testing.F)                { fuzz(f, "letter") }
func FuzzFileKeys(f *testing.F)              { fuzz(f, "file keys") }
func FuzzRecord(f *testing.F)                { fuzz(f, "record") }
func FuzzDevice(f *testing.F)                { fuzz(f, "device") }
func FuzzRecovery(f *testing.F)              { fuzz(f, "recovery") }
func FuzzLinkCommit(f *testing.F)            { fuzz(f, "link commit") }
func FuzzLinkOffer(f *testing.F)             { fuzz(f, "link offer") }
func FuzzLinkReveal(f *testing.F)            { fuzz(f, "link reveal") }
func FuzzLinkProof(f *testing.F)             { fuzz(f, "link proof") }
func FuzzVerification(f *testing.F)          { fuzz(f, "verification") }

// FuzzRecoveryFile: whatever file somebody is handed, it is refused or opened,
// in bounded time and memory.
func FuzzRecoveryFile(f *testing.F) {
	p := newPerson(f)
	paper := p.add(f, 0, Recovery)
	file := must(ExportRecovery(&RecoveryKit{p.devices[paper], 1, p.keys[1], p.statements}, "correct horse", 4))
	f.Add(file)
	f.Fuzz(func(t *testing.T, b []byte) {
		ImportRecovery(b, "correct horse")
	})
}

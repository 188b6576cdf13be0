package seal

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

func BenchmarkMessage(b *testing.B) {
	ana, bo := newPerson(b), newPerson(b)
	all := accountsOf(ana, bo)
	r := newRoom(b, "", ana, bo)
	content := bytes.Repeat([]byte("x"), 500)
	body := must(r.Seal(ana.author(0), r.keys, messageID(1), 1, content))
	e := envelope(ana, 0, 1)
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Seal(ana.author(0), r.keys, messageID(1), 1, content); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.OpenMessage(r.keys, all, e, body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFile compares sealing and opening with AES-GCM alone, on the same
// bytes in the same run.
func BenchmarkFile(b *testing.B) {
	const size = 2 * WindowSize
	plain := noise(1, size)
	for _, chunk := range []int{ChunkSize, 1 << 20} {
		b.Run(fmt.Sprintf("raw-%dKiB", chunk>>10), func(b *testing.B) {
			aead := newGCM(newSecret())
			out := make([]byte, 0, chunk+tagSize)
			b.SetBytes(size)
			for b.Loop() {
				for at := 0; at < size; at += chunk {
					aead.Seal(out, zeroNonce[:], plain[at:at+chunk], nil)
				}
			}
		})
	}
	buf := make([]byte, 1<<20)
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			s := must(NewSealer(bytes.NewReader(plain), size, keepNone))
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.NewSectionReader(s, 0, s.Size()), buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	sealed, keys := sealAll(b, plain)
	b.Run("open", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			o := must(NewOpener(struct{ io.Writer }{io.Discard}, keys, 0))
			if _, err := io.CopyBuffer(struct{ io.Writer }{o}, bytes.NewReader(sealed), buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRotation is one statement and a box for each of 1,000 members.
func BenchmarkRotation(b *testing.B) {
	ana := newPerson(b)
	var others []*person
	all := accountsOf(ana)
	var changes []MemberState
	for range MaxMembers - 1 {
		p := newPerson(b)
		others = append(others, p)
		all[p.root()] = p.account
		changes = append(changes, MemberState{Root: p.root(), Role: Member})
	}
	c, w, err := NewGroup(ana.author(0), changes, "Everybody", all, noon)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("1000-members", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Propose(ana.author(0), all, w.Keys, Proposal{Changes: []MemberState{add(others[0], Removed)}, Rotate: Linked}, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify-first-statement", func(b *testing.B) {
		for b.Loop() {
			if _, err := VerifyConversation(c.ID(), [][]byte{w.Statement}, all); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerifyAccount(b *testing.B) {
	p := newPerson(b)
	for range 9 {
		p.add(b, 0, Computer)
	}
	for b.Loop() {
		if _, err := VerifyAccount(p.account.ID(), p.statements); err != nil {
			b.Fatal(err)
		}
	}
}

package seal

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// best is the shortest of all rounds of each work: what else the machine does
// falls out.
func best(b *testing.B, work ...func()) []time.Duration {
	best := make([]time.Duration, len(work))
	for b.Loop() {
		for i, f := range work {
			begin := time.Now()
			f()
			if d := time.Since(begin); best[i] == 0 || d < best[i] {
				best[i] = d
			}
		}
	}
	return best
}

// BenchmarkMessage seals and opens 500 bytes, beside one signature and one
// check of it, which are most of the cost.
func BenchmarkMessage(b *testing.B) {
	ana, bo := newPerson(b), newPerson(b)
	all := accountsOf(ana, bo)
	r := newRoom(b, "", ana, bo)
	content := bytes.Repeat([]byte("x"), 500)
	body := must(r.Seal(ana.author(0), r.keys, messageID(1), 1, content))
	e := envelope(ana, 0, 1)
	sig := ana.devices[0].signature(content)
	const rounds = 20
	d := best(b, func() {
		for range rounds {
			must(r.Seal(ana.author(0), r.keys, messageID(1), 1, content))
		}
	}, func() {
		for range rounds {
			must(r.OpenMessage(r.keys, all, e, body))
		}
	}, func() {
		for range rounds {
			ana.devices[0].signature(content)
		}
	}, func() {
		for range rounds {
			must(0, verifySignature(ana.devices[0].public.Key, content, sig))
		}
	})
	for i, name := range []string{"seal-µs", "open-µs", "Ed25519-sign-µs", "Ed25519-verify-µs"} {
		b.ReportMetric(float64(d[i].Nanoseconds())/rounds/1000, name)
	}
}

// large is a file of any size whose bytes repeat every 32 MiB.
type large struct{ block []byte }

func (l large) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], l.block[(off+int64(n))%int64(len(l.block)):])
	}
	return n, nil
}

// BenchmarkFile compares sealing and opening with AES-GCM alone, on the same
// bytes in the same run: best of all rounds each, so that what else the machine
// does falls out. The unit ×raw is the part of AES-GCM's own speed.
func BenchmarkFile(b *testing.B) {
	const size = 8 * WindowSize
	src := large{noise(1, 2*WindowSize)}
	buf := make([]byte, 1<<20)
	raw := func(chunk int) func() {
		aead, plain, out := newGCM(newSecret()), make([]byte, chunk), make([]byte, 0, chunk+tagSize)
		return func() {
			for at := int64(0); at < size; at += int64(chunk) {
				src.ReadAt(plain, at)
				aead.Seal(out, zeroNonce[:], plain, nil)
			}
		}
	}
	alone := func() {
		aead, out := newGCM(newSecret()), make([]byte, 0, ChunkSize+tagSize)
		for at := 0; at < size; at += ChunkSize {
			aead.Seal(out, zeroNonce[:], src.block[at%len(src.block):][:ChunkSize], nil)
		}
	}
	seal := func() {
		s := must(NewSealer(src, size, keepNone))
		for at := int64(0); at < s.Size(); {
			n, err := s.ReadAt(buf, at)
			if err != nil && err != io.EOF {
				b.Fatal(err)
			}
			at += int64(n)
		}
	}
	var sealed []byte
	s := must(NewSealer(src, size, keepNone))
	sealed = must(io.ReadAll(io.NewSectionReader(s, 0, 2*sealedWindow())))
	s.sums = make([]Hash, windowsOf(size)+1)
	keys := must(s.Keys())
	open := func() {
		for range size / (2 * WindowSize) {
			o := must(NewOpener(io.Discard, keys, 0))
			if _, err := o.Write(sealed); err != nil {
				b.Fatal(err)
			}
		}
	}
	names := []string{"raw", "raw-read-64KiB", "raw-read-1MiB", "seal", "open"}
	d := best(b, alone, raw(ChunkSize), raw(1<<20), seal, open)
	for i, name := range names {
		b.ReportMetric(size/d[i].Seconds()/1e6, name+"-MB/s")
	}
	b.ReportMetric(d[0].Seconds()/d[3].Seconds(), "seal×raw")
	b.ReportMetric(d[0].Seconds()/d[4].Seconds(), "open×raw")
	b.ReportMetric(d[1].Seconds()/d[3].Seconds(), "seal×raw-read")
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

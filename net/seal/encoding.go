package seal

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"satchel/chat"
)

// Hash is a SHA-256 value: a statement's hash, or an account's root.
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero tells of the hash before the first statement.
func (h Hash) IsZero() bool { return h == Hash{} }

// Head is a place in a chain: the statement with number Seq has this hash.
type Head struct {
	Seq  uint64
	Hash Hash
}

// join writes a context and parts so that no two lists give the same bytes:
// each is led by its length in four bytes, as in net/wire.
func join(context string, parts ...[]byte) []byte {
	n := 4 + len(context)
	for _, p := range parts {
		n += 4 + len(p)
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 0, n), uint32(len(context)))
	out = append(out, context...)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

func hashOf(context string, parts ...[]byte) Hash { return sha256.Sum256(join(context, parts...)) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

var nameEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// nameLength is the length of every name: 128 bits in base32.
const nameLength = 26

// name is the 26 characters under which tables and frames know a hash.
func name(h Hash) string { return nameEncoding.EncodeToString(h[:16]) }

// isName tells whether s is what name gives for some hash.
func isName(s string) bool {
	if len(s) != nameLength {
		return false
	}
	b, err := nameEncoding.DecodeString(s)
	return err == nil && nameEncoding.EncodeToString(b) == s
}

// AccountName is the id of the account with this root.
func AccountName(root Hash) chat.AccountID { return chat.AccountID(name(root)) }

// DeviceName is the id of the device with this Ed25519 public key.
func DeviceName(key Key) chat.DeviceID {
	return chat.DeviceID(name(hashOf("satchel.v1 device", key[:])))
}

// SelfID is the id of an account's notes to self.
func SelfID(root Hash) chat.ConversationID {
	return chat.ConversationID(name(hashOf("satchel.v1 self", []byte(AccountName(root)))))
}

// DirectID is the id of the one direct conversation of two accounts.
func DirectID(a, b Hash) chat.ConversationID {
	x, y := AccountName(a), AccountName(b)
	if y < x {
		x, y = y, x
	}
	return chat.ConversationID(name(hashOf("satchel.v1 direct", []byte(x), []byte(y))))
}

// GroupID is the id of the group that the founder makes with this salt.
func GroupID(founder Hash, salt [32]byte) chat.ConversationID {
	return chat.ConversationID(name(hashOf("satchel.v1 group", founder[:], salt[:])))
}

// writer appends the encoding that docs/security.md defines.
type writer struct{ b []byte }

func newWriter(kind byte) *writer { return &writer{b: []byte{version, kind}} }

func (w *writer) u8(v byte)      { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)   { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)   { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)   { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *writer) raw(p []byte)   { w.b = append(w.b, p...) }
func (w *writer) v8(p []byte)    { w.u8(byte(len(p))); w.raw(p) }
func (w *writer) v16(p []byte)   { w.u16(uint16(len(p))); w.raw(p) }
func (w *writer) v32(p []byte)   { w.u32(uint32(len(p))); w.raw(p) }
func (w *writer) head(h Head)    { w.u64(h.Seq); w.raw(h.Hash[:]) }
func (w *writer) hash(h Hash)    { w.raw(h[:]) }
func (w *writer) key(k Key)      { w.raw(k[:]) }
func (w *writer) name(id string) { w.raw([]byte(id)) } // of nameLength

// reader takes the same apart. After the first failure it gives zeros and
// stays failed, so that callers check once, at the end.
type reader struct {
	b    []byte
	off  int
	fail error
}

// newReader checks version and type.
func newReader(b []byte, limit int, kinds ...byte) (*reader, byte) {
	r := &reader{b: b}
	if len(b) > limit {
		r.failWith(ErrLimit)
		return r, 0
	}
	v, kind := r.u8(), r.u8()
	for _, k := range kinds {
		if v == version && k == kind {
			return r, kind
		}
	}
	r.failWith(ErrEncoding)
	return r, 0
}

func (r *reader) failWith(err error) {
	if r.fail == nil {
		r.fail = err
	}
}

// refuse fails the reader when the condition holds.
func (r *reader) refuse(when bool) {
	if when {
		r.failWith(ErrEncoding)
	}
}

// raw returns the next n bytes; they stay part of the input.
func (r *reader) raw(n int) []byte {
	if r.fail != nil || n < 0 || n > len(r.b)-r.off {
		r.failWith(ErrEncoding)
		return nil
	}
	p := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

func (r *reader) u8() byte {
	if p := r.raw(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if p := r.raw(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.raw(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.raw(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// bounded reads n bytes unless n is above limit.
func (r *reader) bounded(n, limit int) []byte {
	if n > limit {
		r.failWith(ErrLimit)
		return nil
	}
	return r.raw(n)
}

func (r *reader) v8(limit int) []byte  { return r.bounded(int(r.u8()), limit) }
func (r *reader) v16(limit int) []byte { return r.bounded(int(r.u16()), limit) }
func (r *reader) hash() (h Hash)       { copy(h[:], r.raw(len(h))); return h }
func (r *reader) key() (k Key)         { copy(k[:], r.raw(len(k))); return k }
func (r *reader) secret() (s Secret)   { copy(s[:], r.raw(len(s))); return s }
func (r *reader) sig() (s Signature)   { copy(s[:], r.raw(len(s))); return s }
func (r *reader) head() Head           { return Head{Seq: r.u64(), Hash: r.hash()} }

func (r *reader) name() string {
	s := string(r.raw(nameLength))
	r.refuse(!isName(s))
	return s
}

// done returns the failure, or one about bytes that are left over.
func (r *reader) done(what string) error {
	if r.fail == nil && r.off != len(r.b) {
		r.fail = ErrEncoding
	}
	if r.fail != nil {
		return fmt.Errorf("seal: %s: %w", what, r.fail)
	}
	return nil
}

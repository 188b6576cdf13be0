package seal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// SafetyNumber is what two people compare: 60 digits in groups of five, the
// same for both. It hangs on who they are, not on which devices they have.
func SafetyNumber(a, b Hash) string {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return fingerprint(a) + " " + fingerprint(b)
}

func fingerprint(root Hash) string {
	h := hashOf("satchel.v1 safety", root[:])
	var groups []string
	for i := range 6 {
		n := uint64(0)
		for _, x := range h[i*5 : i*5+5] {
			n = n<<8 | uint64(x)
		}
		groups = append(groups, fmt.Sprintf("%05d", n%100_000))
	}
	return strings.Join(groups, " ")
}

// Verification is what one person's screen shows as a QR code and the other's
// device reads: who shows it, at which head, and whom they think they talk to.
type Verification struct {
	Root  Hash
	Head  Head
	Other Hash
}

const verificationPrefix = "satchel://verify?"

// String returns the text of the QR code.
func (v Verification) String() string {
	w := newWriter(typeVerification)
	w.hash(v.Root)
	w.head(v.Head)
	w.hash(v.Other)
	return verificationPrefix + base64.RawURLEncoding.EncodeToString(w.b)
}

// ParseVerification reads what String wrote.
func ParseVerification(s string) (v Verification, err error) {
	text, ok := strings.CutPrefix(s, verificationPrefix)
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || strings.ContainsAny(text, "\r\n") {
		return v, fmt.Errorf("seal: verification code: %w", ErrEncoding)
	}
	r, _ := newReader(b, 256, typeVerification)
	v = Verification{r.hash(), r.head(), r.hash()}
	return v, r.done("verification code")
}

// Verify compares a code that was read from another person's screen with what
// is known here. nil: it is them, and both see one history of them. ErrIdentity:
// it is somebody else, or they take me for somebody else. ErrFork: they have
// another chain than the one that was delivered here. ErrBehind: fetch, and ask
// again.
func (v Verification) Verify(me, other *Account) error {
	if v.Root != other.root || v.Other != me.root {
		return fmt.Errorf("seal: verify: %w", ErrIdentity)
	}
	if err := other.Contains(v.Head); err != nil {
		return fmt.Errorf("seal: verify: %w", err)
	}
	return nil
}

package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// Key is an Ed25519 public key.
type Key [ed25519.PublicKeySize]byte

// Signature is an Ed25519 signature.
type Signature [ed25519.SignatureSize]byte

// Secret is 32 uniform bytes: an HPKE private key, a conversation's key, or
// the key of a file's segment. It does not print itself.
type Secret [32]byte

func (Secret) String() string   { return "seal.Secret" }
func (Secret) GoString() string { return "seal.Secret" }

func newSecret() (s Secret) {
	rand.Read(s[:]) // never fails: crypto/rand aborts the program instead
	return s
}

func verifySignature(key Key, text []byte, sig Signature) error {
	if !ed25519.Verify(key[:], text, sig[:]) {
		return ErrSignature
	}
	return nil
}

// expand derives 32 bytes from a secret that is uniform already.
func expand(secret Secret, info []byte) (out Secret) {
	b, err := hkdf.Expand(sha256.New, secret[:], string(info), len(out))
	if err != nil {
		panic(err) // only for lengths above 8,160 bytes
	}
	copy(out[:], b)
	return out
}

func newGCM(key Secret) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for wrong lengths
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

const (
	nonceSize = 12
	tagSize   = 16
	saltSize  = 32
	// synthetic is what sealSynthetic adds.
	synthetic = saltSize + tagSize
)

var zeroNonce [nonceSize]byte

// sealOnce seals under a key that never seals anything else.
func sealOnce(key Secret, plain, ad []byte) []byte {
	return newGCM(key).Seal(nil, zeroNonce[:], plain, ad)
}

func openOnce(key Secret, sealed, ad []byte) ([]byte, error) {
	plain, err := newGCM(key).Open(nil, zeroNonce[:], sealed, ad)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func syntheticSalt(secret Secret, purpose string, ad, plain []byte) []byte {
	key := expand(secret, join(purpose, []byte("salt")))
	mac := hmac.New(sha256.New, key[:])
	mac.Write(join(purpose, ad, plain))
	return mac.Sum(nil)
}

// sealSynthetic seals under a key that is made for exactly these bytes, so
// that no key and nonce can meet two plaintexts; the same input gives the same
// output.
func sealSynthetic(secret Secret, purpose string, ad, plain []byte) []byte {
	salt := syntheticSalt(secret, purpose, ad, plain)
	aead := newGCM(expand(secret, join(purpose, []byte("key"), salt, ad)))
	out := make([]byte, saltSize, saltSize+len(plain)+tagSize)
	copy(out, salt)
	return aead.Seal(out, zeroNonce[:], plain, ad)
}

// openSynthetic undoes sealSynthetic and refuses a salt that is not of these bytes.
func openSynthetic(secret Secret, purpose string, ad, sealed []byte) ([]byte, error) {
	if len(sealed) < synthetic {
		return nil, ErrEncoding
	}
	salt := sealed[:saltSize]
	plain, err := openOnce(expand(secret, join(purpose, []byte("key"), salt, ad)), sealed[saltSize:], ad)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(salt, syntheticSalt(secret, purpose, ad, plain)) {
		return nil, ErrSealed
	}
	return plain, nil
}

// The one HPKE suite: MLKEM768-X25519, HKDF-SHA256, AES-256-GCM.
const (
	publicSize   = 1216                        // bytes of an HPKE public key
	encapsulated = 1120                        // bytes that HPKE puts before what it seals
	boxSize      = encapsulated + 32 + tagSize // encapsulated key, a Secret, tag
	linkSize     = len(Secret{}) + tagSize     // a Secret under another one
)

// PublicKey is the encoding of an HPKE public key.
type PublicKey [publicSize]byte

func (p *PublicKey) check() error {
	if _, err := hpke.MLKEM768X25519().NewPublicKey(p[:]); err != nil {
		return fmt.Errorf("HPKE key: %w", ErrEncoding)
	}
	return nil
}

func (p *PublicKey) seal(info, plain []byte) ([]byte, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(p[:])
	if err != nil {
		return nil, fmt.Errorf("HPKE key: %w", ErrEncoding)
	}
	return hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, plain)
}

// openBox opens a Secret that PublicKey.seal sealed, with the private key.
func openBox(private Secret, info, sealed []byte) (out Secret, err error) {
	plain, err := openHPKE(private, info, sealed)
	if err == nil && len(plain) != len(out) {
		err = ErrSealed
	}
	copy(out[:], plain)
	return out, err
}

func openHPKE(private Secret, info, sealed []byte) ([]byte, error) {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(private[:])
	if err != nil {
		return nil, ErrEncoding
	}
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// publicOf is the HPKE public key of a private one.
func publicOf(private Secret) (p PublicKey) {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(private[:])
	if err != nil {
		panic(err) // every 32 bytes are a private key
	}
	copy(p[:], key.PublicKey().Bytes())
	return p
}

package seal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// MinPassphrase is how many characters a passphrase has at least.
const MinPassphrase = 12

const (
	// RecoveryWork is log2 of scrypt's N for a recovery file that people keep: a
	// second or so, and 256 MiB.
	RecoveryWork = 18
	// maxScryptWork bounds what a file that somebody else made may cost.
	maxScryptWork = 20
	maxRecovery   = 2 << 20 // bytes, armoured
)

// RecoveryKit brings an account back when every device is lost. Its device is
// of kind Recovery and must be in the account's chain like any other: add it
// with Account.AddDevice before the file is given out.
type RecoveryKit struct {
	Device     *Device
	Generation uint64 // of Secret; a box of the relay's may open a newer one
	Secret     Secret
	Statements [][]byte // the account's chain, as it was
}

func (k *RecoveryKit) marshal() []byte {
	w := newWriter(typeRecovery)
	w.v16(k.Device.Marshal())
	w.u64(k.Generation)
	w.raw(k.Secret[:])
	w.u16(uint16(len(k.Statements)))
	for _, s := range k.Statements {
		w.v16(s)
	}
	return w.b
}

func parseRecoveryKit(b []byte) (*RecoveryKit, error) {
	r, _ := newReader(b, maxRecovery, typeRecovery)
	device := r.v16(128)
	k := &RecoveryKit{Generation: r.u64(), Secret: r.secret()}
	count := int(r.u16())
	if count > MaxAccountStatements {
		r.failWith(ErrLimit)
	}
	for i := 0; i < count && r.fail == nil; i++ {
		k.Statements = append(k.Statements, slices.Clone(r.v16(MaxAccountStatement)))
	}
	if err := r.done("recovery file"); err != nil {
		return nil, err
	}
	var err error
	k.Device, err = ParseDevice(device)
	return k, err
}

// check tells whether what is in the kit belongs together.
func (k *RecoveryKit) check() (*Account, AccountKeys, error) {
	if len(k.Statements) == 0 {
		return nil, nil, fmt.Errorf("seal: recovery file: %w", ErrSequence)
	}
	a, err := VerifyAccount(AccountIDOf(k.Statements[0]), k.Statements)
	if err != nil {
		return nil, nil, err
	}
	if !a.activeKey(k.Device.public.Key) {
		return nil, nil, fmt.Errorf("seal: recovery file: %w", ErrDevice)
	}
	keys, err := a.Unroll(k.Generation, k.Secret)
	return a, keys, err
}

// ExportRecovery writes the recovery file, armoured. With RecoveryWork it takes
// about a second, by intent. ErrWeak when the passphrase is too short.
func ExportRecovery(k *RecoveryKit, passphrase string, work int) ([]byte, error) {
	wrap := func(err error) error { return fmt.Errorf("seal: recovery file: %w", err) }
	if utf8.RuneCountInString(passphrase) < MinPassphrase {
		return nil, wrap(ErrWeak)
	}
	if _, _, err := k.check(); err != nil {
		return nil, err
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, wrap(err)
	}
	recipient.SetWorkFactor(work)
	var out bytes.Buffer
	armoured := armor.NewWriter(&out)
	w, err := age.Encrypt(armoured, recipient)
	if err != nil {
		return nil, wrap(err)
	}
	plain := k.marshal()
	if len(plain) > maxRecovery/2 {
		return nil, wrap(ErrLimit)
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close(), armoured.Close()); err != nil {
		return nil, wrap(err)
	}
	return out.Bytes(), nil
}

// ImportRecovery opens a recovery file: the device that may add new ones, the
// account as it was then, and its keys. The relay's chain must contain that
// account's head (Account.Check).
func ImportRecovery(file []byte, passphrase string) (*RecoveryKit, *Account, AccountKeys, error) {
	wrap := func(err error) error { return fmt.Errorf("seal: recovery file: %w", err) }
	if len(file) > maxRecovery {
		return nil, nil, nil, wrap(ErrLimit)
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, nil, nil, wrap(ErrPassphrase)
	}
	identity.SetMaxWorkFactor(maxScryptWork)
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(file)), identity)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, nil, nil, wrap(ErrPassphrase)
	case err != nil:
		return nil, nil, nil, fmt.Errorf("seal: recovery file: %w: %w", ErrEncoding, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxRecovery))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("seal: recovery file: %w: %w", ErrSealed, err)
	}
	k, err := parseRecoveryKit(plain)
	if err != nil {
		return nil, nil, nil, err
	}
	a, keys, err := k.check()
	return k, a, keys, err
}

// NewPassphrase makes one of 120 bits: six groups of four characters.
func NewPassphrase() string {
	var b [15]byte
	rand.Read(b[:]) // never fails
	text := nameEncoding.EncodeToString(b[:])
	var groups []string
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, "-")
}

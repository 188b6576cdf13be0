package session

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"

	"satchel/net/wire"
)

// Where a device's secret lies.
const (
	inKeyring = "keyring" // the operating system's
	inFile    = "file"    // PROFILE/identity.json
)

const (
	keyringService = "Satchel"
	// keyringTimeout bounds a question to the keyring, which may ask a person.
	keyringTimeout = 2 * time.Second
)

var errKeyring = errors.New("it did not answer in time")

// keyringOff tells whether there is no keyring to use: SATCHEL_KEYRING=off says
// so, and on Linux a session without a bus.
func keyringOff() bool {
	return os.Getenv("SATCHEL_KEYRING") == "off" ||
		runtime.GOOS == "linux" && os.Getenv("DBUS_SESSION_BUS_ADDRESS") == ""
}

// toKeyring keeps a secret in the system's keyring, and reads it back. False:
// there is none, or it does not keep what it is given.
func toKeyring(name string, secret []byte) bool {
	if keyringOff() {
		return false
	}
	_, err := bounded(func() (string, error) { return "", keyring.Set(keyringService, name, wire.B64(secret)) })
	if err != nil {
		return false
	}
	got, err := fromKeyring(name)
	return err == nil && bytes.Equal(got, secret)
}

// fromKeyring reads a secret back.
func fromKeyring(name string) ([]byte, error) {
	s, err := bounded(func() (string, error) { return keyring.Get(keyringService, name) })
	if err != nil {
		return nil, err
	}
	return wire.UnB64(s)
}

// dropFromKeyring takes a secret out of the keyring.
func dropFromKeyring(name string) error {
	_, err := bounded(func() (string, error) { return "", keyring.Delete(keyringService, name) })
	return err
}

// bounded asks the keyring. One that hangs keeps its goroutine until it
// answers: nothing can end the question.
func bounded(ask func() (string, error)) (string, error) {
	type answer struct {
		s   string
		err error
	}
	c := make(chan answer, 1)
	go func() {
		s, err := ask()
		c <- answer{s, err}
	}()
	timeout := time.NewTimer(keyringTimeout)
	defer timeout.Stop()
	select {
	case a := <-c:
		return a.s, a.err
	case <-timeout.C:
		return "", errKeyring
	}
}

package transfer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// Error is why a transfer can't go on, in words for a person.
type Error struct {
	// Sentence says what happened, that nothing was lost, and one way on.
	Sentence string
	// Retry says that the same may succeed later by itself: the transfer waits
	// instead of failing.
	Retry bool
	// Tries is after how many tries without a byte a Retry fails all the same; 0: never.
	Tries int
	// Enough is the sentence after so many tries; "": Sentence.
	Enough string
	// After is the least time to wait, where the other end asked for one.
	After time.Duration
	// Err is for the log.
	Err error

	everyone bool // concerns the connection: other transfers would meet it too
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Sentence
	}
	return e.Sentence + " (" + e.Err.Error() + ")"
}

func (e *Error) Unwrap() error { return e.Err }

// Final is an error that trying again won't change.
func Final(sentence string, err error) *Error { return &Error{Sentence: sentence, Err: err} }

// Temporary is an error that may be gone later: of the network, or of a relay
// that restarts.
func Temporary(sentence string, err error) *Error {
	return &Error{Sentence: sentence, Retry: true, Err: err}
}

// ErrMismatch is what a Handler returns when the store holds something else
// than what was announced: another size, or another file by now.
var ErrMismatch = errMismatch

// Errors of Pause, Resume and Cancel.
var (
	ErrUnknown = errors.New("this transfer has ended or is not known here")
	ErrNotNow  = errors.New("this can't be done with the transfer as it stands")
)

// errStalled ends an attempt through which no byte goes.
var errStalled = Temporary("The connection stalled. Nothing was lost; it goes on as soon as it can.", errors.New("no byte for too long"))

// errInterrupted ends an attempt because the person, or the program, said so.
var errInterrupted = errors.New("interrupted")

// Reason is the one sentence that a person reads about err; "" for nil.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	return explain(err).Sentence
}

// explain gives every error its sentence and its consequence.
func explain(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	if e := explainDisk(err); e != nil {
		return e
	}
	unreachable := func(sentence string) *Error {
		e := Temporary(sentence, err)
		e.everyone = true
		return e
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)),
		errors.As(err, new(x509.HostnameError)), errors.As(err, new(x509.CertificateInvalidError)):
		return Final("The server could not prove that it is the right one, so nothing was sent. Check its address, then try again.", err)
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		return Final("The server does not speak TLS under this address, so nothing was sent. Check the address and its port, then try again.", err)
	case errors.As(err, &dns):
		return unreachable("The server can't be found right now. Nothing was lost; it goes on when the network is back.")
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, syscall.ECONNREFUSED):
		return unreachable("The server can't be reached right now. Nothing was lost; it goes on when it is back.")
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return Temporary("The server took too long to answer. Nothing was lost; it goes on by itself.", err)
	}
	return Temporary("The connection was lost. Nothing was lost with it; it goes on by itself.", err)
}

// explainDisk knows the errors of a file system, and returns nil for others.
func explainDisk(err error) *Error {
	var sentence string
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		sentence = "The disk is full. Nothing was lost; make room, then try again."
	case errors.Is(err, syscall.EFBIG):
		sentence = "This disk can't hold a file of that size. Nothing was lost; choose another folder, then try again."
	case errors.Is(err, syscall.EROFS):
		sentence = "The disk can only be read. Nothing was lost; choose another folder, then try again."
	case errors.Is(err, syscall.EIO):
		sentence = "The disk reported an error. Check it, then try again."
	case errors.Is(err, fs.ErrNotExist):
		sentence = "The file or folder is no longer there. Choose it again."
	case errors.Is(err, fs.ErrPermission):
		sentence = "Satchel is not allowed to use this file or folder. Change its permissions, then try again."
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.LinkError)):
		sentence = "The file could not be read or written. Try again."
	default:
		return nil
	}
	return Final(sentence, err)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

package link

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"

	"satchel/net/wire"
)

// ErrOffline is what Send and Call answer while there is no connection, and
// what a Call gets when the connection is lost before its answer.
var ErrOffline = errors.New("there is no connection to the relay")

// ErrBusy is what Send answers when the frames that wait to be written are as
// many as may be.
var ErrBusy = errors.New("the connection to the relay is busy")

// Failure is why there is no connection.
type Failure struct {
	Sentence string // for a person
	Code     string // of wire.Error, when the relay itself said no
	Final    bool   // trying again can't help
	Err      error  // the cause, for the log
}

func (f *Failure) Error() string { return f.Sentence }
func (f *Failure) Unwrap() error { return f.Err }

// finalCodes are the refusals that the same hello will meet again.
var finalCodes = []string{
	wire.CodeUnknownDevice, wire.CodeBadSignature, wire.CodeInviteInvalid, wire.CodeInviteExpired,
	wire.CodeInviteUsed, wire.CodeNameTaken, wire.CodeNameInvalid, wire.CodeDeviceRemoved,
	wire.CodeDeviceBlocked, wire.CodeAccountRemoved,
}

// refused makes a Failure of the relay's own word.
func refused(e *wire.Error) *Failure {
	sentence := e.Message
	if sentence == "" {
		sentence = "The relay refused the connection."
	}
	return &Failure{Sentence: sentence, Code: e.Code, Final: slices.Contains(finalCodes, e.Code), Err: e}
}

// unreachable makes a Failure of an error while dialling or in the handshake.
func unreachable(base string, response *http.Response, err error) *Failure {
	host := base
	if u, perr := url.Parse(base); perr == nil {
		host = u.Host
	}
	f := &Failure{Err: err}
	var dns *net.DNSError
	switch {
	case response != nil && (response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests):
		f.Sentence = "The relay at " + host + " can't take the connection at the moment (" + response.Status + ")."
	case response != nil:
		f.Sentence = "There is no Satchel relay at " + host + " (it answered " + response.Status + ")."
	case errors.Is(err, wire.ErrCertificate):
		f.Sentence = "What answers at " + host + " is not the relay that was expected: its certificate is another. Nothing was sent to it."
	case errors.As(err, &dns):
		f.Sentence = "The relay's address " + host + " was not found: the network is down, or the name is wrong."
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Sentence = "The relay at " + host + " is not running."
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		f.Sentence = "The relay at " + host + " did not answer in time."
	default:
		f.Sentence = "The relay at " + host + " can't be reached."
	}
	return f
}

// lost makes a Failure of an error on a connection that was welcomed.
func lost(err error) *Failure {
	if isTimeout(err) {
		return &Failure{Sentence: "The relay fell silent.", Err: err}
	}
	return &Failure{Sentence: "The connection to the relay was lost.", Err: err}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

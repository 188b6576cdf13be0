package relay

import (
	"encoding/json"
	"errors"
	"net/http"
	"syscall"

	"github.com/gorilla/websocket"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

const (
	codeShuttingDown = wire.CodeShuttingDown
	codeRateLimited  = wire.CodeRateLimited
	closeGoingAway   = websocket.CloseGoingAway
)

// Answers that are given at more than one place. They are never changed: an
// answer is a copy with its own Re.
var (
	errShuttingDown = wire.NewError(wire.CodeShuttingDown, "The relay is restarting. What it confirmed is kept; connect again in a moment.", true)
	errInternal     = wire.NewError(wire.CodeInternal, "The relay failed at this. Nothing that it confirmed is lost; try again.", true)
	errStorageFull  = wire.NewError(wire.CodeStorageFull, "The relay's disk is full. Nothing that it confirmed is lost; its operator has to make room.", true)
	errConversation = wire.NewError(wire.CodeNotFound, "There is no such conversation here that you are a member of.", false)
	errAccount      = wire.NewError(wire.CodeNotFound, "There is no such account here.", false)
	errFile         = wire.NewError(wire.CodeNotFound, "There is no such file here that you may read.", false)
	errOnlyAdmins   = wire.NewError(wire.CodeForbidden, "Only admins write in this group. Ask one of them.", false)
	errRate         = wire.NewError(wire.CodeRateLimited, "That was too much at once. Wait a moment and try again.", true)
)

// refusal turns an error of the store into an answer.
func (r *Relay) refusal(err error) *wire.Error {
	switch {
	case errors.Is(err, store.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errStorageFull
	case errors.Is(err, store.ErrClosed):
		return errShuttingDown
	case errors.Is(err, store.ErrFile):
		return errFile
	case errors.Is(err, store.ErrMayNot):
		return errOnlyAdmins
	case errors.Is(err, store.ErrConflict):
		return wire.NewError(wire.CodeConflict, "This id is in use for something else. Take another.", false)
	case errors.Is(err, store.ErrInviteInvalid):
		return wire.NewError(wire.CodeInviteInvalid, "This relay does not know the invitation. Ask for a new one.", false)
	case errors.Is(err, store.ErrInviteExpired):
		return wire.NewError(wire.CodeInviteExpired, "The invitation has expired. Ask for a new one.", false)
	case errors.Is(err, store.ErrInviteUsed):
		return wire.NewError(wire.CodeInviteUsed, "The invitation was used up already. Ask for a new one.", false)
	case errors.Is(err, store.ErrNameTaken):
		return wire.NewError(wire.CodeNameTaken, "Somebody here has this name already. Choose another.", false)
	}
	r.log.Error("store failed", "error", err)
	return errInternal
}

// answer makes an error the answer to a request.
func answer(e *wire.Error, re string) *wire.Error {
	c := *e
	c.Re = re
	return &c
}

// statuses are the HTTP statuses of the errors that files are refused with.
var statuses = map[string]int{
	wire.CodeNotFound:         http.StatusNotFound,
	wire.CodeForbidden:        http.StatusForbidden,
	wire.CodeConflict:         http.StatusConflict,
	wire.CodeFileTooLarge:     http.StatusRequestEntityTooLarge,
	wire.CodeStorageFull:      http.StatusInsufficientStorage,
	wire.CodeRateLimited:      http.StatusTooManyRequests,
	wire.CodeShuttingDown:     http.StatusServiceUnavailable,
	wire.CodeInternal:         http.StatusInternalServerError,
	wire.CodeChecksumMismatch: statusChecksumMismatch,
	wire.CodeBadFrame:         http.StatusBadRequest,
}

// statusChecksumMismatch is tus's own.
const statusChecksumMismatch = 460

// problem is how an error looks as the body of an HTTP answer.
func problem(e *wire.Error) string {
	b, _ := json.Marshal(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Retry   bool   `json:"retry,omitempty"`
	}{e.Code, e.Message, e.Retry})
	return string(b) + "\n"
}

// refuse answers an HTTP request with an error.
func (r *Relay) refuse(w http.ResponseWriter, status int, e *wire.Error) {
	r.metrics.refused(e)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(problem(e)))
}

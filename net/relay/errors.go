package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"github.com/dustin/go-humanize"
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
	errExpired      = wire.NewError(wire.CodeFileExpired, "The file was kept here as long as this relay keeps files, and is gone. Whoever has it can send it again.", false)
	errBlocked      = wire.NewError(wire.CodeDeviceBlocked, "Who runs the relay has blocked this device. What it has stays readable; ask them to unblock it.", false)
	errBarred       = wire.NewError(wire.CodeAccountRemoved, "Who runs the relay has removed this account from it. What is here stays readable; to come back, ask them for an invitation.", false)
	errOnlyAdmins   = wire.NewError(wire.CodeForbidden, "Only admins write in this group. Ask one of them.", false)
	errRate         = wire.NewError(wire.CodeRateLimited, "That was too much at once. Wait a moment and try again.", true)
)

// refusal turns an error of the store into an answer.
func (r *Relay) refusal(err error) *wire.Error {
	var over *store.OverQuota
	switch {
	case errors.As(err, &over):
		return overQuota(over)
	case errors.Is(err, store.ErrBarred):
		return errBlocked
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

// overQuota says in numbers what does not fit.
func overQuota(e *store.OverQuota) *wire.Error {
	size := func(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }
	whose, way := "The files of everybody here take", "Nothing was sent; ask who runs the relay to make room."
	if e.Account {
		whose, way = "Your files at this relay take", "Nothing was sent; send a smaller file, or ask who runs the relay for more room."
	}
	return wire.NewError(wire.CodeQuotaExceeded, fmt.Sprintf("%s %s of %s, so one of %s does not fit. %s", whose, size(e.Used), size(e.Limit), size(e.Size), way), false)
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
	wire.CodeQuotaExceeded:    http.StatusInsufficientStorage,
	wire.CodeFileExpired:      http.StatusGone,
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

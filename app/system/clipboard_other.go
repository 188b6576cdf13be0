//go:build !linux

package system

import (
	"context"
	"errors"
)

// ErrNoClipboard tells that there is no clipboard of X here.
var ErrNoClipboard = errors.New("no clipboard here")

// HasClipboard tells that there is none of X here.
func HasClipboard() bool { return false }

// Clip is what was on the clipboard: one of these, or nothing.
type Clip struct {
	Files   []string // URIs
	Text    string
	Picture []byte // a PNG
}

// ReadClipboard has nothing to read from.
func ReadClipboard(context.Context, int) (Clip, error) { return Clip{}, ErrNoClipboard }

// ReadWords has nothing to read from.
func ReadWords(context.Context, int) (string, error) { return "", ErrNoClipboard }

// OfferPicture has nobody to offer it to.
func OfferPicture(_ context.Context, _ []byte, begun func(error)) { begun(ErrNoClipboard) }

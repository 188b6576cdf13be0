//go:build !cgo && (!linux || miniaudio)

package sound

import (
	"context"
	"io"
	"time"
)

// Without C this system's sound can't be reached.

func play(context.Context, Format, io.Reader, func(time.Duration)) error { return ErrNoDevice }

func record(context.Context, Format, func([]byte) error) error { return ErrNoDevice }

package relay

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/tus/tusd/v2/pkg/handler"
)

// gentleLocker asks a request to let an upload go only after that request has
// begun to read its body, or has ended. tusd v2.10.0 looks at the body from
// another goroutine when it is asked (handler/context.go, newContext), and
// asked too early it may see half of it.
type gentleLocker struct{ handler.Locker }

func (l gentleLocker) NewLock(id string) (handler.Lock, error) {
	lock, err := l.Locker.NewLock(id)
	return gentleLock{lock}, err
}

type gentleLock struct{ held handler.Lock }

func (l gentleLock) Lock(ctx context.Context, release func()) error {
	begun, ok := ctx.Value(begunKey{}).(<-chan struct{})
	if !ok {
		return l.held.Lock(ctx, release)
	}
	return l.held.Lock(ctx, func() {
		go func() {
			<-begun // the request's end at the latest
			release()
		}()
	})
}

func (l gentleLock) Unlock() error { return l.held.Unlock() }

type begunKey struct{}

// beginning returns a request that tells when its body is first read. end must
// be called when the request has been answered.
func beginning(req *http.Request) (told *http.Request, end func()) {
	begun := make(chan struct{})
	once := sync.OnceFunc(func() { close(begun) })
	told = req.WithContext(context.WithValue(req.Context(), begunKey{}, (<-chan struct{})(begun)))
	if req.Body != nil && req.Body != http.NoBody {
		told.Body = &firstRead{req.Body, once}
	}
	return told, once
}

type firstRead struct {
	io.ReadCloser
	tell func()
}

func (b *firstRead) Read(p []byte) (int, error) {
	b.tell()
	return b.ReadCloser.Read(p)
}

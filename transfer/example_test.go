package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"satchel/transfer"
)

// memory keeps files in a map: the least that a handler does. What it gets is
// sealed; it moves bytes and says where they are.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *memory) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	m.mu.Lock()
	have := m.files[string(r.ID)] // of an attempt that was cut
	m.mu.Unlock()
	if r.Fresh {
		have = nil // it is wrong: begin at 0
	}
	r.Progress(int64(len(have))) // before Body is read
	for piece := make([]byte, 64<<10); int64(len(have)) < r.Size; {
		if err := ctx.Err(); err != nil { // paused or cancelled
			return transfer.UploadResult{}, err
		}
		n, err := r.Body.ReadAt(piece[:min(int64(len(piece)), r.Size-int64(len(have)))], int64(len(have)))
		if n == 0 {
			return transfer.UploadResult{}, err
		}
		have = append(have, piece[:n]...)
		m.mu.Lock()
		m.files[string(r.ID)] = have
		m.mu.Unlock()
		r.Progress(int64(len(have)))
	}
	return transfer.UploadResult{URL: "memory:" + string(r.ID)}, nil // for the message
}

func (m *memory) Download(_ context.Context, r *transfer.DownloadRequest) error {
	m.mu.Lock()
	file, ok := m.files[r.URL[len("memory:"):]]
	m.mu.Unlock()
	if !ok { // Final: waiting won't help. Temporary: it is tried again
		return transfer.Final("The file is no longer there. Ask for it to be sent again.", nil)
	}
	_, err := io.Copy(r.Body, bytes.NewReader(file[r.Offset:]))
	r.Progress(r.Size)
	return err
}

// A handler of your own: two functions. The registry says that uploads go to it,
// and that it downloads URLs of the scheme "memory".
func ExampleHandler() {
	store := &memory{files: map[string][]byte{}}
	registry := transfer.NewRegistry("memory")
	registry.Add("memory", store, "memory")
	// transfer.New(transfer.Config{Handlers: registry, …}) moves files with it.

	fmt.Println("it works:", transfer.Probe(context.Background(), store) == nil)
	// Output: it works: true
}

package transfer

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
)

// Registry knows the handlers. It may be used from any goroutine, and may
// change while the engine runs: an attempt keeps the handler that it began with.
type Registry struct {
	upload string

	mu      sync.Mutex
	names   map[string]Handler
	schemes map[string]Handler
}

// NewRegistry returns a registry in which the uploads that name no store go to
// the handler of that name.
func NewRegistry(upload string) *Registry {
	return &Registry{upload: upload, names: map[string]Handler{}, schemes: map[string]Handler{}}
}

// Add makes a handler known by a name, in the place of the one before, and as
// the one that downloads URLs of these schemes. The scheme "" stands for
// relative URLs: files at the relay. What a Claimer claims it downloads
// whatever the scheme.
func (r *Registry) Add(name string, h Handler, schemes ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	closeIdle(r.names[name])
	r.names[name] = h
	for _, s := range schemes {
		r.schemes[s] = h
	}
}

// Remove forgets the handler of a name that was added without schemes.
func (r *Registry) Remove(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	closeIdle(r.names[name])
	delete(r.names, name)
}

// forUpload finds the handler of a store by its name; "": the one for all that
// name none.
func (r *Registry) forUpload(store string) (Handler, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := cmp.Or(store, r.upload)
	h, ok := r.names[name]
	if !ok {
		return nil, Final("The place that this file was to go to is not set up here any more. Nothing was lost; cancel it and send it again.", fmt.Errorf("no handler %q", name))
	}
	return h, nil
}

func (r *Registry) forDownload(address string) (Handler, error) {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil, Final("The message does not say where the file is. Ask for it to be sent again.", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.names {
		if c, ok := h.(Claimer); ok && c.Claims(address) {
			return h, nil
		}
	}
	h, ok := r.schemes[strings.ToLower(u.Scheme)]
	if !ok {
		return nil, Final("The file lies where this version of Satchel can't fetch it. A newer one may.", fmt.Errorf("no handler for scheme %q", u.Scheme))
	}
	return h, nil
}

// Renew returns a new link to a file behind one that a store known here has made.
// Its error is Final when none has.
func (r *Registry) Renew(ctx context.Context, address string) (UploadResult, error) {
	r.mu.Lock()
	var able []Renewer
	for _, h := range r.names {
		if n, ok := h.(Renewer); ok {
			able = append(able, n)
		}
	}
	r.mu.Unlock()
	var failed error = NotOurs(nil)
	for _, n := range able {
		result, err := n.Renew(ctx, address)
		if err == nil {
			return result, nil
		}
		if explain(err).Retry {
			failed = err
		}
	}
	return UploadResult{}, failed
}

// closeIdle lets go of the connections that handlers keep for later.
func (r *Registry) closeIdle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.names {
		closeIdle(h)
	}
}

func closeIdle(h Handler) {
	if c, ok := h.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

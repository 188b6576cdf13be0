package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
	"satchel/transfer"
	"satchel/transfer/stores"
)

// Store is a place for files of the person's own. Its secret is never in it.
type Store struct {
	ID       string          // names it here
	Kind     string          // stores.KindS3, …
	Name     string          // in a few words, where files go
	Settings json.RawMessage // as stores.Open takes them
	Used     bool            // new uploads go there
	Secret   string          // where its secret lies: "keyring", "file"; "": it has none
}

// storesKept is the value "stores": the places that are known here. Those that
// are not used for new files stay known for what lies there.
type storesKept struct {
	Used  string      `json:"used,omitempty"` // an ID; "": the relay
	Known []storeKept `json:"known,omitempty"`
}

type storeKept struct {
	ID       string          `json:"id"`
	Settings json.RawMessage `json:"settings"`
	Kept     string          `json:"kept,omitempty"` // as Store.Secret
	Name     string          `json:"name,omitempty"` // of the secret, where it lies
}

const valueStores = "stores"

func (k *storesKept) find(id string) *storeKept {
	i := slices.IndexFunc(k.Known, func(s storeKept) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &k.Known[i]
}

// openStores makes the kept stores known to the handlers. One that does not open
// is told in the log, and what goes there says so by itself.
func (s *Session) openStores() error {
	b, err := s.Value(valueStores)
	if err != nil || b == nil {
		return err
	}
	var k storesKept
	if err := json.Unmarshal(b, &k); err != nil {
		return fmt.Errorf("read the stores: %w", err)
	}
	for i := range k.Known {
		h, err := s.openStore(&k.Known[i])
		if err != nil {
			s.log.Error("a store does not open", "store", k.Known[i].ID, "error", err)
			continue
		}
		s.handlers.Add(k.Known[i].ID, h)
	}
	s.mu.Lock()
	s.stores = k
	s.mu.Unlock()
	return nil
}

func (s *Session) openStore(k *storeKept) (transfer.Handler, error) {
	kept, name := k.Kept, k.Name
	return stores.Open(k.Settings, func(string) (string, error) { return s.secretOf(kept, name) })
}

// Stores returns the places of the person's own that are known here.
func (s *Session) Stores() []Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Store
	for i := range s.stores.Known {
		all = append(all, storeOf(&s.stores.Known[i], s.stores.Used))
	}
	return all
}

func storeOf(k *storeKept, used string) Store {
	return Store{ID: k.ID, Kind: stores.KindOf(k.Settings), Name: stores.Name(k.Settings), Settings: k.Settings, Used: k.ID == used, Secret: k.Kept}
}

// store is where new uploads go; "": the relay.
func (s *Session) store() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stores.Used
}

// KeepStore makes a store known here, or changes what is known of it. use sends new
// uploads there. A nil secret stays what it was. Nothing is sent; TestStore tries
// it. The errors are for the person.
func (s *Session) KeepStore(ctx context.Context, settings json.RawMessage, secret *string, use bool) (Store, error) {
	s.storing.Lock()
	defer s.storing.Unlock()
	next, k, err := s.withStore(settings)
	if err != nil {
		return Store{}, err
	}
	old := *k
	if secret != nil {
		k.Kept, k.Name = "", ""
		if *secret != "" {
			k.Name = "store " + string(chat.NewTransferID())
			if k.Kept, err = s.keepSecret(k.Name, *secret); err != nil {
				return Store{}, err
			}
		}
	}
	h, err := s.openStore(k)
	if err == nil {
		if use {
			next.Used = k.ID
		}
		err = s.putStores(ctx, next)
	}
	if err != nil {
		if secret != nil {
			s.dropSecret(k.Kept, k.Name)
		}
		return Store{}, s.storeError(err)
	}
	s.handlers.Add(k.ID, h)
	if secret != nil {
		s.dropSecret(old.Kept, old.Name)
	}
	s.wake()
	return storeOf(k, next.Used), nil
}

// withStore is what is kept, with these settings among it.
func (s *Session) withStore(settings json.RawMessage) (next storesKept, k *storeKept, err error) {
	id, err := stores.ID(settings)
	if err == nil {
		_, err = stores.Open(settings, func(string) (string, error) { return "", nil })
	}
	if err != nil {
		return next, nil, s.storeError(err)
	}
	s.mu.Lock()
	next = storesKept{s.stores.Used, slices.Clone(s.stores.Known)}
	s.mu.Unlock()
	if next.find(id) == nil {
		next.Known = append(next.Known, storeKept{ID: id})
	}
	k = next.find(id)
	k.Settings = slices.Clone(settings)
	return next, k, nil
}

func (s *Session) storeError(err error) error {
	var known *transfer.Error
	if errors.As(err, &known) {
		return Refusal(known.Sentence)
	}
	return err
}

// UseRelay sends new uploads to the relay. Stores stay known for what lies there.
func (s *Session) UseRelay(ctx context.Context) error {
	s.storing.Lock()
	defer s.storing.Unlock()
	s.mu.Lock()
	next := s.stores
	s.mu.Unlock()
	next.Used = ""
	return s.putStores(ctx, next)
}

// ForgetStore forgets a store and its secret. What lies there stays there.
func (s *Session) ForgetStore(ctx context.Context, id string) error {
	s.storing.Lock()
	defer s.storing.Unlock()
	s.mu.Lock()
	next := storesKept{s.stores.Used, slices.Clone(s.stores.Known)}
	s.mu.Unlock()
	k := next.find(id)
	if k == nil {
		return nil
	}
	old := *k
	under, err := s.Transfers()
	if err != nil {
		return s.sentence(err)
	}
	if slices.ContainsFunc(under, func(t chat.Transfer) bool { return t.Direction == chat.Upload && t.Store == id }) {
		return Refusal("A file is still on its way there. Wait for it, or cancel it; then try again.")
	}
	next.Known = slices.DeleteFunc(next.Known, func(k storeKept) bool { return k.ID == id })
	if next.Used == id {
		next.Used = ""
	}
	if err := s.putStores(ctx, next); err != nil {
		return err
	}
	s.handlers.Remove(id)
	s.dropSecret(old.Kept, old.Name)
	return nil
}

// putStores commits what is kept, and then goes by it. s.storing is held.
func (s *Session) putStores(ctx context.Context, k storesKept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := s.PutValues(ctx, map[string][]byte{valueStores: b}); err != nil {
		return err
	}
	s.mu.Lock()
	s.stores = k
	s.mu.Unlock()
	return nil
}

// TestStore tries a store: it writes a small file there, reads it as others
// would, and deletes it. A nil secret is the one that is kept. The error says in a
// sentence what does not work.
func (s *Session) TestStore(ctx context.Context, settings json.RawMessage, secret *string) error {
	id, err := stores.ID(settings)
	if err != nil {
		return s.storeError(err)
	}
	h, err := stores.Open(settings, func(string) (string, error) {
		if secret != nil {
			return *secret, nil
		}
		s.mu.Lock()
		var k storeKept
		if found := s.stores.find(id); found != nil {
			k = *found
		}
		s.mu.Unlock()
		return s.secretOf(k.Kept, k.Name)
	})
	if err != nil {
		return s.storeError(err)
	}
	if c, ok := h.(interface{ CloseIdleConnections() }); ok {
		defer c.CloseIdleConnections()
	}
	if err := transfer.Probe(ctx, h); err != nil {
		s.log.Info("a store was tried", "store", id, "error", err)
		return Refusal(transfer.Reason(err))
	}
	return nil
}

// TestRelay tells whether the relay can be reached, which keeps files otherwise.
func (s *Session) TestRelay(ctx context.Context) error {
	_, err := s.request(ctx, &wire.FindAccounts{Prefix: s.Profile().Account.Name})
	return err
}

// noShare answers for shared folders that are not set up here.
type noShare struct{}

func (noShare) Upload(context.Context, *transfer.UploadRequest) (transfer.UploadResult, error) {
	return transfer.UploadResult{}, transfer.Final("No shared folder is set up here.", nil)
}

func (noShare) Download(_ context.Context, r *transfer.DownloadRequest) error {
	return transfer.Final(fmt.Sprintf("The file lies in the shared folder %s. Set that folder up in the settings, under “File stores”, then try again.", shareOf(r.URL)), nil)
}

// valuesWith reads small things by the beginning of their keys.
func (s *Session) valuesWith(prefix string, f func(key string, v []byte) error) error {
	return s.db.View(func(tx *storage.Tx) error { return tx.Values(prefix, f) })
}

// shareOf is the name of the folder that a URL names.
func shareOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satchel/app/session"
	"satchel/transfer/stores"
)

func parseStore(args []string) (job, error) {
	verb, rest := first(args)
	switch verb {
	case "", "show":
		_, err := words(newFlags("store show"), rest)
		return storeShow{}, err
	case "set":
		flags, j := newFlags("store set"), &storeSet{}
		flags.BoolVar(&j.readOnly, "read-only", false, "")
		given, err := words(flags, rest, "a file with the settings")
		if err != nil {
			return nil, err
		}
		j.path = given[0]
		return j, nil
	case "test":
		if len(rest) == 0 {
			return &storeTest{}, nil
		}
		given, err := words(newFlags("store test"), rest, "a file with the settings")
		if err != nil {
			return nil, err
		}
		return &storeTest{given[0]}, nil
	case "relay":
		_, err := words(newFlags("store relay"), rest)
		return storeRelay{}, err
	case "forget":
		given, err := words(newFlags("store forget"), rest, "the id of a store")
		if err != nil {
			return nil, err
		}
		return &storeForget{given[0]}, nil
	case "help", "-h", "--help":
		return nil, errHelp
	}
	return nil, usage("store: say show, set, test, relay or forget.")
}

// storeLine is a place for files. Secrets are in no line.
type storeLine struct {
	ID       string          `json:"id,omitempty"`
	Kind     string          `json:"kind"` // "relay", or as in the settings
	Name     string          `json:"name,omitempty"`
	Used     bool            `json:"used"` // new files go there
	Settings json.RawMessage `json:"settings,omitempty"`
	Secret   string          `json:"secret,omitempty"` // where it lies: "keyring" or "file"
	Tested   bool            `json:"tested,omitempty"`
}

func lineOf(s session.Store) storeLine {
	return storeLine{ID: s.ID, Kind: s.Kind, Name: s.Name, Used: s.Used, Settings: s.Settings, Secret: s.Secret}
}

type storeShow struct{}

func (storeShow) run(_ context.Context, r *runner, c *Call) error {
	relay := storeLine{Kind: "relay", Name: r.s.Profile().RelayName, Used: true}
	all := r.s.Stores()
	for _, s := range all {
		relay.Used = relay.Used && !s.Used
	}
	if err := c.print(relay); err != nil {
		return err
	}
	for _, s := range all {
		if err := c.print(lineOf(s)); err != nil {
			return err
		}
	}
	return nil
}

// maxSettings is more than the settings of any store have, in bytes.
const maxSettings = 1 << 20

// settings reads a file with the settings of a store. Its secret stands in it as
// "secret", or in another file as "secret_file", or, where the kind has one and none is
// known here, is a line of standard input. nil: the one that is known.
func (c *Call) settings(ctx context.Context, r *runner, path string) (json.RawMessage, *string, error) {
	b, err := readSmall(c.path(path))
	if err != nil {
		return nil, nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, nil, fmt.Errorf("%s does not hold the settings of a store: %w", path, err)
	}
	given, file := all["secret"], all["secret_file"]
	delete(all, "secret")
	delete(all, "secret_file")
	rest, err := json.Marshal(all)
	if err != nil {
		return nil, nil, err
	}
	var secret string
	switch {
	case file != nil:
		var name string
		if err := json.Unmarshal(file, &name); err != nil || name == "" {
			return nil, nil, errors.New("secret_file is the path of a file")
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(c.path(path)), name)
		}
		b, err := readSmall(name)
		if err != nil {
			return nil, nil, err
		}
		secret = strings.TrimSpace(string(b))
	case given != nil:
		if json.Unmarshal(given, &secret) != nil {
			secret = string(given) // a key that is JSON itself
		}
	default:
		id, err := stores.ID(rest)
		if err != nil {
			return rest, nil, nil // said by who opens it
		}
		for _, s := range r.s.Stores() {
			if s.ID == id && s.Secret != "" {
				return rest, nil, nil
			}
		}
		if !stores.HasSecret(rest) {
			return rest, nil, nil
		}
		fmt.Fprintln(c.Stderr, "The store's key or password, or an empty line where it asks for none:")
		if secret, err = c.ask(ctx); err != nil {
			return nil, nil, interrupted(ctx, err)
		}
	}
	return rest, &secret, nil
}

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err != nil:
		return nil, fmt.Errorf("the file can't be read: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxSettings:
		return nil, fmt.Errorf("%s is too large for the settings of a store, or is no file", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the file can't be read: %w", err)
	}
	return b, nil
}

type storeSet struct {
	path     string
	readOnly bool // new files go where they went
}

func (j *storeSet) run(ctx context.Context, r *runner, c *Call) error {
	settings, secret, err := c.settings(ctx, r, j.path)
	if err != nil {
		return err
	}
	s, err := r.s.KeepStore(ctx, settings, secret, !j.readOnly)
	if err != nil {
		return interrupted(ctx, err)
	}
	return c.print(lineOf(s))
}

type storeTest struct{ path string }

func (j *storeTest) run(ctx context.Context, r *runner, c *Call) error {
	l := storeLine{Kind: "relay", Name: r.s.Profile().RelayName, Used: true, Tested: true}
	var settings json.RawMessage
	var secret *string
	if j.path != "" {
		var err error
		if settings, secret, err = c.settings(ctx, r, j.path); err != nil {
			return err
		}
		l = storeLine{Kind: stores.KindOf(settings), Name: stores.Name(settings), Settings: settings, Tested: true}
	} else {
		for _, s := range r.s.Stores() {
			if s.Used {
				l = lineOf(s)
				settings, l.Tested = s.Settings, true
			}
		}
	}
	var err error
	if settings == nil {
		r.sync(ctx)
		err = r.s.TestRelay(ctx)
	} else {
		err = r.s.TestStore(ctx, settings, secret)
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	return c.print(l)
}

type storeRelay struct{}

func (storeRelay) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.s.UseRelay(ctx); err != nil {
		return interrupted(ctx, err)
	}
	return c.print(storeLine{Kind: "relay", Name: r.s.Profile().RelayName, Used: true})
}

type storeForget struct{ id string }

func (j *storeForget) run(ctx context.Context, r *runner, c *Call) error {
	for _, s := range r.s.Stores() {
		if s.ID == j.id {
			if err := r.s.ForgetStore(ctx, s.ID); err != nil {
				return interrupted(ctx, err)
			}
			return c.print(map[string]string{"forgotten": s.ID})
		}
	}
	return session.Refusal("There is no store with this id here; “store show” lists them.")
}

package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"satchel/net/relay/store"
)

// Look opens the store of a relay, for lists and for taking invitations back.
// It works from another process while that relay is served. The caller closes it.
func Look(c Config) (*store.Store, error) {
	if !store.IsPostgres(c.Database) {
		path := strings.TrimPrefix(c.database(), "sqlite:")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no relay in %s; start one there first", c.Dir)
		} else if err != nil {
			return nil, err
		}
	}
	return store.Open(c.database())
}

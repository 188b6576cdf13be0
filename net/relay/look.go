package relay

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"satchel/net/relay/store"
)

// Look opens the store of a relay, for lists and for taking invitations back.
// It works from another process while that relay is served. The caller closes it.
func Look(c Config) (*store.Store, error) {
	if !store.IsPostgres(c.Database) {
		if _, err := os.Stat(strings.TrimPrefix(c.database(), "sqlite:")); err != nil {
			return nil, fmt.Errorf("there is no relay in %s; start one there first", c.Dir)
		}
	}
	return store.Open(c.database())
}

// inOneFolder tells why a relay's folder is not all that it has.
func (c *Config) inOneFolder() error {
	if c.Database != "" || c.Files != "" {
		return errors.New("this is for a relay whose database and files are in its folder; docs/operations.md says how the others are backed up")
	}
	return nil
}

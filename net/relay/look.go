package relay

import (
	"fmt"
	"os"
	"path/filepath"

	"satchel/net/relay/store"
)

// Look opens the store of the relay that keeps its things in dir, for lists
// and for taking invitations back. It works from another process while that
// relay is served. The caller closes it.
func Look(dir string) (*store.Store, error) {
	path := filepath.Join(dir, databaseName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no relay in %s; start one there first", dir)
	}
	return store.Open(path)
}

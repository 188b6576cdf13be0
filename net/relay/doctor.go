package relay

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/net/relay/bucket"
	"satchel/net/relay/store"
)

// Finding is what Doctor looked at, and what it found.
type Finding struct {
	What   string   `json:"what"`
	Well   string   `json:"well,omitempty"`   // how it is, when nothing is wrong
	Wrong  []string `json:"wrong,omitempty"`  // a sentence each
	Advice string   `json:"advice,omitempty"` // the way on, when something is wrong
}

// clockSlack is how far the newest entry may lie ahead of this clock.
const clockSlack = 5 * time.Minute

// Doctor looks at a relay and changes nothing. It works while that relay is
// served. It reads all files that lie in a folder and compares their checksums;
// with quick, and in a bucket, it compares sizes.
func Doctor(ctx context.Context, c Config, now time.Time, quick bool) (found []Finding, err error) {
	r, err := beside(c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	database := Finding{What: "database", Well: "reads whole, and its parts fit", Advice: "Stop the relay and restore a backup."}
	if store.IsPostgres(c.Database) {
		database.Well, database.Advice = "answers, and takes writes", "Look at PostgreSQL's own log."
		if err := r.store.Ready(); err != nil {
			database.Wrong = []string{sentence(err)}
		}
	} else if database.Wrong, err = store.Check(strings.TrimPrefix(c.database(), "sqlite:")); err != nil {
		return nil, err
	}
	key := Finding{What: "key", Well: "is there", Advice: "Put relay.key back from a backup: with another one, nobody's profile fits any more."}
	if kept, err := r.store.Value(keyValue); err != nil {
		return nil, err
	} else if kept != "" && store.IsPostgres(c.Database) {
		if _, err := parseKey(kept, "the database"); err != nil {
			key.Wrong = []string{sentence(err)}
		}
	} else if _, err := readKey(filepath.Join(c.Dir, keyName)); err != nil {
		key.Wrong = []string{sentence(err)}
	}
	files, err := r.checkFiles(ctx, now, quick)
	if err != nil {
		return nil, err
	}
	found = []Finding{database, key, files}
	if d, ok := r.uploads.keeper.(*folder); ok {
		disk := Finding{What: "disk", Advice: "Make room: uploads are refused until then."}
		switch free, err := freeSpace(d.dir); {
		case err != nil:
			return nil, err
		case free < 2*minFree:
			disk.Wrong = []string{fmt.Sprintf("Only %s are free.", humanize.Bytes(uint64(free)))}
		default:
			disk.Well = humanize.Bytes(uint64(free)) + " are free"
		}
		found = append(found, disk)
	}
	clock := Finding{What: "clock", Well: "is not behind what is stored", Advice: "Set this computer's clock; times of messages go on from the newest one meanwhile."}
	all, err := r.store.Conversations()
	if err != nil {
		return nil, err
	}
	if len(all) > 0 && time.UnixMilli(all[0].Updated).After(now.Add(clockSlack)) {
		clock.Wrong = []string{fmt.Sprintf("The newest message is from %s, and here it is %s.", time.UnixMilli(all[0].Updated).UTC().Format(time.DateTime), now.UTC().Format(time.DateTime))}
	}
	found = append(found, clock)
	for i := range found { // one or the other
		if len(found[i].Wrong) > 0 {
			found[i].Well = ""
		} else {
			found[i].Advice = ""
		}
	}
	return found, nil
}

// checkFiles compares the files that are kept with those that the store knows.
func (r *Relay) checkFiles(ctx context.Context, now time.Time, quick bool) (Finding, error) {
	f := Finding{What: "files", Advice: "Put files back from a backup, as they are named there. What is no file's is swept when it is a day old."}
	all, err := r.store.Files()
	if err != nil {
		return f, err
	}
	whole, gone := 0, 0
	for _, row := range all {
		switch {
		case ctx.Err() != nil:
			return f, ctx.Err()
		case row.Finished == 0:
			continue
		case row.Gone > 0:
			gone++
			continue
		}
		wrong, err := r.checkFile(row, quick)
		if err != nil {
			return f, err
		}
		if wrong != "" {
			f.Wrong = append(f.Wrong, wrong)
		} else {
			whole++
		}
	}
	err = r.uploads.keeper.unknown(ctx, now, func(name string, _ func() error) error {
		f.Wrong = append(f.Wrong, fmt.Sprintf("%s is no file's.", name))
		return nil
	})
	f.Well = fmt.Sprintf("%d of %d are whole, %d expired, the rest is on its way", whole, len(all), gone)
	return f, err
}

// checkFile returns what is wrong with a whole file, in a sentence, or "".
func (r *Relay) checkFile(row store.FileRow, quick bool) (wrong string, err error) {
	f, err := r.store.File(row.ID)
	if err != nil {
		return "", ignoreGone(err)
	}
	size, err := r.uploads.keeper.size(f)
	if d, ok := r.uploads.keeper.(*folder); ok && err == nil && size == f.Size && !quick {
		var sum string
		if sum, err = sumOf(newChecksum(f), d.path(f.ID)); err == nil && sum != f.Checksum {
			return fmt.Sprintf("File %s is not what was uploaded: its checksum differs.", f.ID), nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, bucket.ErrNotFound):
		// It may have been swept since the list was made.
		if now, err := r.store.File(row.ID); err != nil || now.Gone > 0 {
			return "", ignoreGone(err)
		}
		return fmt.Sprintf("File %s is gone.", row.ID), nil
	case err == nil && size != row.Size:
		return fmt.Sprintf("File %s has %d bytes, not %d.", row.ID, size, row.Size), nil
	}
	return "", err
}

// ignoreGone passes over that the store knows a file no more.
func ignoreGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// sumOf is the checksum of a file, in hex.
func sumOf(h hash.Hash, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return hexSum(h), err
}

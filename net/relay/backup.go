package relay

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"satchel/net/relay/store"
)

// Saved is what a backup holds.
type Saved struct {
	Files int
	Bytes int64
}

// Backup copies the relay that keeps its things in dir into the folder to,
// which must be empty or not there: its key, its database as it is at one
// moment, and the files of that moment, each compared with its checksum. It
// works while the relay is served. The copy is on the disk when Backup returns.
func Backup(ctx context.Context, dir, to string) (Saved, error) {
	return copyRelay(ctx, dir, to, func(string) error { return nil })
}

// copyRelay is Backup; finish has a last word on the copy of the database.
func copyRelay(ctx context.Context, dir, to string, finish func(database string) error) (Saved, error) {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		return Saved{}, fmt.Errorf("there is no relay in %s", dir)
	}
	if err := emptyDir(to); err != nil {
		return Saved{}, err
	}
	// The key last: a folder without one is no backup yet.
	database := filepath.Join(to, databaseName)
	if err := store.Snapshot(filepath.Join(dir, databaseName), database); err != nil {
		return Saved{}, fmt.Errorf("the database can't be copied: %w", err)
	}
	if err := os.Chmod(database, 0o600); err != nil {
		return Saved{}, err
	}
	saved, err := copyFiles(ctx, database, filepath.Join(dir, filesName), filepath.Join(to, filesName))
	if err != nil {
		return saved, err
	}
	if err := errors.Join(finish(database), syncFile(database)); err != nil {
		return saved, err
	}
	_, err = copyFile(sha256.New(), filepath.Join(dir, keyName), filepath.Join(to, keyName))
	return saved, err
}

// Restore makes a relay in the folder dir, which must be empty or not there,
// of what Backup made in from. Its numbers go on above those that the relay may
// have given out since the backup was made.
func Restore(ctx context.Context, from, dir string) (Saved, error) {
	for _, name := range []string{keyName, databaseName} {
		if _, err := os.Stat(filepath.Join(from, name)); err != nil {
			return Saved{}, fmt.Errorf("there is no whole backup in %s: %s is missing", from, name)
		}
	}
	wrong, err := store.Check(filepath.Join(from, databaseName))
	if err == nil && len(wrong) > 0 {
		err = errors.New(wrong[0])
	}
	if err != nil {
		return Saved{}, fmt.Errorf("the backup's database is damaged: %w", err)
	}
	return copyRelay(ctx, from, dir, goOn)
}

// goOn has the numbers of what a database keeps go on above those that clients
// may have seen since the backup.
func goOn(database string) error {
	s, err := store.Open(database)
	if err != nil {
		return err
	}
	return errors.Join(s.GoOn(), s.Close())
}

// Restored is the last step after the database of a relay was put back by other
// means than Restore, like pg_restore. Nobody may be serving it meanwhile.
func Restored(c Config) error {
	s, err := Look(c)
	if err != nil {
		return err
	}
	return errors.Join(s.GoOn(), s.Close())
}

// emptyDir makes sure that a folder is there, and empty.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	all, err := os.ReadDir(dir)
	if err == nil && len(all) > 0 {
		err = fmt.Errorf("%s is not empty; name a new folder", dir)
	}
	return err
}

// copyFiles copies the files that a database knows.
func copyFiles(ctx context.Context, database, from, to string) (saved Saved, err error) {
	s, err := store.Open(database)
	if err != nil {
		return saved, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := os.MkdirAll(to, 0o700); err != nil {
		return saved, err
	}
	all, err := s.Files()
	if err != nil {
		return saved, err
	}
	for _, row := range all {
		if err := ctx.Err(); err != nil {
			return saved, err
		}
		if row.Gone > 0 {
			continue
		}
		f, err := s.File(row.ID)
		if err != nil {
			return saved, err
		}
		sum, err := copyFile(newChecksum(f), filepath.Join(from, f.ID[:2], f.ID), filepath.Join(to, f.ID[:2], f.ID))
		switch {
		case errors.Is(err, fs.ErrNotExist) && (f.Finished == 0 || row.Conversations == 0):
			continue // not begun, or swept meanwhile: nobody was given it
		case err != nil:
			return saved, fmt.Errorf("file %s: %w", f.ID, err)
		case f.Finished > 0 && sum != f.Checksum:
			return saved, fmt.Errorf("file %s is not what was uploaded: its checksum differs", f.ID)
		}
		saved.Files++
		saved.Bytes += f.Size
	}
	return saved, nil
}

// copyFile copies a file, durably, and returns its checksum by h in hex.
func copyFile(h hash.Hash, from, to string) (sum string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.MultiWriter(out, h), in)
	if err := errors.Join(err, out.Close()); err != nil {
		return "", err
	}
	return hexSum(h), syncFile(to)
}

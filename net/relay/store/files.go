package store

import (
	"errors"

	"satchel/net/wire"
)

// ErrFile is a file that is not there, not whole, or not the sender's to pass on.
var ErrFile = errors.New("store: no such file for this account")

// File is what is known of an uploaded file.
type File struct {
	ID       string
	Uploader string
	Size     int64
	Expected string // SHA-256 in hex that the uploader announced, or empty
	Created  int64  // Unix milliseconds
	Finished int64  // Unix milliseconds; 0: not all of it is there yet
	SHA256   string // in hex, once finished
	Hashed   int64  // how many bytes Hash covers
	Hash     []byte // state of the running hash, or none
}

const fileColumns = "SELECT id, uploader, size, expected, created, finished, sha256, hashed, hash FROM files "

func scanFile(row interface{ Scan(...any) error }) (File, error) {
	var f File
	err := row.Scan(&f.ID, &f.Uploader, &f.Size, &f.Expected, &f.Created, &f.Finished, &f.SHA256, &f.Hashed, &f.Hash)
	return f, found(err)
}

// File returns a file; ErrNotFound when there is none.
func (s *Store) File(id string) (File, error) {
	return scanFile(s.read.QueryRow(fileColumns+"WHERE id = ?", id))
}

// AddFile notes a file that begins to arrive; ErrConflict when it is there already.
func (s *Store) AddFile(f File) error {
	return s.do(func(t *tx) error {
		n, err := t.changed("INSERT INTO files (id, uploader, size, expected, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
			f.ID, f.Uploader, f.Size, f.Expected, now())
		if err == nil && n == 0 {
			return ErrConflict
		}
		return err
	})
}

// SaveHash keeps the running hash of a file that is arriving.
func (s *Store) SaveHash(id string, hashed int64, state []byte) error {
	return s.do(func(t *tx) error {
		return t.exec("UPDATE files SET hashed = ?, hash = ? WHERE id = ? AND finished = 0", hashed, state, id)
	})
}

// FinishFile notes that a file is whole and on the disk.
func (s *Store) FinishFile(id, sha256 string) error {
	return s.do(func(t *tx) error {
		n, err := t.changed("UPDATE files SET finished = ?, sha256 = ?, hashed = 0, hash = NULL WHERE id = ? AND finished = 0", now(), sha256, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// RemoveFile forgets a file that nobody was given; ErrConflict when somebody
// was, or when it is finished and unfinished was asked for.
func (s *Store) RemoveFile(id string, unfinished bool) error {
	return s.do(func(t *tx) error {
		query := "DELETE FROM files WHERE id = ? AND NOT EXISTS (SELECT 1 FROM grants WHERE file = files.id)"
		if unfinished {
			query += " AND finished = 0"
		}
		n, err := t.changed(query, id)
		if err != nil || n > 0 {
			return err
		}
		if there, err := t.has("SELECT 1 FROM files WHERE id = ?", id); err != nil || !there {
			return err
		}
		return ErrConflict
	})
}

// Stale returns files that are not finished and began before one time, and
// those that were finished before another and given to nobody.
func (s *Store) Stale(unfinished, unreferenced int64) ([]File, error) {
	rows, err := s.read.Query(fileColumns+`WHERE (finished = 0 AND created < ?) OR
		(finished > 0 AND finished < ? AND NOT EXISTS (SELECT 1 FROM grants WHERE file = files.id))`, unfinished, unreferenced)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []File
	for rows.Next() {
		f, err := scanFile(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

// readable finds a finished file that an account uploaded or was given.
const readable = `FROM files f WHERE f.id = ? AND f.finished > 0 AND (f.uploader = ? OR EXISTS (
	SELECT 1 FROM grants g JOIN members m ON m.conversation = g.conversation WHERE g.file = f.id AND m.account = ?))`

// MayRead tells whether a file is finished and this account may read it.
func (s *Store) MayRead(file, account string) (bool, error) {
	var one int
	err := found(s.read.QueryRow("SELECT 1 "+readable, file, account, account).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// grant lets the members of a conversation read files that the sender may read.
func grant(t *tx, conversation, sender string, files []string) error {
	if len(files) > wire.MaxFiles {
		return ErrFile
	}
	for _, id := range files {
		if ok, err := t.has("SELECT 1 "+readable, id, sender, sender); err != nil {
			return err
		} else if !ok {
			return ErrFile
		}
		if err := t.exec("INSERT INTO grants (file, conversation) VALUES (?, ?) ON CONFLICT DO NOTHING", id, conversation); err != nil {
			return err
		}
	}
	return nil
}

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
	Expected string // SHA-256 in hex that the uploader announced; "crc32c": it asked for that checksum; or empty
	Created  int64  // Unix milliseconds
	Finished int64  // Unix milliseconds; 0: not all of it is there yet
	Checksum string // in hex, once finished: SHA-256, or what was asked for
	Hashed   int64  // how many bytes Hash covers
	Hash     []byte // state of the running hash, or none
	Gone     int64  // when its bytes were taken away; 0: they are there
	Moved    int64  // when a bucket got the last of what is arriving; 0: nothing yet
	Upload   string // how a bucket calls what is arriving, or empty
	Tail     string // object of a bucket with the Hashed bytes behind the last part, or empty
}

const fileColumns = "SELECT id, uploader, size, expected, created, finished, sha256, hashed, hash, gone, moved, upload, tail FROM files "

func scanFile(row interface{ Scan(...any) error }) (File, error) {
	var f File
	err := row.Scan(&f.ID, &f.Uploader, &f.Size, &f.Expected, &f.Created, &f.Finished, &f.Checksum, &f.Hashed, &f.Hash, &f.Gone, &f.Moved, &f.Upload, &f.Tail)
	return f, found(err)
}

// File returns a file; ErrNotFound when there is none.
func (s *Store) File(id string) (File, error) {
	return scanFile(s.read.QueryRow(fileColumns+"WHERE id = ?", id))
}

// AddFile notes a file that begins to arrive and takes the space for it.
// ErrConflict when it is there already, *OverQuota when it does not fit.
func (s *Store) AddFile(f File, q Quota) error {
	return s.inOrder(spaceOfFiles, func(t *tx) error {
		n, err := t.changed("INSERT INTO files (id, uploader, size, expected, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
			f.ID, f.Uploader, f.Size, f.Expected, now())
		if err == nil && n == 0 {
			err = ErrConflict
		}
		if err != nil {
			return err
		}
		return takeSpace(t, f.Uploader, f.Size, q)
	})
}

// SaveHash keeps the running hash of a file that is arriving.
func (s *Store) SaveHash(id string, hashed int64, state []byte) error {
	return s.do(func(t *tx) error {
		return t.exec("UPDATE files SET hashed = ?, hash = ? WHERE id = ? AND finished = 0", hashed, state, id)
	})
}

// FinishFile notes that a file is whole and on the disk.
func (s *Store) FinishFile(id, checksum string) error {
	return s.do(func(t *tx) error {
		n, err := t.changed("UPDATE files SET finished = ?, sha256 = ?, hashed = 0, hash = NULL, upload = '', tail = '' WHERE id = ? AND finished = 0", now(), checksum, id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return t.exec("DELETE FROM parts WHERE file = ?", id)
	})
}

// RemoveFile forgets a file that nobody was given, or not any more, and gives its
// space back; ErrConflict when somebody was, or when it is finished and unfinished was
// asked for.
func (s *Store) RemoveFile(id string, unfinished bool) error {
	return s.inOrder(spaceOfFiles, func(t *tx) error {
		var uploader string
		var size, finished, gone int64
		// Held, so that nobody is given it meanwhile.
		err := t.get("SELECT uploader, size, finished, gone FROM files WHERE id = ? FOR UPDATE", []any{id}, &uploader, &size, &finished, &gone)
		if errors.Is(err, ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		given, err := t.has("SELECT 1 FROM grants WHERE file = ? AND (vanish = 0 OR vanish > ?)", id, now())
		switch {
		case err != nil:
			return err
		case given, unfinished && finished > 0:
			return ErrConflict
		}
		if err := t.exec("DELETE FROM grants WHERE file = ?", id); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM parts WHERE file = ?", id); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM files WHERE id = ?", id); err != nil || gone > 0 {
			return err
		}
		return freeSpace(t, uploader, size)
	})
}

// ExpireFile notes that the bytes of a whole file are taken away, and gives
// their space back. It stays known, so that people are told what became of it.
// ErrConflict when that was done before.
func (s *Store) ExpireFile(id string) error {
	return s.inOrder(spaceOfFiles, func(t *tx) error {
		var uploader string
		var size int64
		err := t.get("UPDATE files SET gone = ? WHERE id = ? AND finished > 0 AND gone = 0 RETURNING uploader, size", []any{now(), id}, &uploader, &size)
		if errors.Is(err, ErrNotFound) {
			return ErrConflict
		} else if err != nil {
			return err
		}
		return freeSpace(t, uploader, size)
	})
}

// Stale returns files that are not finished and began before one time, and
// those that were finished before another and given to nobody.
func (s *Store) Stale(unfinished, unreferenced int64) ([]File, error) {
	return s.files(fileColumns+`WHERE (finished = 0 AND created < ?) OR
		(finished > 0 AND finished < ? AND NOT EXISTS (SELECT 1 FROM grants WHERE file = files.id))`, unfinished, unreferenced)
}

// Aged returns the whole files that were finished before a time.
func (s *Store) Aged(before int64) ([]File, error) {
	return s.files(fileColumns+"WHERE finished > 0 AND finished < ? AND gone = 0 ORDER BY finished", before)
}

// Oldest returns whole files, the oldest first, of which the bytes make this
// many together, and no more files than it takes.
func (s *Store) Oldest(bytes int64) (all []File, err error) {
	if bytes <= 0 {
		return nil, nil
	}
	rows, err := s.read.Query(fileColumns + "WHERE finished > 0 AND gone = 0 ORDER BY finished, id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for bytes > 0 && rows.Next() {
		f, err := scanFile(rows)
		if err != nil {
			return nil, err
		}
		all, bytes = append(all, f), bytes-f.Size
	}
	return all, rows.Err()
}

func (s *Store) files(query string, args ...any) ([]File, error) {
	rows, err := s.read.Query(query, args...)
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
	SELECT 1 FROM grants g JOIN members m ON m.conversation = g.conversation
	WHERE g.file = f.id AND m.account = ? AND (g.vanish = 0 OR g.vanish > ?)))`

// MayRead tells whether a file is finished and this account may read it; one
// whose bytes are gone is among them.
func (s *Store) MayRead(file, account string) (bool, error) {
	var one int
	err := found(s.read.QueryRow("SELECT 1 "+readable, file, account, account, now()).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// grant lets the members of a conversation read files that the sender may read,
// until a time in Unix milliseconds, or for good with 0. What was given before
// for longer stays so.
func grant(t *tx, conversation, sender string, files []string, until int64) error {
	if len(files) > wire.MaxFiles {
		return ErrFile
	}
	for _, id := range files {
		if ok, err := t.has("SELECT 1 "+readable, id, sender, sender, now()); err != nil {
			return err
		} else if !ok {
			return ErrFile
		}
		if err := t.exec(`INSERT INTO grants (file, conversation, vanish) VALUES (?, ?, ?) ON CONFLICT (file, conversation) DO UPDATE SET
			vanish = CASE WHEN grants.vanish = 0 OR excluded.vanish = 0 THEN 0 ELSE GREATEST(grants.vanish, excluded.vanish) END`, id, conversation, until); err != nil {
			return err
		}
	}
	return nil
}

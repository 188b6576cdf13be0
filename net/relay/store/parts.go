package store

// Progress is how far a file has arrived in a bucket: everything up to Hashed
// is there for good.
type Progress struct {
	Hashed int64
	Hash   []byte
	Upload string
	Tail   string
	Part   int    // number of a part that came with it; 0: none
	Tag    string // of that part
}

// Advance notes progress of an upload that stood at from; ErrConflict when it
// did not, because another process went on with it.
func (s *Store) Advance(id string, from int64, p Progress) error {
	return s.do(func(t *tx) error {
		n, err := t.changed("UPDATE files SET hashed = ?, hash = ?, upload = ?, tail = ?, moved = ? WHERE id = ? AND finished = 0 AND hashed = ?",
			p.Hashed, p.Hash, p.Upload, p.Tail, now(), id, from)
		if err == nil && n == 0 {
			err = ErrConflict
		}
		if err != nil || p.Part == 0 {
			return err
		}
		return t.exec("INSERT INTO parts (file, n, tag) VALUES (?, ?, ?)", id, p.Part, p.Tag)
	})
}

// Parts returns the tags of the parts of a file, in their order.
func (s *Store) Parts(id string) ([]string, error) {
	return s.strings("SELECT tag FROM parts WHERE file = ? ORDER BY n", id)
}

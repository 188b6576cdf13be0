package store

// vanishMost is how many bodies, or files, one step takes.
const vanishMost = 500

// Vanish takes the bodies of messages away whose lifetime has ended by a time, in
// Unix milliseconds: a bounded number at once. Their numbers, senders and times
// stay. It returns how many it took; 0: there is none left.
func (s *Store) Vanish(by int64) (taken int64, err error) {
	type place struct {
		conversation string
		seq          int64
	}
	var all []place
	rows, err := s.read.Query("SELECT conversation, seq FROM entries WHERE vanish > 0 AND vanish <= ? ORDER BY vanish LIMIT ?", by, vanishMost)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.conversation, &p.seq); err != nil {
			return 0, err
		}
		all = append(all, p)
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		return 0, err
	}
	rows.Close()
	err = s.do(func(t *tx) error {
		taken = 0
		for _, p := range all {
			n, err := t.changed("UPDATE entries SET body = ?, vanish = -vanish WHERE conversation = ? AND seq = ? AND vanish > 0", []byte{}, p.conversation, p.seq)
			if err != nil {
				return err
			}
			taken += n
		}
		return nil
	})
	return taken, err
}

// Vanished returns whole files that were given by messages alone whose lifetime
// has ended by a time, a bounded number of them. RemoveFile takes them away.
func (s *Store) Vanished(by int64) ([]File, error) {
	return s.files(fileColumns+`WHERE finished > 0 AND id IN (SELECT file FROM grants WHERE vanish > 0 AND vanish <= ?)
		AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.file = files.id AND (g.vanish = 0 OR g.vanish > ?)) LIMIT ?`, by, by, vanishMost)
}

// Ungrant forgets what files were given for by messages whose lifetime has ended
// by a time, where other messages name the same files.
func (s *Store) Ungrant(by int64) error {
	some, err := s.strings("SELECT file FROM grants WHERE vanish > 0 AND vanish <= ? LIMIT 1", by)
	if err != nil || len(some) == 0 {
		return err
	}
	return s.do(func(t *tx) error {
		return t.exec(`DELETE FROM grants WHERE vanish > 0 AND vanish <= ? AND EXISTS
			(SELECT 1 FROM grants o WHERE o.file = grants.file AND (o.vanish = 0 OR o.vanish > ?))`, by, by)
	})
}

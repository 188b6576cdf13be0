package store

// leap is how far numbers go on above those that a backup knows.
const leap = 1 << 32

// GoOn makes a store that was put back from a backup go on above all numbers that
// may have been given out since the backup was made: entries and settings that
// clients have, and the store has no more, keep theirs to themselves.
func (s *Store) GoOn() error {
	return s.do(func(t *tx) error {
		if err := t.exec(`INSERT INTO meta (key, value) VALUES ('numbers', CAST(CAST(? AS BIGINT) AS TEXT))
			ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + ? AS TEXT)`, int64(leap), int64(leap)); err != nil {
			return err
		}
		if err := t.exec("UPDATE conversations SET head = head + ?", int64(leap)); err != nil {
			return err
		}
		return t.exec("UPDATE settings SET number = number + ?", int64(leap))
	})
}

// WentOn tells whether the store was put back from a backup once.
func (s *Store) WentOn() (bool, error) {
	v, err := s.Value("numbers")
	return v != "", err
}

package store

// leap is how far numbers go on above those that a backup knows.
const leap = 1 << 32

// GoOn makes a store that was put back from a backup go on above all numbers that
// may have been given out since the backup was made: what clients have, and the
// store has no more, keeps its numbers to itself.
func (s *Store) GoOn() error {
	return s.do(func(t *tx) error {
		if err := t.exec(`INSERT INTO meta (key, value) VALUES ('numbers', CAST(CAST(? AS BIGINT) AS TEXT))
			ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + ? AS TEXT)`, int64(leap), int64(leap)); err != nil {
			return err
		}
		for _, number := range []string{"conversations SET head = head", "conversations SET fetched = fetched", "fetched SET number = number", "settings SET number = number"} {
			if err := t.exec("UPDATE "+number+" + ?", int64(leap)); err != nil {
				return err
			}
		}
		return nil
	})
}

// WentOn tells whether the store was put back from a backup once.
func (s *Store) WentOn() (bool, error) {
	v, err := s.Value("numbers")
	return v != "", err
}

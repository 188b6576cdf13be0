package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
)

// Snapshot writes what the database in a file is at this moment into another
// file, which must not exist. It works while another process writes.
func Snapshot(path, to string) error {
	return beside(path, func(db *sql.DB) error {
		_, err := db.Exec("VACUUM INTO ?", to)
		return full(err)
	})
}

// Check reads the whole database in a file and returns what is wrong with it,
// a line each; none when it is sound.
func Check(path string) (wrong []string, err error) {
	err = beside(path, func(db *sql.DB) error {
		rows, err := db.Query("PRAGMA integrity_check")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			if line != "ok" {
				wrong = append(wrong, line)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		broken, err := db.Query("PRAGMA foreign_key_check")
		if err != nil {
			return err
		}
		defer broken.Close()
		for broken.Next() {
			var table, parent string
			var row, key sql.NullInt64
			if err := broken.Scan(&table, &row, &parent, &key); err != nil {
				return err
			}
			wrong = append(wrong, fmt.Sprintf("a row of %s speaks of one of %s that is not there", table, parent))
		}
		return broken.Err()
	})
	return wrong, err
}

// beside opens a database of which another process may be the writer.
func beside(path string, do func(*sql.DB) error) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

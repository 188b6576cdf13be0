package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"satchel/chat"
)

// Survey is what is in a folder that may be sent.
type Survey struct {
	Files  int
	Size   int64 // of all files
	Links  int   // symbolic links: they are not followed, and don't go
	Others int   // devices, pipes and sockets, and what has a name that can't be sent
	Closed int   // folders that may not be read

	Pictures int // of the files, by their names: kinds that may say where they were taken
}

// Look surveys a folder. told, which may be nil, hears from time to time how far it
// is. Errors are sentences.
func (s *Survey) Look(ctx context.Context, root string, told func(Survey)) error {
	n := 0
	return walk(ctx, root, s, func(string, fs.FileInfo) error {
		if n++; n%500 == 0 && told != nil {
			told(*s)
		}
		return nil
	}, nil)
}

// walk calls file for each file below root that can be sent, in the order of their
// names, and bare for each folder that has nothing to send in it; both get
// slash-separated paths. bare may be nil. What can't be sent is counted.
func walk(ctx context.Context, root string, s *Survey, file func(path string, info fs.FileInfo) error, bare func(path string) error) error {
	info, err := os.Stat(root)
	if err != nil {
		return sourceError(filepath.Base(root), err)
	}
	if !info.IsDir() {
		return Final(filepath.Base(root)+" is no folder any more. Send it again.", nil)
	}
	entries := 0
	var in func(dir, below string, depth int) (int, error)
	in = func(dir, below string, depth int) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		found, err := os.ReadDir(dir)
		if err != nil && below == "" {
			return 0, sourceError(filepath.Base(root), err)
		}
		if err != nil {
			s.Closed++
		}
		kept := 0
		for _, d := range found {
			path := d.Name()
			if below != "" {
				path = below + "/" + path
			}
			switch {
			case d.Type()&fs.ModeSymlink != 0:
				s.Links++
				continue
			case !utf8.ValidString(path) || len(path) > chat.MaxTreePath || depth >= chat.MaxTreeDepth || !d.IsDir() && !d.Type().IsRegular():
				s.Others++
				continue
			}
			here := 1
			if d.IsDir() {
				if here, err = in(filepath.Join(dir, d.Name()), path, depth+1); err != nil {
					return 0, err
				}
				if here == 0 && bare != nil {
					err = bare(path)
				}
				here = max(here, 1)
			} else {
				info, infoErr := d.Info()
				if errors.Is(infoErr, fs.ErrNotExist) {
					continue // gone meanwhile
				} else if infoErr != nil {
					return 0, sourceError(path, infoErr)
				}
				if !info.Mode().IsRegular() {
					s.Others++
					continue
				}
				s.Files++
				if isPictureName(path) {
					s.Pictures++
				}
				s.Size += info.Size()
				err = file(path, info)
			}
			if err != nil {
				return 0, err
			}
			kept += here
			if entries++; entries > chat.MaxTreeEntries {
				return 0, Final(fmt.Sprintf("%s has more than %d files. Send the folders in it one by one, or pack it into one file.", filepath.Base(root), chat.MaxTreeEntries), nil)
			}
		}
		return kept, nil
	}
	_, err = in(root, "", 0)
	return err
}

// isPictureName tells whether a file is called as pictures are that may say of
// place and camera.
func isPictureName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff":
		return true
	}
	return false
}

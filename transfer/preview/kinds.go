package preview

import (
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Unknown is the type of what has no other.
const Unknown = "application/octet-stream"

// Type tells a file's MIME type by its first bytes. It decodes nothing, and
// runs where it is called.
func Type(path string) (string, error) {
	if err := regular(path); err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return typeOf(f, path)
}

// TypeOf is Type for a file that is open.
func TypeOf(f *os.File) (string, error) { return typeOf(f, f.Name()) }

// typeOf tells a file's MIME type by its content. Text has no marks of its
// own: there the name decides between kinds of text.
func typeOf(f *os.File, path string) (string, error) {
	m, err := mimetype.DetectReader(io.NewSectionReader(f, 0, 1<<20))
	if err != nil {
		return "", err
	}
	found, _, err := mime.ParseMediaType(m.String())
	if err != nil {
		return Unknown, nil
	}
	if info, err := f.Stat(); found == "text/plain" || err == nil && info.Size() == 0 {
		if t, ok := textTypes[strings.ToLower(filepath.Ext(path))]; ok {
			return t, nil
		}
	}
	return found, nil
}

var textTypes = map[string]string{
	".css": "text/css", ".csv": "text/csv", ".ics": "text/calendar", ".js": "text/javascript", ".json": "application/json",
	".log": "text/plain", ".md": "text/markdown", ".svg": "image/svg+xml", ".tsv": "text/tab-separated-values",
	".txt": "text/plain", ".vcf": "text/vcard", ".xml": "text/xml", ".yaml": "application/yaml", ".yml": "application/yaml",
	".html": "text/html", ".htm": "text/html",
}

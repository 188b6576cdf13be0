package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// originAttribute is where a file says that it came from somewhere else:
// https://www.freedesktop.org/wiki/CommonExtendedAttributes/
const originAttribute = "user.xdg.origin.url"

// mark notes that a file came from somewhere else. A file system that can't
// keep that goes without.
func mark(f *os.File, where string) {
	_ = unix.Fsetxattr(int(f.Fd()), originAttribute, []byte(where), 0)
}

// marked tells where a file came from, if it says so.
func marked(f *os.File) (where string, ok bool) {
	buf := make([]byte, 4096)
	n, err := unix.Fgetxattr(int(f.Fd()), originAttribute, buf)
	if err != nil {
		return "", false
	}
	return string(buf[:n]), true
}

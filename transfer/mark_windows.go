package transfer

import "os"

// zone is the stream beside a file in which Windows keeps where it came from.
const zone = ":Zone.Identifier"

// mark notes that a file came from the internet. A file system that can't keep
// that goes without.
func mark(f *os.File, _ string) {
	_ = os.WriteFile(f.Name()+zone, []byte("[ZoneTransfer]\r\nZoneId=3\r\n"), 0o600)
}

// marked tells whether a file came from somewhere else.
func marked(f *os.File) (where string, ok bool) {
	_, err := os.Stat(f.Name() + zone)
	return "", err == nil
}

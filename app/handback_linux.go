package app

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// handBack lets go of the pages of this program's file that are in memory: code,
// constants and tables, of which the start needs far more than what comes after.
// They stay in the system's cache of files, and the first use of each 64 KiB brings
// them back, in microseconds. Only what was never written is let go, so nothing can be lost.
func handBack() {
	for _, m := range ownPages() {
		// Refused, they stay.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
	}
}

// mapping is where a part of a file lies in memory.
type mapping struct{ from, to uintptr }

// ownPages are the parts of this program's file that are mapped for reading, and of
// which no page was written (as those that the loader fills in are). They are
// there for as long as the program runs, unlike those of libraries.
func ownPages() (clean []mapping) {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil
	}
	defer smaps.Close()
	var m mapping
	ours := false
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		line := lines.Text()
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case !strings.HasSuffix(fields[0], ":"): // from-to rights offset device inode file
			from, to, _ := strings.Cut(fields[0], "-")
			a, err := strconv.ParseUint(from, 16, 64)
			b, err2 := strconv.ParseUint(to, 16, 64)
			m = mapping{uintptr(a), uintptr(b)}
			ours = err == nil && err2 == nil && strings.HasSuffix(line, " "+program) && strings.HasPrefix(fields[1], "r-") // never writable
		case fields[0] == "Anonymous:" && ours && fields[1] == "0":
			clean = append(clean, m)
		}
	}
	return clean
}

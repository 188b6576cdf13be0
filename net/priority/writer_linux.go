package priority

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// behind is how far the disk has come with what went through the cache.
type behind struct {
	begun int64 // up to here it has all,
	on    int64 // and up to here it was told to
	open  bool  // the file goes past the cache now
}

// put writes a piece.
func (w *Writer) put(p piece) error {
	if past := w.past && p.at%align == 0 && len(p.bytes)%align == 0; past != w.open {
		if err := pastCache(w.file, past); err == nil {
			w.open = past
		} else {
			w.past = false // a file system that has nothing but its cache
		}
	}
	n, err := w.file.WriteAt(p.bytes, p.at)
	if w.open && errors.Is(err, unix.EINVAL) { // a disk with larger blocks
		w.past, w.open = false, false
		if err = pastCache(w.file, false); err == nil {
			_, err = w.file.WriteAt(p.bytes[n:], p.at+int64(n))
		}
	}
	if err != nil {
		return err
	}
	end := p.at + int64(len(p.bytes))
	if w.open {
		w.begun, w.on = end, end
		return nil
	}
	return w.pushed(end)
}

// pushed has the disk write up to end, and waits for what it was told before.
func (w *Writer) pushed(end int64) error {
	if end-w.on < window {
		return nil
	}
	if w.on > w.begun {
		err := unix.SyncFileRange(int(w.file.Fd()), w.begun, w.on-w.begun,
			unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
		if err != nil && !unsupported(err) {
			return err
		}
	}
	if err := unix.SyncFileRange(int(w.file.Fd()), w.on, end-w.on, unix.SYNC_FILE_RANGE_WRITE); unsupported(err) {
		err = unix.Fdatasync(int(w.file.Fd()))
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	w.begun, w.on = w.on, end
	return nil
}

func unsupported(err error) bool {
	return errors.Is(err, unix.ESPIPE) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL)
}

// pastCache says whether what is written goes straight to the disk.
func pastCache(f *os.File, past bool) error {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	if flags &^= unix.O_DIRECT; past {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, flags)
	return err
}

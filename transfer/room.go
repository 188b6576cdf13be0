package transfer

import (
	"fmt"
	"os"
	"sync"

	"github.com/dustin/go-humanize"

	"satchel/chat"
)

// spareRoom is what a download leaves free on the disk.
const spareRoom = 64 << 20

// room is what downloads under way still need of the disk and do not have yet:
// where a file system reserves, that is nothing once they began.
type room struct {
	mu    sync.Mutex
	needs map[chat.TransferID]int64
}

// claim tells whether a download of so many bytes has room on the disk, beside
// the others, and keeps it for it until the returned function is called.
func (r *room) claim(folder, part string, id chat.TransferID, size int64) (release func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	needs := max(0, size-allocated(part))
	others := int64(0)
	for _, n := range r.needs {
		others += n
	}
	if err := enough(folder, needs, others); err != nil {
		return nil, err
	}
	if r.needs == nil {
		r.needs = map[chat.TransferID]int64{}
	}
	r.needs[id] = needs
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.needs, id)
	}, nil
}

// has notes what a download got of the disk since.
func (r *room) has(part string, id chat.TransferID, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.needs[id] = max(0, size-allocated(part))
}

// left notes how much a download of several files needs still.
func (r *room) left(id chat.TransferID, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.needs[id] = max(0, n)
}

// Room tells, in a sentence, why folder's disk has no room for a file of so many
// bytes while other downloads still need so many; nil when it has, or nobody knows.
func Room(folder string, size, others int64) error { return enough(folder, size, others) }

func enough(folder string, needs, others int64) error {
	free, ok := freeRoom(folder)
	if !ok || free-spareRoom-others >= needs {
		return nil
	}
	needed, usable := humanize.IBytes(uint64(needs)), humanize.IBytes(uint64(max(0, free-spareRoom-others)))
	if others > 0 {
		return Final(fmt.Sprintf("There is not enough room on the disk: the file needs %s more, and %s can be used. Other downloads need %s, and %s stay free for everything else. Make room, then try again.",
			needed, usable, humanize.IBytes(uint64(others)), humanize.IBytes(spareRoom)), nil)
	}
	return Final(fmt.Sprintf("There is not enough room on the disk: the file needs %s more, and %s can be used; %s stay free for everything else. Make room, then try again.",
		needed, usable, humanize.IBytes(spareRoom)), nil)
}

// allocated is how many bytes of the disk a file has; 0 when there is none.
func allocated(path string) int64 {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return blocks(info)
}

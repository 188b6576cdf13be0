package transfer

import "time"

// Bounds of what one request to a tus server carries, in bytes. It begins with
// firstChunk, which most proxies pass.
const (
	slowChunk  = 1 << 20
	firstChunk = 8 << 20
	fastChunk  = 128 << 20
	quick      = 2 * time.Second // a request that took less could have carried more
	tooLong    = 8 * time.Second // and one that took longer, less
)

// chunks is how much the next request carries: more where requests go quickly,
// so that nobody waits between them; less where they take long or break, so
// that little goes twice. It belongs to one goroutine.
type chunks struct {
	size        int64
	least, most int64
	calm, after int // requests since the last break, and how many there must be before it grows again
}

// newChunks begins; fixed, if it is not 0, is the size of all.
func newChunks(fixed int64) chunks {
	if fixed > 0 {
		return chunks{size: fixed, least: fixed, most: fixed}
	}
	return chunks{size: firstChunk, least: slowChunk, most: fastChunk}
}

// went says that a request with size bytes took so long.
func (c *chunks) went(took time.Duration) {
	switch c.calm++; {
	case took > tooLong:
		c.size = max(c.size/2, min(c.least, c.size))
	case took < quick && c.calm > c.after:
		c.size = min(2*c.size, max(c.most, c.size))
	}
}

// broke says that the connection did, under a request. What grows too far for
// something on the way, which does not say so, grows there ever more rarely.
func (c *chunks) broke() {
	c.size = max(c.size/2, min(c.least, c.size))
	c.calm, c.after = 0, min(max(4, 2*c.after), 64)
}

// bound keeps all requests within most bytes.
func (c *chunks) bound(most int64) {
	c.size, c.least, c.most = min(c.size, most), min(c.least, most), min(c.most, most)
}

// refused says that a request was too large for something on the way. It tells
// whether a smaller one may pass.
func (c *chunks) refused() bool {
	if c.size <= leastChunk {
		return false
	}
	c.bound(max(c.size/2, leastChunk))
	return true
}

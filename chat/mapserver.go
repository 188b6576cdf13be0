package chat

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// MapServer is where a sender's program takes pieces of a map from. Without an
// address no one is asked for any.
type MapServer struct {
	Address string // http or https, with {z}, {x} and {y}: zoom, column from the west and row from the north
	Credit  string // whose the map is: it stands on it
}

// Bounds of what a location carries besides its place.
const (
	MaxMap    = 32 << 10 // bytes of a Map's picture
	MapWidth  = 320      // pixels of a map that is made here
	MapHeight = 128
	MaxCredit = 100 // bytes of a Map's credit
)

var (
	// ErrMapServer says that an address is none of pieces of a map.
	ErrMapServer = errors.New("the address of a map server begins with https:// and has {z}, {x} and {y} in it")
	// ErrNoMap says that a map server answered, and not with a map of the place.
	ErrNoMap = errors.New("the map server has no map of this place")
)

var braces = regexp.MustCompile(`\{[^}]*\}?`)

// Check tells whether the address can be used: ErrMapServer.
func (m MapServer) Check() error {
	for _, part := range []string{"{z}", "{x}", "{y}"} {
		if strings.Count(m.Address, part) != 1 {
			return ErrMapServer
		}
	}
	if len(braces.FindAllString(m.Address, -1)) != 3 || len(m.Address) > 2000 {
		return ErrMapServer
	}
	u, err := url.Parse(m.Tile(1, 0, 0))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return ErrMapServer
	}
	return nil
}

// Tile is the address of one piece.
func (m MapServer) Tile(z, x, y int) string {
	return strings.NewReplacer("{z}", strconv.Itoa(z), "{x}", strconv.Itoa(x), "{y}", strconv.Itoa(y)).Replace(m.Address)
}

package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"

	"satchel/transfer"
)

// Nextcloud's chunked upload v2: a collection of numbered chunks, which a MOVE
// of its ".file" makes one file of. It forgets collections after a day or more.
// https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/chunking.html

// Names of chunks are numbers up to 10000, in order, maybe with gaps; the rest is
// for the gaps.
const mostChunks = 9000

// collection is where the chunks of a file go.
func (s *Store) collection(name string) *url.URL {
	return s.chunks.JoinPath("satchel-"+name, "/")
}

// chunk names the chunk with that number, from 1. Each attempt leaves out a name
// before its first: that of the chunk which the attempt before may still be
// sending, and which is so never taken for one of this attempt's.
func (p *place) chunk(number int) string {
	left := 0
	for _, from := range p.Attempts {
		if from <= number {
			left++
		}
	}
	return fmt.Sprintf("%05d", number+left)
}

// inChunks sends what the server does not have, and makes one file of it.
func (s *Store) inChunks(ctx context.Context, r *transfer.UploadRequest, at place) error {
	c := s.collection(at.Name)
	header := http.Header{"Destination": {s.file(at.Name).String()}, "OC-Total-Length": {strconv.FormatInt(r.Size, 10)}}
	have, err := s.list(ctx, c)
	if errors.Is(err, errMissing) {
		at.Attempts = nil
		var answer *http.Response
		if answer, err = s.call(ctx, "MKCOL", c, header.Clone(), nil, 0); err == nil {
			transfer.Finish(answer)
			err = refused(answer)
		}
	}
	if err != nil {
		return err
	}
	stored, number := int64(0), 1
	for ; stored < r.Size && have[at.chunk(number)] == min(at.Chunk, r.Size-stored); number++ {
		stored += have[at.chunk(number)]
	}
	at.Attempts = append(at.Attempts, number)
	if err := r.Keep(at); err != nil {
		return err
	}
	r.Progress(stored)
	for ; stored < r.Size; number++ {
		n := min(at.Chunk, r.Size-stored)
		if err := s.put(ctx, c.JoinPath(at.chunk(number)), r.Body, stored, n, header.Clone()); err != nil {
			return err
		}
		stored += n
		r.Progress(stored)
	}
	if err := s.tidy(ctx, c, &at, number); err != nil {
		return err
	}
	return s.move(ctx, c.JoinPath(".file"), at.Name, r.Size)
}

// tidy removes from a collection what is no chunk of the file, which has those
// below a number.
func (s *Store) tidy(ctx context.Context, c *url.URL, at *place, end int) error {
	if len(at.Attempts) < 2 {
		return nil
	}
	have, err := s.list(ctx, c)
	if err != nil {
		return err
	}
	for number := 1; number < end; number++ {
		delete(have, at.chunk(number))
	}
	for name := range have {
		if err := s.remove(ctx, c.JoinPath(name)); err != nil {
			return err
		}
	}
	return nil
}

var chunkName = regexp.MustCompile(`^[0-9]{5}$`)

// errMissing says that a collection is not there.
var errMissing = errors.New("no such collection")

// list returns the sizes of what is in a collection, by name.
func (s *Store) list(ctx context.Context, c *url.URL) (map[string]int64, error) {
	answer, err := s.call(ctx, "PROPFIND", c, http.Header{"Depth": {"1"}}, nil, 0)
	if err != nil {
		return nil, err
	}
	defer transfer.Finish(answer)
	if answer.StatusCode == http.StatusNotFound {
		return nil, errMissing
	}
	if err := refused(answer); err != nil {
		return nil, err
	}
	var found struct {
		Responses []struct {
			Href string `xml:"href"`
			Size string `xml:"propstat>prop>getcontentlength"`
		} `xml:"response"`
	}
	if err := xml.NewDecoder(io.LimitReader(answer.Body, 16<<20)).Decode(&found); err != nil {
		return nil, transfer.WrongPlace.Error(err)
	}
	sizes := map[string]int64{}
	for _, f := range found.Responses {
		u, err := url.Parse(f.Href)
		n, bad := strconv.ParseInt(f.Size, 10, 64)
		if err == nil && bad == nil && chunkName.MatchString(path.Base(u.Path)) {
			sizes[path.Base(u.Path)] = n
		}
	}
	return sizes, nil
}

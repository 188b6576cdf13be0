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
	"strconv"

	"satchel/transfer"
)

// Nextcloud's chunked upload v2: a collection of numbered chunks, which a MOVE
// of its ".file" makes one file of. It forgets collections after a day or more.
// https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/chunking.html

const mostChunks = 10000

// collection is where the chunks of a file go.
func (s *Store) collection(name string) *url.URL {
	return s.chunks.JoinPath("satchel-"+name, "/")
}

// inChunks sends what the server does not have, and makes one file of it.
func (s *Store) inChunks(ctx context.Context, r *transfer.UploadRequest, at place) error {
	c := s.collection(at.Name)
	header := http.Header{"Destination": {s.file(at.Name).String()}, "OC-Total-Length": {strconv.FormatInt(r.Size, 10)}}
	have, err := s.list(ctx, c)
	if errors.Is(err, errMissing) {
		var answer *http.Response
		if answer, err = s.call(ctx, "MKCOL", c, header.Clone(), nil, 0); err == nil {
			transfer.Finish(answer)
			err = refused(answer)
		}
	}
	if err != nil {
		return err
	}
	var stored int64
	for n := 1; stored < r.Size && have[chunkName(n)] == min(at.Chunk, r.Size-stored); n++ {
		stored += have[chunkName(n)]
	}
	r.Progress(stored)
	for stored < r.Size {
		n := min(at.Chunk, r.Size-stored)
		if err := s.put(ctx, c.JoinPath(chunkName(int(stored/at.Chunk)+1)), r.Body, stored, n, header.Clone()); err != nil {
			return err
		}
		stored += n
		r.Progress(stored)
	}
	return s.move(ctx, c.JoinPath(".file"), at.Name, r.Size)
}

func chunkName(n int) string { return fmt.Sprintf("%05d", n) }

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
		if err == nil && bad == nil {
			sizes[path.Base(u.Path)] = n
		}
	}
	return sizes, nil
}

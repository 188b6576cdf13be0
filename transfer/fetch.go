package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"satchel/net/seal"
)

// Getter downloads any http or https URL by GET with Range. It is the download
// of every store whose files are read by URL. It sends no credentials and keeps
// no cookies.
type Getter struct {
	Client *http.Client // of NewClient
	Chunk  int64        // bytes that one request asks for at most; 0: 64 MiB
	// Authorize adds to a request what this server asks of the person; may be nil.
	Authorize func(*http.Request) error
}

// Download implements Handler's.
func (g *Getter) Download(ctx context.Context, r *DownloadRequest) error {
	chunk := g.Chunk
	if chunk <= 0 {
		chunk = 64 << 20
	}
	f := fetch{r: r, chunks: newChunks(chunk), refused: refusedLink, get: func(header http.Header) (*http.Response, error) {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
		if err != nil {
			return nil, Final("The message does not say where the file is. Ask for it to be sent again.", err)
		}
		q.Header = header
		if g.Authorize != nil {
			if err := g.Authorize(q); err != nil {
				return nil, err
			}
		}
		return g.Client.Do(q)
	}}
	return f.run(ctx)
}

// CloseIdleConnections lets go of connections that wait to be used again.
func (g *Getter) CloseIdleConnections() { g.Client.CloseIdleConnections() }

// fetch is one download by ranges. After a connection that broke it asks for
// the rest, as long as bytes come in between.
type fetch struct {
	r       *DownloadRequest
	chunks  chunks
	get     func(http.Header) (*http.Response, error)
	refused func(*http.Response) *Error
	tag     string // the strong ETag of the first answer, or ""
}

func (f *fetch) run(ctx context.Context) error {
	at, broke := f.r.Offset, 0
	for at < f.r.Last() {
		began := time.Now()
		n, err := f.piece(ctx, at)
		at += n
		if n > 0 {
			broke = 0
		}
		if err == nil {
			f.chunks.went(time.Since(began))
			continue
		}
		f.chunks.broke()
		if broke++; broke > breaks || Settled(ctx, err) || errors.Is(err, errBody) || errors.Is(err, errMismatch) {
			return err
		}
	}
	return nil
}

// errBody says that the receiver of a download took no more.
var errBody = errors.New("the receiver failed")

// piece fetches a chunk from a byte on, and returns how many bytes went to Body;
// without an error it is one at least.
func (f *fetch) piece(ctx context.Context, at int64) (int64, error) {
	// Whole sealed chunks: a resume begins with one.
	sealed := seal.SealedSize(seal.ChunkSize)
	end := min(at+max(f.chunks.size/sealed*sealed, min(f.chunks.size, sealed)), f.r.Last())
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", at, end-1)}}
	if f.tag != "" {
		header.Set("If-Range", f.tag)
	}
	answer, err := f.get(header)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close() // not read to its end: there may be any number of bytes more
	skip := int64(0)
	switch answer.StatusCode {
	case http.StatusPartialContent:
		var from, to, total int64
		span := strings.Replace(answer.Header.Get("Content-Range"), "/*", "/"+strconv.FormatInt(f.r.Size, 10), 1)
		if n, _ := fmt.Sscanf(span, "bytes %d-%d/%d", &from, &to, &total); n != 3 || from != at || to != end-1 || total != f.r.Size {
			return 0, fmt.Errorf("range is %q: %w", span, errMismatch)
		}
	case http.StatusOK: // from the start: what is here already goes by
		if answer.ContentLength >= 0 && answer.ContentLength != f.r.Size {
			return 0, fmt.Errorf("length is %d: %w", answer.ContentLength, errMismatch)
		}
		skip, end = at, f.r.Last()
	case http.StatusRequestedRangeNotSatisfiable: // the server's is shorter than what was announced
		return 0, fmt.Errorf("%s: %w", answer.Status, errMismatch)
	default:
		e := f.refused(answer)
		if answer.StatusCode == http.StatusLocked {
			e.Sentence = "The file is still on its way to the server. It is fetched when it is there."
		}
		return 0, e
	}
	tag := answer.Header.Get("ETag")
	if strings.HasPrefix(tag, "W/") {
		tag = ""
	}
	if f.tag != "" && tag != "" && tag != f.tag {
		return 0, fmt.Errorf("the file is another by now: %w", errMismatch)
	}
	f.tag = tag
	return f.pass(ctx, answer.Body, at, end, skip)
}

// readChunks are read at once, where they are there: whole ones are opened in their place.
const readChunks = 8

// pass hands bytes at..end of the file to the receiver, of a body that has skip
// bytes before them.
func (f *fetch) pass(ctx context.Context, body io.Reader, at, end, skip int64) (n int64, err error) {
	buf := make([]byte, min(readChunks*seal.SealedSize(seal.ChunkSize), end-at+skip))
	for left := end - at; left > 0; {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		k, err := body.Read(buf[:min(int64(len(buf)), left+skip)])
		got := buf[:k]
		drop := min(skip, int64(k))
		skip -= drop
		if got = got[drop:]; len(got) > 0 {
			if _, err := f.r.Body.Write(got); err != nil {
				return n, errors.Join(errBody, err)
			}
			n += int64(len(got))
			left -= int64(len(got))
		}
		if k > 0 {
			f.r.Progress(at + n)
		}
		if err == io.EOF && left > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return n, err
		}
	}
	return n, nil
}

// refusedLink is Refused for a URL that is all the permission there is.
func refusedLink(answer *http.Response) *Error {
	e := Refused(answer)
	switch s := answer.StatusCode; {
	case s >= 400 && s < 500 && s != http.StatusTooManyRequests && expiredLink(e, answer.Request.URL, s):
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		e.Sentence = "The server where the file lies does not let this device read it. Ask who sent it for a link that works."
	case s < 400:
		return Final("The file has moved to where it can't be fetched safely. Ask for it to be sent again.", e.Err)
	}
	return e
}

// expired tells whether a signed URL says of itself that its time is over, in
// the words of S3, Google Cloud Storage and Azure.
func expired(u *url.URL) bool {
	q := u.Query()
	if end, err := time.Parse(time.RFC3339, q.Get("se")); err == nil {
		return time.Now().After(end)
	}
	for _, vendor := range []string{"X-Amz-", "X-Goog-"} {
		begin, err := time.Parse("20060102T150405Z", q.Get(vendor+"Date"))
		seconds, bad := strconv.ParseInt(q.Get(vendor+"Expires"), 10, 32)
		if err == nil && bad == nil {
			return time.Now().After(begin.Add(time.Duration(seconds) * time.Second))
		}
	}
	return false
}

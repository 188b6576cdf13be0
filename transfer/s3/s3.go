// Package s3 keeps files in a bucket that speaks S3: of Amazon, or any other. The
// transfer engine calls it, from its attempts; what it starts ends with the call.
//
// A file goes in parts, several at a time, each with its SHA-256 in the signed
// request, so that the store takes no part that arrived otherwise. An attempt goes
// on after the parts that the store lists, and that this program saw stored.
package s3

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"satchel/chat"
	"satchel/transfer"
)

// Config is a bucket as a person describes it. The secret key stands elsewhere.
type Config struct {
	Endpoint  string `json:"endpoint"`         // https://s3.eu-central-1.amazonaws.com
	Region    string `json:"region,omitempty"` // "": asked of the store
	Bucket    string `json:"bucket"`
	AccessKey string `json:"access_key"`
	Prefix    string `json:"prefix,omitempty"` // before the names of files: "satchel/"
	// PublicURL is under what address everybody can read what lies below Prefix;
	// then links need not be signed and do not expire. What lies there is sealed,
	// under names that can't be guessed.
	PublicURL string `json:"public_url,omitempty"`
	Days      int    `json:"days,omitempty"` // how long signed links work: 1 to 7; 0: 7
}

const (
	leastPart = 8 << 20
	mostParts = 10000 // S3's limit
	mostDays  = 7     // of the signature
)

// Store is the handler.
type Store struct {
	transfer.Getter
	cfg      Config
	secret   transfer.Secret
	endpoint *url.URL
	part     int64

	mu   sync.Mutex
	core *minio.Core
}

// New returns a handler that downloads any http and https URL. The errors are
// for the person.
func New(cfg Config, secret transfer.Secret) (*Store, error) {
	u, err := transfer.BaseURL(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	if strings.Trim(u.Path, "/") != "" {
		return nil, transfer.Final("The address of the S3 server ends before the name of the bucket. Put the bucket into its own field.", nil)
	}
	if cfg.Bucket == "" || cfg.AccessKey == "" {
		return nil, transfer.Final("A bucket needs its name and an access key. Fill both in.", nil)
	}
	if cfg.Days < 0 || cfg.Days > mostDays {
		return nil, transfer.Final("Links to files in a bucket work for 7 days at most. Choose 1 to 7, or give the address of a public bucket.", nil)
	}
	cfg.Days = cmp.Or(cfg.Days, mostDays)
	return &Store{Getter: transfer.Getter{Client: transfer.NewClient()}, cfg: cfg, secret: secret, endpoint: u, part: leastPart}, nil
}

// client signs with the secret, once that is known.
func (s *Store) client() (*minio.Core, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.core != nil {
		return s.core, nil
	}
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	s.core, err = minio.NewCore(s.endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(s.cfg.AccessKey, secret, ""), Secure: s.endpoint.Scheme == "https",
		Region: s.cfg.Region, Transport: s.Client.Transport, MaxRetries: 1,
	})
	return s.core, explain(err)
}

// place is where an upload stands. Part is the size of its parts: settings may
// change. Parts is how many of them this upload was told to be stored, from the
// first on, and Tags a hash over their ETags. A part that arrives late, of an
// attempt that was given up, is so known for what it is: other bytes.
type place struct {
	Key    string `json:"key"`
	Upload string `json:"upload,omitempty"`
	Part   int64  `json:"part,omitempty"`
	Parts  int    `json:"parts,omitempty"`
	Tags   string `json:"tags,omitempty"`
}

// add takes the ETag of the next part.
func (p *place) add(tag string) {
	p.Parts++
	p.Tags = sum([]byte(p.Tags + tag))
}

func (s *Store) place(r *transfer.UploadRequest) place {
	p := place{Key: s.cfg.Prefix + string(r.ID)}
	r.Recall(&p)
	return p
}

// Upload puts the file into the bucket.
func (s *Store) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	core, err := s.client()
	if err != nil {
		return transfer.UploadResult{}, err
	}
	at := s.place(r)
	if r.Fresh {
		_ = s.Drop(ctx, r) // what can't be dropped now is nobody's
		at = place{Key: s.cfg.Prefix + string(chat.NewTransferID())}
		if err := r.Keep(at); err != nil {
			return transfer.UploadResult{}, err
		}
	}
	u := upload{Store: s, core: core, r: r, at: at}
	if r.Size <= s.part && at.Upload == "" {
		err = u.whole(ctx)
	} else {
		err = u.parts(ctx)
	}
	if err != nil {
		return transfer.UploadResult{}, explain(err)
	}
	return s.link(ctx, at.Key)
}

// link is what a message says of the file under a key.
func (s *Store) link(ctx context.Context, key string) (transfer.UploadResult, error) {
	if s.cfg.PublicURL != "" {
		address, err := transfer.Below(s.cfg.PublicURL, strings.TrimPrefix(key, s.cfg.Prefix))
		return transfer.UploadResult{URL: address}, err
	}
	core, err := s.client()
	if err != nil {
		return transfer.UploadResult{}, err
	}
	life := time.Duration(s.cfg.Days) * 24 * time.Hour
	end := time.Now().Add(life)
	u, err := core.PresignedGetObject(ctx, s.cfg.Bucket, key, life, nil)
	if err != nil {
		return transfer.UploadResult{}, explain(err)
	}
	return transfer.UploadResult{URL: u.String(), Expires: end}, nil
}

// Renew signs a link to the same file again.
func (s *Store) Renew(ctx context.Context, address string) (transfer.UploadResult, error) {
	u, err := url.Parse(address)
	if err != nil {
		return transfer.UploadResult{}, transfer.NotOurs(err)
	}
	key, ours := strings.CutPrefix(u.Path, "/"+s.cfg.Bucket+"/")
	if !ours && strings.HasPrefix(u.Host, s.cfg.Bucket+".") {
		key, ours = strings.CutPrefix(u.Path, "/")
	}
	if name, ok := strings.CutPrefix(key, s.cfg.Prefix); !ours || !ok || name == "" {
		return transfer.UploadResult{}, transfer.NotOurs(fmt.Errorf("path %q", u.Path))
	}
	return s.link(ctx, key)
}

// Drop gives up an upload, and deletes what is whole of it.
func (s *Store) Drop(ctx context.Context, r *transfer.UploadRequest) error {
	core, err := s.client()
	if err != nil {
		return err
	}
	at := s.place(r)
	if at.Upload != "" {
		if err := core.AbortMultipartUpload(ctx, s.cfg.Bucket, at.Key, at.Upload); err != nil && code(err) != noUpload {
			return explain(err)
		}
	}
	return explain(core.RemoveObject(ctx, s.cfg.Bucket, at.Key, minio.RemoveObjectOptions{}))
}

// upload is one attempt.
type upload struct {
	*Store
	core *minio.Core
	r    *transfer.UploadRequest
	at   place
}

const kind = "application/octet-stream"

// whole sends a file that is no larger than a part, in one request.
func (u *upload) whole(ctx context.Context) error {
	put := func(ctx context.Context, p *transfer.Part) error {
		_, err := u.core.PutObject(ctx, u.cfg.Bucket, u.at.Key, p.Reader(), int64(len(p.Data)), "", sum(p.Data),
			minio.PutObjectOptions{ContentType: kind, DisableContentSha256: true})
		return explain(err)
	}
	u.r.Progress(0)
	if u.r.Size == 0 {
		return put(ctx, &transfer.Part{Number: 1})
	}
	p := transfer.Parts{Body: u.r.Body, Size: u.r.Size, Part: u.r.Size, Put: put, Progress: u.r.Progress}
	return p.Send(ctx)
}

// parts goes on with a file of several parts, or begins it.
func (u *upload) parts(ctx context.Context) error {
	tags := map[int]string{}
	if u.at.Upload != "" {
		err := u.list(ctx, tags)
		if code(err) == noUpload {
			info, gone := u.core.StatObject(ctx, u.cfg.Bucket, u.at.Key, minio.StatObjectOptions{})
			if gone == nil && info.Size == u.r.Size {
				u.r.Progress(u.r.Size) // an earlier attempt came to the end
				return nil
			}
			u.at.Upload, err = "", nil
		}
		if err != nil {
			return err
		}
	}
	if u.at.Upload == "" {
		id, err := u.core.NewMultipartUpload(ctx, u.cfg.Bucket, u.at.Key, minio.PutObjectOptions{ContentType: kind})
		if err != nil {
			return err
		}
		u.at = place{Key: u.at.Key, Upload: id, Part: transfer.PartSize(u.r.Size, u.part, mostParts)}
		if err := u.r.Keep(u.at); err != nil {
			return err
		}
	}
	stored := min(int64(u.at.Parts)*u.at.Part, u.r.Size)
	u.r.Progress(stored)
	var mu sync.Mutex
	p := transfer.Parts{Body: u.r.Body, Stored: stored, Size: u.r.Size, Part: u.at.Part, Progress: u.r.Progress,
		Put: func(ctx context.Context, p *transfer.Part) error {
			done, err := u.core.PutObjectPart(ctx, u.cfg.Bucket, u.at.Key, u.at.Upload, p.Number, p.Reader(), int64(len(p.Data)),
				minio.PutObjectPartOptions{Sha256Hex: sum(p.Data), DisableContentSha256: true})
			if err != nil {
				return explain(err)
			}
			mu.Lock()
			defer mu.Unlock()
			tags[p.Number] = done.ETag
			return nil
		},
		Stable: func(stored int64) error {
			mu.Lock()
			for int64(u.at.Parts)*u.at.Part < stored {
				u.at.add(tags[u.at.Parts+1])
			}
			mu.Unlock()
			return u.r.Keep(u.at)
		}}
	if err := p.Send(ctx); err != nil {
		return err
	}
	var all []minio.CompletePart
	for n := 1; n <= u.at.Parts; n++ {
		all = append(all, minio.CompletePart{PartNumber: n, ETag: tags[n]})
	}
	_, err := u.core.CompleteMultipartUpload(ctx, u.cfg.Bucket, u.at.Key, u.at.Upload, all, minio.PutObjectOptions{})
	return err
}

// list asks which parts the store has. Where they are not those that were told
// to be stored, all go again.
func (u *upload) list(ctx context.Context, tags map[int]string) error {
	for marker := 0; len(tags) < u.at.Parts; {
		page, err := u.core.ListObjectParts(ctx, u.cfg.Bucket, u.at.Key, u.at.Upload, marker, 1000)
		if err != nil {
			return err
		}
		for _, p := range page.ObjectParts {
			if p.PartNumber <= u.at.Parts {
				tags[p.PartNumber] = strings.Trim(p.ETag, `"`)
			}
		}
		if !page.IsTruncated || page.NextPartNumberMarker <= marker {
			break
		}
		marker = page.NextPartNumberMarker
	}
	found := u.at
	found.Parts, found.Tags = 0, ""
	for found.Parts < u.at.Parts && tags[found.Parts+1] != "" {
		found.add(tags[found.Parts+1])
	}
	if found != u.at {
		clear(tags)
		u.at.Parts, u.at.Tags = 0, ""
	}
	return nil
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

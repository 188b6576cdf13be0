// Package s3 keeps a relay's files in a bucket of Amazon S3 or of anything that
// speaks as it does.
package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"satchel/net/relay/bucket"
)

// Store is a bucket.
type Store struct {
	core      *minio.Core
	transport *http.Transport
	name      string
	prefix    string
	about     string
}

// Open opens s3://BUCKET[/PREFIX]?endpoint=URL&region=REGION. The key is in
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in AWS's own file, or given by
// the machine that the relay runs on.
func Open(u *url.URL) (bucket.Bucket, error) {
	q := u.Query()
	for name := range q {
		if name != "endpoint" && name != "region" {
			return nil, fmt.Errorf("an s3:// URL has endpoint, region and proxy behind its ?, and no %s", name)
		}
	}
	endpoint := q.Get("endpoint")
	if endpoint == "" {
		endpoint = "https://s3.amazonaws.com"
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || strings.Trim(at.Path, "/") != "" {
		return nil, errors.New("the endpoint of a bucket is a URL like https://s3.example.org")
	}
	if u.Host == "" || u.User != nil {
		return nil, errors.New("a bucket is named like s3://BUCKET?endpoint=https://s3.example.org; its key is in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	s := &Store{name: u.Host, prefix: bucket.Prefix(u), transport: bucket.Transport()}
	region := q.Get("region")
	if region == "" {
		region = os.Getenv("AWS_REGION")
	}
	s.core, err = minio.NewCore(at.Host, &minio.Options{
		Creds:     credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: &http.Client{Transport: s.transport}}}),
		Secure:    at.Scheme == "https",
		Region:    region,
		Transport: s.transport,
	})
	if err != nil {
		return nil, fmt.Errorf("the bucket can't be used: %w", err)
	}
	s.about = fmt.Sprintf("S3, bucket %s at %s", s.name, endpoint)
	return s, nil
}

func (s *Store) About() string { return s.about }

func (s *Store) Close() { s.transport.CloseIdleConnections() }

// Check looks at the bucket.
func (s *Store) Check(ctx context.Context) error {
	there, err := s.core.BucketExists(ctx, s.name)
	if err == nil && !there {
		err = errors.New("it is not there")
	}
	if err != nil {
		return fmt.Errorf("the bucket %s can't be used: %w", s.name, err)
	}
	return nil
}

var options = minio.PutObjectOptions{ContentType: "application/octet-stream", ContentDisposition: "attachment", DisableMultipart: true}

func (s *Store) Begin(ctx context.Context, name string) (string, error) {
	return s.core.NewMultipartUpload(ctx, s.name, s.prefix+name, options)
}

func (s *Store) Part(ctx context.Context, name, upload string, n int, b []byte) (string, error) {
	p, err := s.core.PutObjectPart(ctx, s.name, s.prefix+name, upload, n, bytes.NewReader(b), int64(len(b)), minio.PutObjectPartOptions{Md5Base64: sum(b)})
	return p.ETag, missing(err)
}

func (s *Store) Complete(ctx context.Context, name, upload string, tags []string) error {
	parts := make([]minio.CompletePart, len(tags))
	for i, t := range tags {
		parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: t}
	}
	_, err := s.core.CompleteMultipartUpload(ctx, s.name, s.prefix+name, upload, parts, options)
	return missing(err)
}

func (s *Store) Abort(ctx context.Context, name, upload string, _ []string) error {
	err := missing(s.core.AbortMultipartUpload(ctx, s.name, s.prefix+name, upload))
	if errors.Is(err, bucket.ErrNotFound) {
		return nil
	}
	return err
}

func (s *Store) Put(ctx context.Context, name string, b []byte) error {
	_, err := s.core.PutObject(ctx, s.name, s.prefix+name, bytes.NewReader(b), int64(len(b)), sum(b), "", options)
	return err
}

func (s *Store) Get(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	o := minio.GetObjectOptions{}
	if offset > 0 {
		if err := o.SetRange(offset, 0); err != nil {
			return nil, err
		}
	}
	in, _, _, err := s.core.GetObject(ctx, s.name, s.prefix+name, o)
	if err != nil {
		return nil, missing(err)
	}
	return in, nil
}

func (s *Store) Size(ctx context.Context, name string) (int64, error) {
	i, err := s.core.StatObject(ctx, s.name, s.prefix+name, minio.StatObjectOptions{})
	return i.Size, missing(err)
}

func (s *Store) Delete(ctx context.Context, name string) error {
	err := missing(s.core.RemoveObject(ctx, s.name, s.prefix+name, minio.RemoveObjectOptions{}))
	if errors.Is(err, bucket.ErrNotFound) {
		return nil
	}
	return err
}

func (s *Store) Link(ctx context.Context, name string, life time.Duration) (string, error) {
	u, err := s.core.PresignedGetObject(ctx, s.name, s.prefix+name, life, nil)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func (s *Store) List(ctx context.Context, each func(bucket.Object) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what lists, when each ends it
	for o := range s.core.Client.ListObjects(ctx, s.name, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		if o.Err != nil {
			return o.Err
		}
		if err := each(bucket.Object{Name: strings.TrimPrefix(o.Key, s.prefix), Modified: o.LastModified}); err != nil {
			return err
		}
	}
	for o := range s.core.ListIncompleteUploads(ctx, s.name, s.prefix, true) {
		if o.Err != nil {
			return o.Err
		}
		if err := each(bucket.Object{Name: strings.TrimPrefix(o.Key, s.prefix), Upload: o.UploadID, Modified: o.Initiated}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// sum is what the store compares with what arrived.
func sum(b []byte) string {
	s := md5.Sum(b)
	return base64.StdEncoding.EncodeToString(s[:])
}

// missing says ErrNotFound as S3 says it.
func missing(err error) error {
	switch minio.ToErrorResponse(err).Code {
	case "NoSuchKey", "NoSuchUpload", "NotFound":
		return bucket.Missing(err)
	}
	return err
}

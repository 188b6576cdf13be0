// Package azblob keeps a relay's files in a container of Azure Blob Storage.
package azblob

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"satchel/net/relay/bucket"
)

// Store is a container.
type Store struct {
	container *container.Client
	transport *http.Transport
	name      string
	prefix    string
	about     string
}

// Open opens azblob://CONTAINER[/PREFIX]?account=ACCOUNT&endpoint=URL. The
// account may also stand in AZURE_STORAGE_ACCOUNT; its key is in
// AZURE_STORAGE_KEY.
func Open(u *url.URL) (bucket.Bucket, error) {
	q := u.Query()
	for name := range q {
		if name != "endpoint" && name != "account" {
			return nil, fmt.Errorf("an azblob:// URL has account, endpoint and proxy behind its ?, and no %s", name)
		}
	}
	account := q.Get("account")
	if account == "" {
		account = os.Getenv("AZURE_STORAGE_ACCOUNT")
	}
	if u.Host == "" || u.User != nil || account == "" {
		return nil, errors.New("a container is named like azblob://CONTAINER?account=ACCOUNT; the account's key is in AZURE_STORAGE_KEY")
	}
	endpoint := q.Get("endpoint")
	if endpoint == "" {
		endpoint = "https://" + account + ".blob.core.windows.net"
	}
	if at, err := url.Parse(endpoint); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil {
		return nil, errors.New("the endpoint of a container is a URL like https://ACCOUNT.blob.core.windows.net")
	}
	key, err := blob.NewSharedKeyCredential(account, os.Getenv("AZURE_STORAGE_KEY"))
	if err != nil || os.Getenv("AZURE_STORAGE_KEY") == "" {
		return nil, errors.New("the key of the Azure account is not in AZURE_STORAGE_KEY, or is no key")
	}
	s := &Store{transport: bucket.Transport(), name: u.Host, prefix: bucket.Prefix(u)}
	s.container, err = container.NewClientWithSharedKeyCredential(strings.TrimRight(endpoint, "/")+"/"+u.Host, key,
		&container.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: s.transport}}})
	if err != nil {
		return nil, fmt.Errorf("the container can't be used: %w", err)
	}
	s.about = fmt.Sprintf("Azure, container %s at %s", s.name, endpoint)
	return s, nil
}

func (s *Store) About() string { return s.about }

func (s *Store) Close() { s.transport.CloseIdleConnections() }

// Check looks at the container.
func (s *Store) Check(ctx context.Context) error {
	if _, err := s.container.GetProperties(ctx, nil); err != nil {
		return fmt.Errorf("the container %s can't be used: %w", s.name, oneLine(err))
	}
	return nil
}

// oneLine is what the library says on many.
func oneLine(err error) error {
	var e *azcore.ResponseError
	if errors.As(err, &e) {
		return fmt.Errorf("%d %s", e.StatusCode, e.ErrorCode)
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

func (s *Store) blob(name string) *blockblob.Client {
	return s.container.NewBlockBlobClient(s.prefix + name)
}

var (
	octets     = "application/octet-stream"
	attachment = "attachment"
	headers    = &blob.HTTPHeaders{BlobContentType: &octets, BlobContentDisposition: &attachment}
)

// Begin has nothing to do: blocks need no beginning.
func (s *Store) Begin(context.Context, string) (string, error) { return "blocks", nil }

// Part stages a block. Blocks that were never committed go by themselves, a week
// after the last one.
func (s *Store) Part(ctx context.Context, name, _ string, n int, b []byte) (string, error) {
	id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%05d", n)) // of equal lengths, and the same again
	_, err := s.blob(name).StageBlock(ctx, id, streaming.NopCloser(bytes.NewReader(b)),
		&blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeComputeCRC64()})
	return id, missing(err)
}

func (s *Store) Complete(ctx context.Context, name, _ string, tags []string) error {
	_, err := s.blob(name).CommitBlockList(ctx, tags, &blockblob.CommitBlockListOptions{HTTPHeaders: headers})
	if bloberror.HasCode(err, bloberror.InvalidBlockList) {
		return bucket.Missing(err)
	}
	return missing(err)
}

// Abort leaves the blocks to Azure, unless there is no object: then they go with
// an empty one.
func (s *Store) Abort(ctx context.Context, name, _ string, _ []string) error {
	have, err := s.blob(name).GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	if errors.Is(missing(err), bucket.ErrNotFound) {
		return nil
	}
	if err != nil || len(have.CommittedBlocks) > 0 || len(have.UncommittedBlocks) == 0 {
		return err
	}
	if _, err := s.blob(name).CommitBlockList(ctx, nil, nil); err != nil {
		return err
	}
	return s.Delete(ctx, name)
}

func (s *Store) Put(ctx context.Context, name string, b []byte) error {
	_, err := s.blob(name).Upload(ctx, streaming.NopCloser(bytes.NewReader(b)), &blockblob.UploadOptions{HTTPHeaders: headers,
		TransactionalValidation: blob.TransferValidationTypeComputeCRC64()})
	return err
}

func (s *Store) Get(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	in, err := s.blob(name).DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: offset}})
	if err != nil {
		return nil, missing(err)
	}
	return in.Body, nil
}

func (s *Store) Size(ctx context.Context, name string) (int64, error) {
	p, err := s.blob(name).GetProperties(ctx, nil)
	if err != nil || p.ContentLength == nil {
		return 0, missing(err)
	}
	return *p.ContentLength, nil
}

func (s *Store) Delete(ctx context.Context, name string) error {
	_, err := s.blob(name).Delete(ctx, nil)
	if err = missing(err); errors.Is(err, bucket.ErrNotFound) {
		return nil
	}
	return err
}

func (s *Store) Link(_ context.Context, name string, life time.Duration) (string, error) {
	return s.blob(name).GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(life), nil)
}

func (s *Store) List(ctx context.Context, each func(bucket.Object) error) error {
	pages := s.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &s.prefix})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, b := range page.Segment.BlobItems {
			if b.Name == nil || b.Properties == nil || b.Properties.LastModified == nil {
				continue
			}
			if err := each(bucket.Object{Name: strings.TrimPrefix(*b.Name, s.prefix), Modified: *b.Properties.LastModified}); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing says ErrNotFound as Azure says it.
func missing(err error) error {
	if bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.ResourceNotFound) {
		return bucket.Missing(err)
	}
	return err
}

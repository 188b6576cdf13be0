// Package azblob keeps files in a container of Azure Blob Storage. The transfer
// engine calls it, from its attempts; what it starts ends with the call.
//
// A file goes in blocks, several at a time, each with a CRC-64 that the store
// checks. Blocks are not a file until they are committed; what the store lists
// of them is where an attempt goes on. Azure forgets them after a week.
package azblob

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"satchel/chat"
	"satchel/transfer"
)

// Config is a container as a person describes it. The account's key stands
// elsewhere.
type Config struct {
	Account   string `json:"account"`
	Container string `json:"container"`
	Endpoint  string `json:"endpoint,omitempty"` // "": https://ACCOUNT.blob.core.windows.net
	Prefix    string `json:"prefix,omitempty"`   // before the names of files: "satchel/"
	// PublicURL is under what address everybody can read what lies below Prefix;
	// then links need not be signed and do not expire.
	PublicURL string `json:"public_url,omitempty"`
	Days      int    `json:"days,omitempty"` // how long signed links work: 1 to 3650; 0: 365
}

const (
	leastBlock = 8 << 20
	mostBlocks = 50000 // Azure's limit
)

// Store is the handler.
type Store struct {
	transfer.Getter
	cfg    Config
	secret transfer.Secret
	block  int64
}

// New returns a handler that downloads any http and https URL. The errors are
// for the person.
func New(cfg Config, secret transfer.Secret) (*Store, error) {
	if cfg.Account == "" || cfg.Container == "" {
		return nil, transfer.Final("Azure needs the name of the storage account and of the container. Fill both in.", nil)
	}
	cfg.Endpoint = cmp.Or(cfg.Endpoint, "https://"+cfg.Account+".blob.core.windows.net")
	if _, err := transfer.BaseURL(cfg.Endpoint); err != nil {
		return nil, err
	}
	if cfg.Days < 0 || cfg.Days > 3650 {
		return nil, transfer.Final("Links to files work for 1 to 3650 days. Choose a number between.", nil)
	}
	cfg.Days = cmp.Or(cfg.Days, 365)
	return &Store{Getter: transfer.Getter{Client: transfer.NewClient()}, cfg: cfg, secret: secret, block: leastBlock}, nil
}

// client is for one blob.
func (s *Store) client(key string) (*blockblob.Client, error) {
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	cred, err := blob.NewSharedKeyCredential(s.cfg.Account, secret)
	if err != nil {
		return nil, transfer.BadSecret.Error(err)
	}
	address, err := transfer.Below(s.cfg.Endpoint, s.cfg.Container+"/"+key)
	if err != nil {
		return nil, err
	}
	return blockblob.NewClientWithSharedKeyCredential(address, cred, &blockblob.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: s.Client, Retry: policy.RetryOptions{MaxRetries: -1},
	}})
}

// place is where an upload stands. Block is the size of its blocks.
type place struct {
	Key      string    `json:"key"`
	Block    int64     `json:"block,omitempty"`
	Attempts []attempt `json:"attempts,omitempty"`
}

// attempt names the blocks of one attempt, from a number on to where the next
// attempt begins. So a block that arrives late, of an attempt that was given up,
// is never taken for another's.
type attempt struct {
	From int    `json:"from"`
	Mark string `json:"mark"`
}

// block names the block with that number, from 1; Azure wants equal lengths.
func (p *place) block(number int) string {
	mark := ""
	for _, a := range p.Attempts {
		if a.From <= number {
			mark = a.Mark
		}
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%05d%8s", number, mark))
}

// begin adds an attempt whose blocks begin at a number.
func (p *place) begin(from int) {
	for len(p.Attempts) > 0 && p.Attempts[len(p.Attempts)-1].From >= from {
		p.Attempts = p.Attempts[:len(p.Attempts)-1]
	}
	p.Attempts = append(p.Attempts, attempt{from, string(chat.NewTransferID())[:8]})
}

func (s *Store) place(r *transfer.UploadRequest) place {
	p := place{Key: s.cfg.Prefix + string(r.ID)}
	r.Recall(&p)
	return p
}

// Upload puts the file into the container.
func (s *Store) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	at := s.place(r)
	if r.Fresh {
		_ = s.Drop(ctx, r) // what can't be dropped now is nobody's
		at = place{Key: s.cfg.Prefix + string(chat.NewTransferID())}
	}
	at.Block = cmp.Or(at.Block, transfer.PartSize(r.Size, s.block, mostBlocks))
	c, err := s.client(at.Key)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	if err := s.blocks(ctx, c, r, at); err != nil {
		return transfer.UploadResult{}, explain(err)
	}
	return s.link(at.Key)
}

// blocks sends what the store does not have, and commits.
func (s *Store) blocks(ctx context.Context, c *blockblob.Client, r *transfer.UploadRequest, at place) error {
	stored, whole, err := s.list(ctx, c, r, at)
	if err != nil {
		return err
	}
	if whole {
		r.Progress(r.Size) // an earlier attempt came to the end
		return nil
	}
	at.begin(int(stored/at.Block) + 1)
	if err := r.Keep(at); err != nil {
		return err
	}
	r.Progress(stored)
	p := transfer.Parts{Body: r.Body, Stored: stored, Size: r.Size, Part: at.Block, Progress: r.Progress,
		Put: func(ctx context.Context, p *transfer.Part) error {
			_, err := c.StageBlock(ctx, at.block(p.Number), p.Reader(), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeComputeCRC64()})
			return explain(err)
		}}
	if err := p.Send(ctx); err != nil {
		return err
	}
	ids := []string{}
	for n := 1; int64(n-1)*at.Block < r.Size; n++ {
		ids = append(ids, at.block(n))
	}
	octets := "application/octet-stream"
	_, err = c.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{HTTPHeaders: &blob.HTTPHeaders{BlobContentType: &octets}})
	return err
}

// list asks which blocks the store has, and returns how many bytes of the file
// they are from its start on without a gap, or that it is whole.
func (s *Store) list(ctx context.Context, c *blockblob.Client, r *transfer.UploadRequest, at place) (stored int64, whole bool, err error) {
	have, err := c.GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if have.BlobContentLength != nil && *have.BlobContentLength == r.Size && len(have.CommittedBlocks) > 0 {
		return r.Size, true, nil
	}
	sizes := map[string]int64{}
	for _, b := range have.UncommittedBlocks {
		if b.Name != nil && b.Size != nil {
			sizes[*b.Name] = *b.Size
		}
	}
	for n := 1; stored < r.Size && sizes[at.block(n)] == min(at.Block, r.Size-stored); n++ {
		stored += sizes[at.block(n)]
	}
	return stored, false, nil
}

// link is what a message says of the file under a key.
func (s *Store) link(key string) (transfer.UploadResult, error) {
	if s.cfg.PublicURL != "" {
		address, err := transfer.Below(s.cfg.PublicURL, strings.TrimPrefix(key, s.cfg.Prefix))
		return transfer.UploadResult{URL: address}, err
	}
	c, err := s.client(key)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	end := time.Now().Add(time.Duration(s.cfg.Days) * 24 * time.Hour)
	address, err := c.GetSASURL(sas.BlobPermissions{Read: true}, end, nil)
	if err != nil {
		return transfer.UploadResult{}, transfer.BadSecret.Error(err)
	}
	return transfer.UploadResult{URL: address, Expires: end}, nil
}

// Renew signs a link to the same file again.
func (s *Store) Renew(_ context.Context, address string) (transfer.UploadResult, error) {
	u, err := url.Parse(address)
	if err != nil {
		return transfer.UploadResult{}, transfer.NotOurs(err)
	}
	base, err := transfer.Below(s.cfg.Endpoint, s.cfg.Container+"/"+s.cfg.Prefix)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	u.RawQuery = ""
	name, ours := strings.CutPrefix(u.String(), strings.TrimSuffix(base, "/")+"/")
	if s.cfg.Prefix != "" && !strings.HasSuffix(s.cfg.Prefix, "/") {
		name, ours = strings.CutPrefix(u.String(), base)
	}
	if !ours || name == "" {
		return transfer.UploadResult{}, transfer.NotOurs(fmt.Errorf("path %q", u.Path))
	}
	return s.link(s.cfg.Prefix + name)
}

// Drop discards blocks, and deletes what is whole.
func (s *Store) Drop(ctx context.Context, r *transfer.UploadRequest) error {
	c, err := s.client(s.place(r).Key)
	if err != nil {
		return err
	}
	have, err := c.GetBlockList(ctx, blockblob.BlockListTypeUncommitted, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	if err == nil && len(have.UncommittedBlocks) > 0 {
		// An empty file in their place: there is no other way to be rid of blocks.
		_, err = c.CommitBlockList(ctx, nil, nil)
	}
	if err == nil {
		_, err = c.Delete(ctx, nil)
	}
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	return explain(err)
}

// explain gives a store's refusal its sentence; what is none stays as it is.
func explain(err error) error {
	var e *azcore.ResponseError
	if !errors.As(err, &e) || errors.As(err, new(*transfer.Error)) {
		return err
	}
	switch bloberror.Code(e.ErrorCode) {
	case bloberror.AuthenticationFailed, bloberror.AuthorizationFailure, bloberror.InvalidAuthenticationInfo:
		if clockIsOff(e) {
			return transfer.WrongClock.Error(err)
		}
		return transfer.BadSecret.Error(err)
	case bloberror.AuthorizationPermissionMismatch, bloberror.InsufficientAccountPermissions, bloberror.AccountIsDisabled:
		return transfer.NotAllowed.Error(err)
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.InvalidResourceName:
		return transfer.NoBucket.Error(err)
	case bloberror.RequestBodyTooLarge:
		return transfer.TooLarge.Error(err)
	case bloberror.MD5Mismatch, bloberror.CRC64Mismatch, bloberror.InvalidBlockList, bloberror.InvalidBlobOrBlock, bloberror.BlobNotFound:
		return transfer.StoreBusy.Error(err) // arrived otherwise, or blocks vanished: once more
	}
	if t, ok := transfer.TroubleOf(e.StatusCode); ok {
		return t.Error(err)
	}
	return transfer.Refusal.Error(err)
}

// clockIsOff tells whether the store's clock and ours differ by more than the 15
// minutes that Azure allows.
func clockIsOff(e *azcore.ResponseError) bool {
	if e.RawResponse == nil {
		return false
	}
	theirs, err := http.ParseTime(e.RawResponse.Header.Get("Date"))
	return err == nil && time.Since(theirs).Abs() > 14*time.Minute
}

package s3

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"go.uber.org/goleak"

	"satchel/transfer"
	"satchel/transfer/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey    = "satchel"
	testSecret = "a secret for tests"
	bucket     = "files"
)

func secret(s string) transfer.Secret { return func() (string, error) { return s, nil } }

// gateway is versitygw, an S3 server over a folder.
func gateway(t testing.TB) string {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, bucket), 0o755); err != nil {
		t.Fatal(err)
	}
	port := storetest.FreePort(t)
	return storetest.Start(t, port, storetest.Tool(t, "versitygw"), "--port", fmt.Sprintf("127.0.0.1:%d", port), "--access", testKey, "--secret", testSecret, "--quiet", "posix", dir)
}

func open(t testing.TB, address, s string, change func(*Config)) *Store {
	cfg := Config{Endpoint: "http://" + address, Bucket: bucket, AccessKey: testKey, Prefix: "satchel/"}
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg, secret(s))
	if err != nil {
		t.Fatal(err)
	}
	h.part = 5 << 20 // S3's least
	t.Cleanup(h.CloseIdleConnections)
	return h
}

func TestStore(t *testing.T) {
	address := gateway(t)
	storetest.Run(t, storetest.Store{
		Address: address, Chunk: 5 << 20, Resumes: true, Secret: testSecret,
		Open:  func(t testing.TB, address string) transfer.Handler { return open(t, address, testSecret, nil) },
		Wrong: func(t testing.TB, address string) transfer.Handler { return open(t, address, "another", nil) },
		Expired: func(t testing.TB, link string) string {
			// Signed long ago: the signature is good, its time is over.
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			q.Set("X-Amz-Date", time.Now().Add(-8*24*time.Hour).UTC().Format("20060102T150405Z"))
			u.RawQuery = q.Encode()
			return u.String()
		},
	})
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no such bucket":     {func(c *Config) { c.Bucket = "none" }, "is not there"},
		"no such key":        {func(c *Config) { c.AccessKey = "nobody" }, "key or password"},
		"not TLS":            {func(c *Config) { c.Endpoint = "https://" + address }, "TLS"},
		"another public URL": {func(c *Config) { c.PublicURL = "http://" + address + "/none" }, "not read back"},
	} {
		err := transfer.Probe(t.Context(), open(t, address, testSecret, c.change))
		if why := transfer.Reason(err); !strings.Contains(why, c.says) {
			t.Errorf("%s: %q, of %v", name, why, err)
		}
	}
}

// An abort leaves no parts behind that somebody pays for.
func TestDropAborts(t *testing.T) {
	h := open(t, gateway(t), testSecret, nil)
	core, err := h.client()
	if err != nil {
		t.Fatal(err)
	}
	id, err := core.NewMultipartUpload(t.Context(), bucket, "satchel/a", minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Drop(t.Context(), &transfer.UploadRequest{ID: "a", Place: fmt.Sprintf(`{"key":"satchel/a","upload":%q}`, id)}); err != nil {
		t.Fatal(err)
	}
	left, err := core.ListMultipartUploads(t.Context(), bucket, "", "", "", "", 10)
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("left: %v, %v", left.Uploads, err)
	}
}

func TestPartSize(t *testing.T) {
	for _, size := range []int64{1, leastPart * mostParts, leastPart*mostParts + 1, 5 << 40} {
		part := transfer.PartSize(size, leastPart, mostParts)
		if n := (size + part - 1) / part; n > mostParts || part < leastPart {
			t.Errorf("%d bytes: %d parts of %d", size, n, part)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []Config{
		{}, {Endpoint: "s3.example.org", Bucket: "b", AccessKey: "a"}, {Endpoint: "https://a:b@example.org", Bucket: "b", AccessKey: "a"},
		{Endpoint: "https://example.org/b", Bucket: "b", AccessKey: "a"}, {Endpoint: "https://example.org", AccessKey: "a"},
		{Endpoint: "https://example.org", Bucket: "b", AccessKey: "a", Days: 8},
	} {
		if _, err := New(c, secret("")); transfer.Reason(err) == "" {
			t.Errorf("%+v is taken", c)
		}
	}
}

//go:build servers

package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"satchel/net/relay/bucket"
	"satchel/net/relay/bucket/azblob"
	"satchel/net/relay/bucket/gs"
	"satchel/net/relay/bucket/s3"
	"satchel/net/wire"
	"satchel/transfer/storetest"
)

// clouds are the kinds of buckets, each with a real server. They return what
// --files takes.
var clouds = map[string]func(t *testing.T) string{
	"s3": func(t *testing.T) string {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "files"), 0o755); err != nil {
			t.Fatal(err)
		}
		port := storetest.FreePort(t)
		at := storetest.Start(t, port, storetest.Tool(t, "versitygw"), "--port", fmt.Sprintf("127.0.0.1:%d", port), "--access", "satchel", "--secret", "a secret for tests", "--quiet", "posix", dir)
		t.Setenv("AWS_ACCESS_KEY_ID", "satchel")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "a secret for tests")
		return "s3://files/satchel?endpoint=http://" + at
	},
	"azblob": func(t *testing.T) string {
		// The account and key that Azurite's documentation names.
		const account, key = "devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
		port := storetest.FreePort(t)
		at := storetest.Start(t, port, "node", storetest.Tool(t, "azurite")+"/node_modules/azurite/dist/src/blob/main.js",
			"--blobPort", strconv.Itoa(port), "--inMemoryPersistence", "--silent", "--skipApiVersionCheck")
		cred, err := blob.NewSharedKeyCredential(account, key)
		if err != nil {
			t.Fatal(err)
		}
		c, err := container.NewClientWithSharedKeyCredential("http://"+at+"/"+account+"/files", cred, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Create(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AZURE_STORAGE_KEY", key)
		return "azblob://files/satchel?account=" + account + "&endpoint=http://" + at + "/" + account
	},
	"gs": func(t *testing.T) string {
		port := storetest.FreePort(t)
		at := storetest.Start(t, port, storetest.Tool(t, "fake-gcs-server"), "-scheme", "http", "-host", "127.0.0.1", "-port", strconv.Itoa(port), "-public-host", fmt.Sprintf("127.0.0.1:%d", port), "-backend", "memory", "-log-level", "error")
		resp, err := http.Post("http://"+at+"/storage/v1/b?project=p", "application/json", strings.NewReader(`{"name":"files"}`))
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
		// That server asks for no token; this gives one, as Google does.
		tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"access_token":"a token for tests","token_type":"Bearer","expires_in":3600}`)
		}))
		t.Cleanup(tokens.Close)
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		account, err := json.Marshal(map[string]string{"client_email": "relay@p.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": tokens.URL,
			"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "key.json")
		if err := os.WriteFile(file, account, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
		return "gs://files/satchel?endpoint=http://" + at
	},
}

var allBuckets = map[string]bucket.Opener{"s3": s3.Open, "azblob": azblob.Open, "gs": gs.Open}

func openBucket(t *testing.T, files string) bucket.Bucket {
	t.Helper()
	u, err := url.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	b, err := allBuckets[u.Scheme](u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// things are all objects of a bucket, and uploads that were begun.
func things(t *testing.T, b bucket.Bucket) (all []string) {
	t.Helper()
	err := b.List(context.Background(), func(o bucket.Object) error {
		all = append(all, o.Name+o.Upload)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

const cloudSize = 2*bucket.LeastPart + 12345

func TestCloudAfterCuts(t *testing.T) {
	for kind, open := range clouds {
		t.Run(kind, func(t *testing.T) {
			files := open(t)
			b := openBucket(t, files)
			c := Config{Dir: t.TempDir(), Files: files, Buckets: allBuckets}
			c.Limits.part = bucket.LeastPart
			keptAfterCuts(t, c, bucket.LeastPart+12345, 3<<20+1, func() []string { return things(t, b) })
		})
	}
}

// Several relays on one PostgreSQL and one bucket: an upload goes on at each in
// turn, and comes back by a signed link, or through the relay. Two that write
// the same upload at once spoil nothing.
func TestCloudShared(t *testing.T) {
	for kind, open := range clouds {
		t.Run(kind, func(t *testing.T) {
			files := open(t)
			c := Config{Database: newDatabase(t), Files: files, Buckets: allBuckets}
			c.Limits.part = bucket.LeastPart
			one := start(t, c)
			c.Files += "&proxy=1"
			other := start(t, c)
			mara := join(t, one, "Mara")
			there := mara.again(other.URL())
			file, content, sum := newFile(cloudSize)
			k := mara.ticket(wire.TicketUpload, file, len(content))
			mara.post(k, len(content))
			for at, n := 0, 0; at < len(content); n++ {
				by, to := []*client{mara, there}[n%2], min(at+3<<20+1, len(content))
				if n == 1 {
					// The same bytes come to both at once: one of them is told to ask again, or both
					// took them one after the other.
					var all sync.WaitGroup
					for _, c := range []*client{mara, there} {
						all.Go(func() { c.patch(k, at, content[at:to]) })
					}
					all.Wait()
				} else {
					by.patch(k, at, content[at:to])
				}
				resp, _ := by.request("HEAD", k.URL, k.Token, nil)
				now, err := strconv.Atoi(resp.Header.Get("Upload-Offset"))
				if err != nil || now <= at {
					t.Fatalf("it stands at %s, after %d", resp.Header.Get("Upload-Offset"), at)
				}
				at = now
			}
			if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.Header.Get(headerSHA256) != sum {
				t.Fatalf("%v", resp.Header)
			}
			k = mara.ticket(wire.TicketDownload, file, 0)
			follow := *http.DefaultClient
			defer func(c http.Client) { *http.DefaultClient = c }(follow)
			var passed []string
			http.DefaultClient.CheckRedirect = func(r *http.Request, via []*http.Request) error {
				passed = append(passed, r.URL.Host)
				r.Header.Del("Authorization")
				return nil
			}
			for _, c := range []*client{mara, there} {
				if _, body := c.request("GET", k.URL, k.Token, nil); body != string(content) {
					t.Errorf("%d bytes come back", len(body))
				}
				if resp, body := c.request("GET", k.URL, k.Token, nil, "Range", "bytes=5242870-5242889"); body != string(content[5242870:5242890]) || resp.StatusCode != 206 {
					t.Errorf("%d, %d bytes", resp.StatusCode, len(body))
				}
			}
			if len(passed) != 2 {
				t.Errorf("links were followed to %v", passed)
			}
			small, content, _ := newFile(100)
			mara.upload(small, content)
			empty, _, _ := newFile(0)
			mara.upload(empty, nil)
			k = there.ticket(wire.TicketDownload, small, 0)
			if _, body := there.request("GET", k.URL, k.Token, nil); body != string(content) {
				t.Errorf("%q", body)
			}
			k = mara.ticket(wire.TicketDownload, empty, 0)
			if resp, body := mara.request("GET", k.URL, k.Token, nil); body != "" || resp.StatusCode != 200 {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
			if n := len(things(t, openBucket(t, files))); n != 3 {
				t.Errorf("%d things for 3 files", n)
			}
		})
	}
}

// What is wrong with a bucket is said before the relay is served.
func TestCloudRefused(t *testing.T) {
	for kind, open := range clouds {
		t.Run(kind, func(t *testing.T) {
			files := open(t)
			for _, wrong := range []string{strings.Replace(files, "://files", "://none", 1), files + "&colour=blue", kind + "://", strings.Replace(files, "http://127", "ftp://127", 1), files + "&proxy=perhaps"} {
				r, err := Open(Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Files: wrong, Buckets: allBuckets})
				if err == nil {
					r.Close()
				}
				if err == nil || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: %v", wrong, err)
				}
			}
			b := openBucket(t, files)
			if _, err := b.Size(t.Context(), "none"); !errors.Is(err, bucket.ErrNotFound) {
				t.Error(err)
			}
			if err := errors.Join(b.Delete(t.Context(), "none"), b.Put(t.Context(), "some", bytes.Repeat([]byte("x"), 10))); err != nil {
				t.Error(err)
			}
		})
	}
}

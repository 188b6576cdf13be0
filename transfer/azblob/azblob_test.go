package azblob

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"go.uber.org/goleak"

	"satchel/transfer"
	"satchel/transfer/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Azurite's account, which its documentation names.
const (
	account   = "devstoreaccount1"
	testKey   = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
	testBlock = 1 << 20
)

// azurite is Microsoft's own emulator of the service.
func azurite(t testing.TB) string {
	port := storetest.FreePort(t)
	address := storetest.Start(t, port, "node", storetest.Tool(t, "azurite")+"/node_modules/azurite/dist/src/blob/main.js",
		"--blobPort", strconv.Itoa(port), "--inMemoryPersistence", "--silent", "--skipApiVersionCheck")
	cred, err := blob.NewSharedKeyCredential(account, testKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := container.NewClientWithSharedKeyCredential("http://"+address+"/"+account+"/files", cred, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return address
}

func open(t testing.TB, address, key string, change func(*Config)) *Store {
	cfg := Config{Account: account, Container: "files", Endpoint: "http://" + address + "/" + account, Prefix: "satchel/"}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg, func() (string, error) { return key, nil })
	if err != nil {
		t.Fatal(err)
	}
	s.block = testBlock
	t.Cleanup(s.CloseIdleConnections)
	return s
}

func TestStore(t *testing.T) {
	address := azurite(t)
	storetest.Run(t, storetest.Store{
		Address: address, Chunk: testBlock, Resumes: true, Secret: testKey,
		Open: func(t testing.TB, address string) transfer.Handler { return open(t, address, testKey, nil) },
		Wrong: func(t testing.TB, address string) transfer.Handler {
			return open(t, address, base64.StdEncoding.EncodeToString([]byte("another")), nil)
		},
		Expired: func(t testing.TB, link string) string {
			// Signed as it was a year ago.
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			cred, err := blob.NewSharedKeyCredential(account, testKey)
			if err != nil {
				t.Fatal(err)
			}
			q, err := sas.BlobSignatureValues{ExpiryTime: time.Now().Add(-time.Hour), Permissions: "r", ContainerName: "files",
				BlobName: strings.TrimPrefix(u.Path, "/"+account+"/files/")}.SignWithSharedKey(cred)
			if err != nil {
				t.Fatal(err)
			}
			u.RawQuery = q.Encode()
			return u.String()
		},
	})
	for name, c := range map[string]struct {
		change func(*Config)
		key    string
		says   string
	}{
		"no such container": {func(c *Config) { c.Container = "none" }, testKey, "is not there"},
		"no base64":         {nil, "!", "key or password"},
		"not TLS":           {func(c *Config) { c.Endpoint = "https://" + address + "/" + account }, testKey, "TLS"},
	} {
		err := transfer.Probe(t.Context(), open(t, address, c.key, c.change))
		if why := transfer.Reason(err); !strings.Contains(why, c.says) {
			t.Errorf("%s: %q, of %v", name, why, err)
		}
	}
}

package relay

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"satchel/internal/postgres"
	"satchel/net/relay/bucket"
	"satchel/net/seal"
	"satchel/net/wire"
)

// childConfig, in the environment, makes the test's program a relay of its own,
// one that can be killed. It is a Config in JSON.
const childConfig = "SATCHEL_RELAY_TEST_CONFIG"

// testDatabase, in the environment, is "postgres" when every relay of these
// tests is to keep what it knows there, and not in SQLite.
const testDatabase = "SATCHEL_TEST_DATABASE"

func TestMain(m *testing.M) {
	if config := os.Getenv(childConfig); config != "" {
		if err := serveChild(config); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		databases.server.Stop()
		os.Exit(code)
	}))
}

// childBuckets are those that a relay in a process of its own knows.
var childBuckets map[string]bucket.Opener

func serveChild(config string) error {
	c := Config{Buckets: childBuckets}
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	c.Listen, c.Limits.ConnectBurst = "127.0.0.1:0", 1e6
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	r, err := Open(c)
	if err != nil {
		return err
	}
	fmt.Println("http://" + r.listener.Addr().String())
	return r.Serve(ctx)
}

// databases are those in PostgreSQL, by the folder of the relay that has one.
var databases struct {
	mu     sync.Mutex
	server *postgres.Server
	byDir  map[string]string
}

// newDatabase makes one in PostgreSQL, and starts that first where it does not run.
func newDatabase(t testing.TB) string {
	t.Helper()
	databases.mu.Lock()
	defer databases.mu.Unlock()
	var err error
	if databases.server == nil {
		// Relays are killed here, and the server is not: it need not sync.
		if databases.server, err = postgres.Start("fsync=off"); err != nil {
			t.Fatal(err)
		}
	}
	url, err := databases.server.Database()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// withDatabase gives a relay in a folder the database that these tests are for.
func withDatabase(t testing.TB, c Config) Config {
	if c.Database != "" || os.Getenv(testDatabase) != "postgres" {
		return c
	}
	databases.mu.Lock()
	c.Database = databases.byDir[c.Dir]
	databases.mu.Unlock()
	if c.Database == "" {
		c.Database = newDatabase(t)
		databases.mu.Lock()
		if databases.byDir == nil {
			databases.byDir = map[string]string{}
		}
		databases.byDir[c.Dir] = c.Database
		databases.mu.Unlock()
	}
	return c
}

// inviteTo makes an invitation as another process does.
func inviteTo(t testing.TB, c Config) string {
	t.Helper()
	link, err := InviteTo(t.Context(), withDatabase(t, c), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// within is how long anything may take before a test gives up.
const within = time.Minute

// start serves a relay until the test ends.
func start(t testing.TB, c Config) *Relay {
	t.Helper()
	r, _ := startStop(t, c)
	return r
}

// startStop also returns what stops it.
func startStop(t testing.TB, c Config) (*Relay, func()) {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	c = withDatabase(t, c)
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Limits.ConnectBurst == 0 {
		c.Limits.ConnectBurst = 10000
	}
	r, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-served:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(within):
			t.Error("Serve did not return")
		}
		http.DefaultClient.CloseIdleConnections()
	}
	t.Cleanup(stop)
	return r, stop
}

// child serves a relay in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
}

// startChild starts one; before it can come words that run a command, like strace's.
func startChild(t testing.TB, c Config, before ...string) *child {
	t.Helper()
	config, err := json.Marshal(withDatabase(t, c))
	if err != nil {
		t.Fatal(err)
	}
	words := append(slices.Clone(before), os.Args[0], "-test.run=^$")
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), childConfig+"="+string(config))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	k := &child{cmd: cmd}
	t.Cleanup(k.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the relay did not start: %v", err)
	}
	k.url = strings.TrimSpace(line)
	return k
}

// kill ends it without a warning.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		c.cmd.Process.Kill()
		c.cmd.Wait()
	}
}

// client is one connection, used by one goroutine.
type client struct {
	t   testing.TB
	url string
	*identity
	account string
	name    string
	ws      *websocket.Conn
	welcome *wire.Welcome
	kept    []wire.Frame // read while looking for another
	n       int
}

// dial opens a WebSocket and reads the challenge.
func dial(t testing.TB, url string) (*websocket.Conn, *wire.Challenge) {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: within}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(url, "http")+wire.PathSocket, nil)
	if err != nil {
		t.Fatalf("dial: %v %v", err, resp)
	}
	t.Cleanup(func() { ws.Close() })
	ws.SetReadDeadline(time.Now().Add(within))
	_, b, err := ws.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	f, err := wire.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return ws, f.(*wire.Challenge)
}

// identity is a device of an account. The account is shared by its devices.
type identity struct {
	device *seal.Device
	owner  *owner
}

// owner is an account, as its devices know it.
type owner struct {
	chain *seal.Account
	first []byte
	boxes seal.Boxes
	keys  seal.AccountKeys
}

// newIdentity makes the first device of an account.
func newIdentity(t testing.TB) *identity {
	t.Helper()
	d := seal.NewDevice(seal.Computer)
	a, first, boxes, err := seal.NewAccount(d, "laptop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.OpenAccountKeys(a, d, boxes)
	if err != nil {
		t.Fatal(err)
	}
	return &identity{d, &owner{a, first, boxes, keys}}
}

func (i *identity) author() seal.Author { return seal.Author{Account: i.owner.chain, Device: i.device} }

func (i *identity) root() seal.Hash { return i.owner.chain.Root() }

// hello makes a hello that a relay takes.
func hello(c *wire.Challenge, i *identity, invite, name string) *wire.Hello {
	pub := i.device.Public().Key
	h := &wire.Hello{Header: wire.Header{ID: "hello"}, Account: string(i.owner.chain.ID()), Device: string(i.device.ID()), Key: wire.B64(pub[:]),
		Nonce: wire.NewNonce(), First: i.owner.first, Invite: invite, Name: name}
	i.sign(c, h)
	return h
}

func (i *identity) sign(c *wire.Challenge, h *wire.Hello) {
	h.Signature = wire.B64(i.device.Sign(wire.HelloText(c, h)))
}

// connect says hello and returns the answer: a welcome or an error.
func connect(t testing.TB, url string, i *identity, invite, name string) (*client, *wire.Error) {
	t.Helper()
	ws, challenge := dial(t, url)
	c := &client{t: t, url: url, identity: i, account: string(i.owner.chain.ID()), name: name, ws: ws}
	h := hello(challenge, i, invite, name)
	c.write(h)
	switch f := c.read().(type) {
	case *wire.Welcome:
		proof, _ := wire.UnB64(f.Proof)
		relayKey, _ := wire.UnB64(challenge.Relay)
		if f.Re != h.ID || !ed25519.Verify(relayKey, wire.WelcomeText(challenge, h), proof) {
			t.Fatal("the relay did not prove its key")
		}
		c.welcome = f
		return c, nil
	case *wire.Error:
		if f.Re != h.ID {
			t.Errorf("an error without the id of the hello: %+v", f)
		}
		return c, f
	default:
		t.Fatalf("got %T", f)
		return nil, nil
	}
}

// join registers somebody, who begins notes to self.
func join(t testing.TB, r *Relay, name string) *client {
	t.Helper()
	link, err := r.Invite(t.Context(), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return joinBy(t, r.URL(), link, name)
}

func joinBy(t testing.TB, url, link, name string) *client {
	t.Helper()
	i, err := wire.ParseInvitation(link)
	if err != nil {
		t.Fatal(err)
	}
	c, e := connect(t, url, newIdentity(t), i.Code, name)
	if e != nil {
		t.Fatalf("%s can't join: %v", name, e)
	}
	v, w, err := seal.NewSelf(c.author(), time.Now())
	c.begin(v, w, err)
	return c
}

// again connects the same device once more.
func (c *client) again(url string) *client {
	c.t.Helper()
	other, e := connect(c.t, url, c.identity, "", "")
	if e != nil {
		c.t.Fatal(e)
	}
	return other
}

func (c *client) write(f wire.Frame) {
	c.t.Helper()
	b, err := wire.Encode(f)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.ws.WriteMessage(websocket.TextMessage, b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read() wire.Frame {
	c.t.Helper()
	c.ws.SetReadDeadline(time.Now().Add(within))
	_, b, err := c.ws.ReadMessage()
	if err != nil {
		c.t.Fatalf("%s: %v", c.name, err)
	}
	if len(b) > wire.MaxRelayFrame {
		c.t.Fatalf("a frame of %d bytes", len(b))
	}
	f, err := wire.Decode(b)
	if err != nil {
		c.t.Fatal(err)
	}
	return f
}

// ask sends a request and returns its answer; what comes before it is kept.
func (c *client) ask(f wire.Frame) wire.Frame {
	c.t.Helper()
	c.n++
	f.Meta().ID = fmt.Sprint(c.n)
	c.write(f)
	for {
		a := c.read()
		if a.Meta().Re == f.Meta().ID {
			return a
		}
		c.kept = append(c.kept, a)
	}
}

// must asks for an answer of one type.
func must[T wire.Frame](c *client, f wire.Frame) T {
	c.t.Helper()
	a := c.ask(f)
	v, ok := a.(T)
	if !ok {
		c.t.Fatalf("%T was answered with %T %+v", f, a, a)
	}
	return v
}

// refused asks and wants an error with this code.
func (c *client) refused(code string, f wire.Frame) {
	c.t.Helper()
	if e := must[*wire.Error](c, f); e.Code != code || !strings.HasSuffix(e.Message, ".") {
		c.t.Errorf("%T: got %s %q, want %s", f, e.Code, e.Message, code)
	}
}

// news returns the next frame of a type that came unasked.
func news[T wire.Frame](c *client) T {
	c.t.Helper()
	for i, f := range c.kept {
		if v, ok := f.(T); ok && f.Meta().Re == "" {
			c.kept = append(c.kept[:i], c.kept[i+1:]...)
			return v
		}
	}
	for {
		f := c.read()
		if v, ok := f.(T); ok && f.Meta().Re == "" {
			return v
		}
		c.kept = append(c.kept, f)
	}
}

// quiet fails if a frame of this type has come: it asks something, and all
// that was sent before the answer has arrived with it.
func quiet[T wire.Frame](c *client) {
	c.t.Helper()
	c.ask(&wire.FindAccounts{Name: "nobody"})
	for _, f := range c.kept {
		if _, ok := f.(T); ok {
			c.t.Errorf("%s got %+v", c.name, f)
		}
	}
}

func (c *client) self() string { return wire.SelfID(c.account) }

// begin sends the first statement of a conversation.
func (c *client) begin(v *seal.Conversation, w *seal.Written, err error) string {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	must[*wire.OK](c, &wire.AppendChain{Conversation: string(v.ID()), Statement: w.Statement, Boxes: w.Boxes})
	return string(v.ID())
}

// direct makes the conversation of two.
func direct(a, b *client) string {
	a.t.Helper()
	return a.begin(seal.NewDirect(a.author(), b.owner.chain, time.Now()))
}

// group makes a group of which c is the owner.
func group(c *client, others ...*client) string {
	c.t.Helper()
	var changes []seal.MemberState
	accounts := seal.Accounts{}
	for _, o := range others {
		changes = append(changes, seal.MemberState{Root: o.root(), Role: seal.Member})
		accounts[o.root()] = o.owner.chain
	}
	return c.begin(seal.NewGroup(c.author(), changes, "Studio", accounts, time.Now()))
}

func (c *client) send(conversation, message, body string, files ...string) *wire.Sent {
	c.t.Helper()
	return must[*wire.Sent](c, &wire.Send{Conversation: conversation, Message: message, Body: []byte(body), Files: files})
}

// request makes an HTTP request with a ticket and headers, name and value in turn.
func (c *client) request(method, path, token string, body io.Reader, headers ...string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, string(b)
}

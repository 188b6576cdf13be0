// Command load measures a relay that runs in a process of its own beside it, on
// the same machine: how fast messages are durable and delivered, at which rate
// that still holds, what a large group costs, and what a connection that does
// nothing takes. The load is open and counts from the time at which a message
// was due (no coordinated omission). It also measures the store alone, without
// a network, for the proportion. It asserts nothing but that every message was
// acknowledged once and delivered once to everybody. `make bench-relay` runs it.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"satchel/internal/postgres"
	"satchel/net/seal"
	"satchel/net/wire"
)

// Sizes of the loads.
const (
	pairs      = 100
	groups     = 20
	groupSize  = 10
	crowd      = 1000 // members of the large group, all online
	crowdRate  = 2.0  // messages a second in it
	idle       = 10000
	lasts      = 10 * time.Second
	within99   = 100 * time.Millisecond
	warmRate   = 100
	firstRate  = 1000
	lowestRate = 30
	stepFactor = 1.25
)

func main() {
	database := flag.String("database", "sqlite", "sqlite or postgres")
	relay := flag.String("relay", "build/satchel-relay", "the program")
	parts := flag.String("parts", "store,pairs,groups,crowd,behind,idle,others", "what to measure")
	at := flag.Float64("rate", 0, "messages a second between pairs, for as long as -lasts; 0: search for the highest")
	long := flag.Duration("lasts", lasts, "how long one load is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, *relay, *database, strings.Split(*parts, ","), *at, *long)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// relay is one that runs.
type relay struct {
	cmd     *exec.Cmd
	url     string
	numbers string // host:port of its metrics
	link    string // an invitation for everybody
	invite  string // its code
}

func startRelay(program, dir, database string) (*relay, error) {
	args := []string{"--data", dir}
	if database != "" {
		args = append(args, "--database", database)
	}
	numbers, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics", numbers}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &relay{cmd: cmd, numbers: numbers}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		r.stop()
		return nil, errors.New("the relay did not start")
	}
	r.url = strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	link, err := exec.Command(program, append([]string{"invite", "--uses", "10000"}, args...)...).Output()
	if err != nil {
		r.stop()
		return nil, fmt.Errorf("no invitation: %w", err)
	}
	r.link = strings.TrimSpace(string(link))
	i, err := wire.ParseInvitation(r.link)
	r.invite = i.Code
	return r, err
}

func (r *relay) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait()
}

func measure(ctx context.Context, program, database string, parts []string, at float64, long time.Duration) error {
	dir, err := os.MkdirTemp("", "satchel-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var server *postgres.Server
	if database == "postgres" {
		if server, err = postgres.Start(); err != nil {
			return err
		}
		defer func() { _ = server.Stop() }() // its folder is thrown away
	}
	fresh := func(name string) (where string, err error) {
		if server != nil {
			return server.Database()
		}
		return "sqlite:" + filepath.Join(dir, name+".db"), nil
	}
	has := func(part string) bool { return strings.Contains(","+strings.Join(parts, ",")+",", ","+part+",") }
	alone, highest := 0.0, 0.0
	if has("store") {
		where, err := fresh("alone")
		if err != nil {
			return err
		}
		if alone, err = storeAlone(where); err != nil {
			return err
		}
		fmt.Printf("%s alone, 256 messages of %d bytes waiting: %.0f durable messages/s\n", database, bodySize, alone)
	}
	where, err := fresh("relay")
	if err != nil {
		return err
	}
	r, err := startRelay(program, filepath.Join(dir, "relay"), where)
	if err != nil {
		return err
	}
	defer r.stop()
	before, err := r.use()
	if err != nil {
		return err
	}
	people := make([]*person, crowd)
	for i := range people {
		if people[i], err = newPerson(fmt.Sprint("Person ", i)); err != nil {
			return err
		}
	}
	clients, err := connectAll(ctx, people, func(p *person) (*client, error) { return connect(ctx, r.url, p, r.invite) })
	if err != nil {
		return err
	}
	// Each part has connections of its own: those that nobody reads for a minute are
	// taken for dead.
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"pairs", func() (err error) {
			highest, err = measurePairs(ctx, clients, at, long, alone)
			return err
		}},
		{"groups", func() error { return measureGroups(ctx, clients, long) }},
		{"crowd", func() error { return measureCrowd(ctx, clients, long) }},
		{"behind", func() error { return measureBehind(ctx, dir, r, clients) }},
	} {
		if !has(part.name) {
			continue
		}
		if err := part.do(); err != nil {
			return err
		}
		hangUp(clients)
		if clients, err = connectAll(ctx, people, func(p *person) (*client, error) { return connect(ctx, r.url, p, "") }); err != nil {
			return err
		}
	}
	hangUp(clients)
	if has("idle") {
		if err := measureIdle(ctx, r, people, before); err != nil {
			return err
		}
	}
	if has("others") {
		return measureOthers(ctx, dir, long, highest)
	}
	return nil
}

func hangUp(clients []*client) {
	for _, c := range clients {
		c.ws.Close()
	}
}

func measurePairs(ctx context.Context, clients []*client, at float64, long time.Duration, alone float64) (highest float64, err error) {
	var senders []sender
	for i := range pairs {
		a, b := clients[2*i], clients[2*i+1]
		id, err := a.begin(seal.NewDirect(a.author(), b.chain, time.Now()))
		if err != nil {
			return 0, err
		}
		senders = append(senders, sender{a, id}, sender{b, id})
	}
	c := &climb{name: fmt.Sprint(pairs, " pairs"), senders: senders, hearers: lines(clients[:2*pairs]), lasts: long}
	if at > 0 {
		if _, err = c.load(ctx, warmRate); err == nil {
			_, err = c.load(ctx, at)
		}
		return 0, err
	}
	if highest, err = c.highest(ctx); err != nil {
		return 0, err
	}
	fmt.Printf("highest rate with p99 < %v both ways: %.0f messages/s", within99, highest)
	if alone > 0 {
		fmt.Printf(", %.2f × the store alone", highest/alone)
	}
	fmt.Println()
	return highest, nil
}

func lines(clients []*client) (all []line) {
	for _, c := range clients {
		all = append(all, c)
	}
	return all
}

// climb is a search for the highest rate.
type climb struct {
	name    string
	senders []sender
	hearers []line
	lasts   time.Duration
	loads   int
	sent    int64 // messages of all loads
}

func (c *climb) load(ctx context.Context, rate float64) (*run, error) {
	c.loads++
	l := &run{name: fmt.Sprintf("p%d.%.0f", c.loads, rate), senders: c.senders, hearers: c.hearers, rate: rate, lasts: c.lasts, each: 1}
	err := l.do(ctx)
	c.sent += l.begun.Load()
	if err == nil {
		fmt.Printf("%s, %5.0f messages/s: %s\n", c.name, rate, l.report())
	}
	return l, err
}

// highest is the highest rate whose p99 was within bounds, both ways. The search
// begins at firstRate, and goes down from there where that is too much already.
func (c *climb) highest(ctx context.Context) (highest float64, err error) {
	if _, err := c.load(ctx, warmRate); err != nil {
		return 0, err
	}
	holds := func(rate float64) (bool, error) {
		l, err := c.load(ctx, rate)
		if err == nil && l.p99() > within99 {
			l, err = c.load(ctx, rate) // once more: the machine may have stood still
		}
		return err == nil && l.p99() <= within99, err
	}
	first := float64(firstRate)
	for {
		ok, err := holds(first)
		if err != nil || first <= lowestRate && !ok {
			return 0, err
		}
		if ok {
			break
		}
		first /= 2
	}
	for highest = first; ; {
		rate := highest * stepFactor
		ok, err := holds(rate)
		if err != nil || !ok {
			return highest, err
		}
		highest = rate
	}
}

func measureGroups(ctx context.Context, clients []*client, long time.Duration) error {
	var senders []sender
	for i := range groups {
		members := clients[i*groupSize : (i+1)*groupSize]
		id, err := newGroup(members)
		if err != nil {
			return err
		}
		for _, m := range members {
			senders = append(senders, sender{m, id})
		}
	}
	l := &run{name: "g", senders: senders, hearers: lines(clients[:groups*groupSize]), rate: 500, lasts: long, each: groupSize - 1}
	if err := l.do(ctx); err != nil {
		return err
	}
	fmt.Printf("%d groups of %d, %.0f messages/s, %.0f deliveries/s: %s\n", groups, groupSize, l.rate, l.rate*float64(l.each), l.report())
	return nil
}

func newGroup(members []*client) (string, error) {
	owner := members[0]
	var states []seal.MemberState
	accounts := seal.Accounts{}
	for _, m := range members[1:] {
		states = append(states, seal.MemberState{Root: m.chain.Root(), Role: seal.Member})
		accounts[m.chain.Root()] = m.chain
	}
	return owner.begin(seal.NewGroup(owner.author(), states, "", accounts, time.Now()))
}

func measureCrowd(ctx context.Context, clients []*client, long time.Duration) error {
	id, err := newGroup(clients)
	if err != nil {
		return err
	}
	var senders []sender
	for _, c := range clients[:20] {
		senders = append(senders, sender{c, id})
	}
	l := &run{name: "c", senders: senders, hearers: lines(clients), rate: crowdRate, lasts: long, each: crowd - 1}
	if err := l.do(ctx); err != nil {
		return err
	}
	fmt.Printf("a group of %d, all online, %.0f messages/s, %.0f deliveries/s: %s\n", crowd, l.rate, l.rate*float64(l.each), l.report())
	return nil
}

// measureIdle opens connections that do nothing, and tells what each costs both
// ends: in the memory that the system counts, and in what Go has in use.
func measureIdle(ctx context.Context, r *relay, people []*person, before use) error {
	mine, err := ownUse()
	if err != nil {
		return err
	}
	var many []*person
	for i := range idle {
		many = append(many, people[i%len(people)])
	}
	clients, err := connectAll(ctx, many, func(p *person) (*client, error) { return connect(ctx, r.url, p, "") })
	if err != nil {
		return err
	}
	after, err := r.use()
	if err != nil {
		return err
	}
	now, err := ownUse()
	if err != nil {
		return err
	}
	each := func(a, b int64) float64 { return float64(a-b) / 1024 / idle }
	fmt.Printf("%d idle connections: %.1f KB each at the relay (heap and stacks %.1f KB), which has %d MB; %.1f KB each at the other end (heap and stacks %.1f KB)\n",
		idle, each(after.resident, before.resident), each(after.live, before.live), after.resident>>20, each(now.resident, mine.resident), each(now.live, mine.live))
	for _, c := range clients {
		c.ws.Close()
	}
	return nil
}

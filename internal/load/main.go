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
	"strconv"
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
	firstRate  = 1000
	stepFactor = 1.25
)

func main() {
	database := flag.String("database", "sqlite", "sqlite or postgres")
	relay := flag.String("relay", "build/satchel-relay", "the program")
	parts := flag.String("parts", "store,pairs,groups,crowd,idle", "what to measure")
	at := flag.Float64("rate", 0, "messages a second between pairs, for as long as -lasts; 0: search for the highest")
	long := flag.Duration("lasts", lasts, "how long one load is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, *relay, *database, strings.Split(*parts, ","), *at, *long); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// relay is one that runs.
type relay struct {
	cmd    *exec.Cmd
	url    string
	invite string // for everybody
}

func startRelay(program, dir, database string) (*relay, error) {
	args := []string{"--data", dir}
	if database != "" {
		args = append(args, "--database", database)
	}
	cmd := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &relay{cmd: cmd}
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
	i, err := wire.ParseInvitation(strings.TrimSpace(string(link)))
	r.invite = i.Code
	return r, err
}

func (r *relay) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait()
}

// memory is how many bytes of it are in memory.
func (r *relay) memory() (int64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(r.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("its memory is not told here")
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
		defer server.Stop()
	}
	fresh := func(name string) (where string, err error) {
		if server != nil {
			return server.Database()
		}
		return "sqlite:" + filepath.Join(dir, name+".db"), nil
	}
	has := func(part string) bool { return strings.Contains(","+strings.Join(parts, ",")+",", ","+part+",") }
	alone := 0.0
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
	before, err := r.memory()
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
	if has("pairs") {
		if err := measurePairs(ctx, clients, at, long, alone); err != nil {
			return err
		}
	}
	if has("groups") {
		if err := measureGroups(ctx, clients, long); err != nil {
			return err
		}
	}
	if has("crowd") {
		if err := measureCrowd(ctx, clients, long); err != nil {
			return err
		}
	}
	for _, c := range clients {
		c.ws.Close()
	}
	if has("idle") {
		return measureIdle(ctx, r, people, before)
	}
	return nil
}

func measurePairs(ctx context.Context, clients []*client, at float64, long time.Duration, alone float64) error {
	var senders []sender
	hearers := clients[:2*pairs]
	for i := range pairs {
		a, b := clients[2*i], clients[2*i+1]
		id, err := a.begin(seal.NewDirect(a.author(), b.chain, time.Now()))
		if err != nil {
			return err
		}
		senders = append(senders, sender{a, id}, sender{b, id})
	}
	loads := 0
	load := func(rate float64) (*run, error) {
		loads++
		l := &run{name: fmt.Sprintf("p%d.%.0f", loads, rate), senders: senders, hearers: hearers, rate: rate, lasts: long, each: 1}
		err := l.do(ctx)
		if err == nil {
			fmt.Printf("%d pairs, %5.0f messages/s: %s\n", pairs, rate, l.report())
		}
		return l, err
	}
	if _, err := load(500); err != nil { // also warms it up
		return err
	}
	if at > 0 {
		_, err := load(at)
		return err
	}
	highest := 0.0
	for rate := float64(firstRate); ; rate *= stepFactor {
		l, err := load(rate)
		if err == nil && l.p99() > within99 {
			l, err = load(rate) // once more: the machine may have stood still
		}
		if err != nil {
			return err
		}
		if l.p99() > within99 {
			break
		}
		highest = rate
	}
	fmt.Printf("highest rate with p99 < %v both ways: %.0f messages/s", within99, highest)
	if alone > 0 {
		fmt.Printf(", %.2f × the store alone", highest/alone)
	}
	fmt.Println()
	return nil
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
	l := &run{name: "g", senders: senders, hearers: clients[:groups*groupSize], rate: 500, lasts: long, each: groupSize - 1}
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
	l := &run{name: "c", senders: senders, hearers: clients, rate: crowdRate, lasts: long, each: crowd - 1}
	if err := l.do(ctx); err != nil {
		return err
	}
	fmt.Printf("a group of %d, all online, %.0f messages/s, %.0f deliveries/s: %s\n", crowd, l.rate, l.rate*float64(l.each), l.report())
	return nil
}

// measureIdle opens connections that do nothing.
func measureIdle(ctx context.Context, r *relay, people []*person, before int64) error {
	var many []*person
	for i := range idle {
		many = append(many, people[i%len(people)])
	}
	clients, err := connectAll(ctx, many, func(p *person) (*client, error) { return connect(ctx, r.url, p, "") })
	if err != nil {
		return err
	}
	after, err := r.memory()
	if err != nil {
		return err
	}
	fmt.Printf("%d idle connections: %.1f KB each; the relay has %d MB\n", idle, float64(after-before)/1024/idle, after>>20)
	for _, c := range clients {
		c.ws.Close()
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
)

// Somebody who was away: two conversations with each of the people, and this
// many messages in each.
const behindEach = 50

// device is a session that runs.
type device struct {
	*session.Session
	ended chan error
}

func openDevice(dir string) (*device, error) {
	s, err := session.Open(session.Options{Dir: dir, Client: "load"})
	if err != nil {
		return nil, err
	}
	d := &device{s, make(chan error, 1)}
	go func() { d.ended <- s.Run(context.Background()) }()
	return d, nil
}

func (d *device) close() error {
	err := d.Close()
	return errors.Join(err, <-d.ended)
}

// link makes the device of dir another one of the same account.
func (d *device) link(ctx context.Context, dir string) (*device, error) {
	other, err := openDevice(dir)
	if err != nil {
		return nil, err
	}
	old, err := d.StartLink(ctx)
	for ; errors.Is(err, session.ErrOffline) && ctx.Err() == nil; old, err = d.StartLink(ctx) {
		time.Sleep(50 * time.Millisecond) // it connects
	}
	if err != nil {
		return nil, err
	}
	fresh, err := other.Link(ctx, old.Link, "second")
	if err != nil {
		return nil, err
	}
	for _, l := range []*session.Linking{old, fresh} {
		for s := (session.LinkStatus{}); s.State != session.LinkCompares; {
			if s, err = l.Await(ctx, s); err != nil || s.State > session.LinkCompares {
				return nil, errors.Join(err, errors.New(s.Reason))
			}
		}
	}
	fresh.Confirm()
	old.Confirm()
	for _, l := range []*session.Linking{old, fresh} {
		for s := (session.LinkStatus{}); s.State != session.LinkDone; {
			if s, err = l.Await(ctx, s); err != nil || s.State == session.LinkFailed {
				return nil, errors.Join(err, errors.New(s.Reason))
			}
		}
	}
	return other, nil
}

// measureBehind has somebody with two devices come back after many people wrote
// to them, and tells how long each device takes: until the conversation that is
// on the screen is there, and until all are.
func measureBehind(ctx context.Context, dir string, r *relay, clients []*client) error {
	if err := os.Setenv("SATCHEL_KEYRING", "off"); err != nil {
		return err
	}
	folder := func(n int) string { return filepath.Join(dir, fmt.Sprint("device", n)) }
	first, err := openDevice(folder(0))
	if err != nil {
		return err
	}
	if err := first.Join(ctx, r.link, "Who was away"); err != nil {
		return err
	}
	second, err := first.link(ctx, folder(1))
	if err != nil {
		return err
	}
	account := string(first.Profile().Account.ID)
	if err := errors.Join(first.close(), second.close()); err != nil {
		return err
	}
	screen, err := writeTo(ctx, clients, account)
	if err != nil {
		return err
	}
	runtime.GC()
	before, err := ownUse()
	if err != nil {
		return err
	}
	peak, stop := watchUse()
	defer stop()
	var all sync.WaitGroup
	failed := make(chan error, 2)
	for n := range 2 {
		all.Go(func() { failed <- comeBack(ctx, n, folder(n), screen, 2*len(clients)) })
	}
	all.Wait()
	if err := errors.Join(<-failed, <-failed); err != nil {
		return err
	}
	now, err := r.use()
	if err != nil {
		return err
	}
	fmt.Printf("at most %d MB of heap and stacks for both devices, above what was there; the relay has %d MB\n", (peak()-before.live)>>20, now.resident>>20)
	return nil
}

// writeTo makes the conversations and fills them, and returns the one that was made first.
func writeTo(ctx context.Context, clients []*client, account string) (screen string, err error) {
	type room struct {
		chain *seal.Conversation
		keys  seal.ConversationKeys
	}
	rooms := make([][]room, len(clients))
	begun := time.Now()
	err = eachOf(len(clients), func(i int) error {
		c := clients[i]
		chain, err := ask[*wire.Chain](c, &wire.GetChain{Account: account})
		if err != nil {
			return err
		}
		them, err := seal.VerifyAccount(chat.AccountID(account), chain.Statements)
		if err != nil {
			return err
		}
		for _, make := range []func() (*seal.Conversation, *seal.Written, error){
			func() (*seal.Conversation, *seal.Written, error) { return seal.NewDirect(c.author(), them, time.Now()) },
			func() (*seal.Conversation, *seal.Written, error) {
				return seal.NewGroup(c.author(), []seal.MemberState{{Root: them.Root(), Role: seal.Member}}, fmt.Sprint("Room ", i), seal.Accounts{them.Root(): them}, time.Now())
			},
		} {
			v, w, err := make()
			if _, err := c.begin(v, w, err); err != nil {
				return err
			}
			rooms[i] = append(rooms[i], room{v, w.Keys})
		}
		for n := range behindEach {
			for _, v := range rooms[i] {
				content, err := json.Marshal(chat.Content{Kind: chat.KindMessage, Text: fmt.Sprint("number ", n+1)})
				if err != nil {
					return err
				}
				id := wire.NewID()
				body, err := v.chain.Seal(c.author(), v.keys, chat.MessageID(id), uint64(n+1), content)
				if err != nil {
					return err
				}
				if _, err := ask[*wire.Sent](c, &wire.Send{Conversation: string(v.chain.ID()), Message: id, Body: body}); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return "", err
	}
	fmt.Printf("%d conversations with %d messages were written in %.0f s\n", 2*len(clients), 2*len(clients)*behindEach, time.Since(begun).Seconds())
	return string(rooms[0][0].chain.ID()), nil
}

// comeBack opens a device and waits until it has all; then it looks whether that is so.
func comeBack(ctx context.Context, n int, dir, screen string, conversations int) error {
	begun := time.Now()
	d, err := openDevice(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.close() }() // nothing is kept of it
	id := chat.ConversationID(screen)
	changes, cancel := d.Subscribe()
	defer cancel()
	d.Focus(id)
	for there := 0; there < behindEach; {
		select {
		case <-changes:
		case <-ctx.Done():
			return ctx.Err()
		}
		d.Focus(id)
		page, err := d.Messages(id, 0, behindEach+1)
		if err != nil {
			return err
		}
		there = len(page)
	}
	shown := time.Since(begun)
	if err := d.Synced(ctx); err != nil {
		return err
	}
	synced := time.Since(begun)
	all, err := d.Conversations()
	if err != nil {
		return err
	}
	messages, unreadable := 0, 0
	for _, c := range all {
		page, err := d.Messages(c.ID, 0, 2*behindEach)
		if err != nil {
			return err
		}
		for _, m := range page {
			if m.Content.Kind != chat.KindMessage {
				unreadable++
			}
		}
		messages += len(page)
	}
	if len(all) < conversations || messages != conversations*behindEach || unreadable > 0 {
		return fmt.Errorf("device %d has %d conversations and %d messages, %d of which it can't read", n+1, len(all), messages, unreadable)
	}
	fmt.Printf("device %d comes back: what is on the screen after %.1f s, all %d conversations and %d messages after %.1f s\n",
		n+1, shown.Seconds(), conversations, messages, synced.Seconds())
	return nil
}

// watchUse notes the most heap and stacks that are in use until stop.
func watchUse() (peak func() int64, stop func()) {
	var mu sync.Mutex
	most := int64(0)
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for every := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-every.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				mu.Lock()
				most = max(most, int64(m.HeapAlloc+m.StackInuse))
				mu.Unlock()
			case <-ended:
				return
			}
		}
	})
	return func() int64 {
			mu.Lock()
			defer mu.Unlock()
			return most
		}, sync.OnceFunc(func() {
			close(ended)
			watching.Wait()
		})
}

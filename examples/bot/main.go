// Command bot joins a relay by an invitation and answers "ping" with "pong", for as long as it runs.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"sync"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
)

func main() { log.Fatal(run(context.Background(), os.Args[len(os.Args)-1], "Ping")) }

// run lives until ctx ends, or the relay refuses for good.
func run(ctx context.Context, invitation, name string) error {
	i, err := wire.ParseInvitation(invitation)
	if err != nil {
		return err
	}
	device := seal.NewDevice(seal.Computer)
	account, first, boxes, err := seal.NewAccount(device, name, time.Now())
	keys, key := check(seal.OpenAccountKeys(check(account, err), device, boxes)), device.Public().Key
	l := link.New(link.Config{URL: i.URL, Key: i.Key, Client: "bot", Invite: i.Code, Name: name, First: first,
		Account: string(account.ID()), Device: key[:], Sign: device.Sign})
	b := &bot{call: func(f wire.Frame) (wire.Frame, error) { return l.Call(ctx, f) }, by: seal.Author{Account: account, Device: device}, keys: keys, read: map[string]uint64{}, said: map[string]uint64{}}
	var looking sync.WaitGroup
	defer looking.Wait()
	looking.Go(func() {
		for range l.Events() { // whatever it is, there may be something new
			looking.Go(func() { b.look(&wire.AppendChain{Statement: first, Boxes: boxes}) })
		}
	})
	return l.Run(ctx)
}

// bot is an account with one device.
type bot struct {
	call       func(wire.Frame) (wire.Frame, error)
	by         seal.Author
	keys       seal.AccountKeys
	mu         sync.Mutex        // one looks at a time
	read, said map[string]uint64 // in a conversation: how far, and how much
}

// check ends a look, which the next event repeats.
func check[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ask[T wire.Frame](b *bot, f wire.Frame) T { return check(b.call(f)).(T) }

// look answers what is new. first is the account's first statement once more: its boxes have no room in a hello.
func (b *bot) look(first *wire.AppendChain) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() {
		if err := recover(); err != nil {
			log.Print(err)
		}
	}()
	ask[*wire.OK](b, first)
	for _, c := range ask[*wire.Conversations](b, &wire.ListConversations{}).Conversations {
		if c.Head > b.read[c.ID] {
			b.answer(c)
		}
	}
}

// answer reads on in a conversation: its chain is checked by those of its members, and says which keys are right.
func (b *bot) answer(c wire.Conversation) {
	accounts, byID, keys := seal.Accounts{}, map[string]seal.Hash{}, seal.ConversationKeys{}
	for _, m := range c.Members {
		a := check(seal.VerifyAccount(chat.AccountID(m.ID), ask[*wire.Chain](b, &wire.GetChain{Account: m.ID}).Statements))
		accounts[a.Root()], byID[m.ID] = a, a.Root()
	}
	room := check(seal.VerifyConversation(chat.ConversationID(c.ID), ask[*wire.Chain](b, &wire.GetChain{Conversation: c.ID}).Statements, accounts))
	for _, box := range ask[*wire.Boxes](b, &wire.GetBoxes{Conversation: c.ID}).Boxes {
		_ = room.Open(keys, b.by.Account.Root(), b.keys, box) // of several, one that does not open is passed over
	}
	for _, e := range ask[*wire.Page](b, &wire.History{Conversation: c.ID, After: b.read[c.ID]}).Entries {
		b.read[c.ID] = e.Seq
		var said chat.Content
		o, err := room.OpenMessage(keys, accounts, seal.Envelope{Message: chat.MessageID(e.Message), From: byID[e.From], Device: chat.DeviceID(e.Device)}, e.Body)
		if err == nil && json.Unmarshal(o.Content, &said) == nil && said.Text == "ping" {
			b.said[c.ID]++
			id, pong := wire.NewID(), check(json.Marshal(chat.Content{Kind: chat.KindMessage, Text: "pong", Reply: chat.MessageID(e.Message)}))
			ask[*wire.Sent](b, &wire.Send{Conversation: c.ID, Message: id, Body: check(room.Seal(b.by, keys, chat.MessageID(id), b.said[c.ID], pong))})
		}
	}
}

package transfer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/relay"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/transfer"
	"satchel/transfer/storetest"
)

const suiteChunk = 1 << 20

func openTus(t testing.TB, cfg transfer.TusConfig) *transfer.Tus {
	cfg.Chunk = suiteChunk
	h := transfer.NewTus(cfg)
	t.Cleanup(h.CloseIdleConnections)
	return h
}

// The suite of all stores, against tusd.
func TestStoreTusd(t *testing.T) {
	address := strings.TrimPrefix(transfer.NewTusServer(t), "http://")
	storetest.Run(t, storetest.Store{
		Address: address, Chunk: suiteChunk, Resumes: true, Unchecked: true,
		Open: func(t testing.TB, address string) transfer.Handler {
			return openTus(t, transfer.TusConfig{Endpoint: "http://" + address + "/files/"})
		},
	})
}

// And against our relay, with tickets that it gives.
func TestStoreRelay(t *testing.T) {
	r, err := relay.Open(relay.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Name: "Studio"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	account := member(t, r)
	tickets := func(address string) transfer.Tickets {
		return func(ctx context.Context, q transfer.TicketRequest) (transfer.Ticket, error) {
			ask := &wire.TicketRequest{Purpose: wire.TicketUpload, File: q.File, Size: q.Size}
			if q.Direction == chat.Download {
				ask = &wire.TicketRequest{Purpose: wire.TicketDownload, File: strings.TrimPrefix(q.File, wire.PathFiles)}
			}
			reply, err := account.Call(ctx, ask)
			if err != nil {
				return transfer.Ticket{}, transfer.Final("The relay gives no ticket.", err)
			}
			k := reply.(*wire.Ticket)
			return transfer.Ticket{URL: "http://" + address + k.URL, Token: k.Token, Expires: time.UnixMilli(k.Expires)}, nil
		}
	}
	storetest.Run(t, storetest.Store{
		Address: strings.TrimPrefix(r.URL(), "http://"), Chunk: suiteChunk, Resumes: true, KeepsWhole: true,
		Open: func(t testing.TB, address string) transfer.Handler {
			return openTus(t, transfer.TusConfig{Tickets: tickets(address)})
		},
		Wrong: func(t testing.TB, address string) transfer.Handler {
			return openTus(t, transfer.TusConfig{Tickets: func(ctx context.Context, q transfer.TicketRequest) (transfer.Ticket, error) {
				k, err := tickets(address)(ctx, q)
				k.Token += "x"
				return k, err
			}})
		},
	})
}

// member is a connection of somebody who joined the relay.
func member(t testing.TB, r *relay.Relay) *link.Link {
	invitation, err := r.Invite(t.Context(), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := wire.ParseInvitation(invitation)
	if err != nil {
		t.Fatal(err)
	}
	device := seal.NewDevice(seal.Computer)
	account, first, _, err := seal.NewAccount(device, "laptop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key := device.Public().Key
	cfg := link.Config{URL: inv.URL, Key: inv.Key, Account: string(account.ID()), Device: key[:], Sign: device.Sign,
		Invite: inv.Code, Name: "Mara", First: first}
	if _, err := link.Register(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Invite, cfg.Name, cfg.First = "", "", nil
	l := link.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended, up := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	go func() {
		for e := range l.Events() {
			if _, ok := e.(link.Up); ok {
				up <- struct{}{}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	select {
	case <-up:
	case <-time.After(20 * time.Second):
		t.Fatal("the relay does not welcome")
	}
	return l
}

package main

import (
	"time"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// storeAlone appends to the store, with 256 waiting at any time and 64
// conversations, and returns how many messages a second were on the disk.
func storeAlone(database string) (float64, error) {
	s, err := store.Open(database)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	var accounts []string
	for range 64 {
		account, code := wire.NewID(), wire.NewID()
		device := &store.Device{ID: "of " + account, Key: "k", Kind: 1}
		if err := s.AddInvite(store.Invite{Code: code, Uses: 1, Expires: time.Now().Add(time.Hour)}); err != nil {
			return 0, err
		}
		if err := s.Register(store.Registration{Name: account, Invite: code, First: store.AccountStatement{Account: account, Seq: 1,
			Statement: []byte(account), Generation: 1, Added: device}}); err != nil {
			return 0, err
		}
		begun := make(chan error, 1)
		s.AppendConversation(store.ConversationStatement{Conversation: wire.SelfID(account), Kind: "self", Seq: 1, Statement: []byte("first"),
			From: account, By: device.ID, Roles: []store.Role{{Account: account, Role: 3}}}, func(_ bool, err error) { begun <- err })
		if err := <-begun; err != nil {
			return 0, err
		}
		accounts = append(accounts, account)
	}
	waiting, failed := make(chan struct{}, 256), make(chan error, 1)
	body := make([]byte, bodySize)
	started, n := time.Now(), 0
	for ; time.Since(started) < 5*time.Second; n++ {
		waiting <- struct{}{}
		a := accounts[n%len(accounts)]
		s.Append(wire.Entry{Conversation: wire.SelfID(a), Message: wire.NewID(), From: a, Device: "of " + a, Body: body}, nil, 0,
			func(_ wire.Entry, _ bool, err error) {
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
				<-waiting
			})
	}
	for range cap(waiting) {
		waiting <- struct{}{}
	}
	took := time.Since(started)
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(n) / took.Seconds(), nil
	}
}

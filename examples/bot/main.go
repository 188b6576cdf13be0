// Command bot joins a relay by an invitation and answers "ping" with "pong". It speaks docs/protocol.md as it stands
// there, JSON over a WebSocket, and net/seal seals. Run it as: bot FILE INVITATION. The file is who it is.
package main

import (
	"context"
	"errors"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/gorilla/websocket"

	"satchel/chat"
	"satchel/net/seal"
)

func main() { log.Fatal(run(context.Background(), os.Args[1], os.Args[2])) }

type bot struct {
	me   *seal.Bot
	ws   *websocket.Conn
	read map[string]uint64 // how far, in each conversation
	news bool              // something came that was not asked for
}

// run answers until ctx ends, and connects again when a connection ends.
func run(ctx context.Context, file, invitation string) error {
	kept, _ := os.ReadFile(file) // none: it is new
	me, err := seal.NewBot(kept, "Ping")
	link, wrong := url.Parse(invitation)
	b := bot{me: me, read: map[string]uint64{}}
	for err = errors.Join(err, wrong); err == nil && ctx.Err() == nil; time.Sleep(time.Second) {
		log.Print(b.serve(ctx, link, func() error { return os.WriteFile(file, me.Marshal(), 0o600) }))
	}
	return err
}

// serve says hello, and answers until the connection ends. keep keeps who the bot is.
func (b *bot) serve(ctx context.Context, link *url.URL, keep func() error) (err error) {
	dialer := websocket.Dialer{Subprotocols: []string{"satchel.v1"}}
	if b.ws, _, err = dialer.DialContext(ctx, "ws://"+link.Host+link.Path+"ws", nil); err != nil {
		return err
	}
	defer b.ws.Close()
	defer context.AfterFunc(ctx, func() { b.ws.Close() })()
	var challenge seal.BotFrame
	if err = errors.Join(keep(), b.ws.ReadJSON(&challenge)); err == nil {
		err = b.me.Hello(b.ask, challenge, link.Query().Get("key"), link.Query().Get("code"), "Ping")
	}
	go func(ws *websocket.Conn) { // who says nothing for a minute is given up
		for ; ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) == nil; time.Sleep(20 * time.Second) {
		}
	}(b.ws)
	for err == nil {
		if err = errors.Join(b.look(), keep()); err == nil && !b.news {
			err = b.ws.ReadJSON(&seal.BotFrame{}) // whatever it is, there may be something to answer
		}
	}
	return err
}

// ask sends a frame and waits for its answer. There is one at a time, so one id will do.
func (b *bot) ask(frame map[string]any) (answer seal.BotFrame, err error) {
	frame["id"] = "1"
	for err = b.ws.WriteJSON(frame); err == nil && answer.Re == ""; b.news = b.news || answer.Re == "" {
		answer = seal.BotFrame{}
		if err = b.ws.ReadJSON(&answer); answer.Type == "error" {
			err = errors.New(answer.Message)
		}
	}
	return answer, err
}

// look answers what is new in all conversations.
func (b *bot) look() error {
	b.news = false
	list, err := b.ask(map[string]any{"type": "conversation.list"})
	for _, c := range list.Conversations {
		if c.Head <= b.read[c.ID] {
			continue
		}
		room, wrong := b.me.Room(b.ask, c.ID)
		page, err := b.ask(map[string]any{"type": "history", "conversation": c.ID, "after": b.read[c.ID]})
		for _, e := range page.Entries {
			b.read[c.ID], b.news = e.Seq, true
			if wrong == nil && room.Said(e).Text == "ping" {
				wrong = room.Say("pong-"+e.Message, chat.Content{Kind: "message", Text: "pong", Reply: chat.MessageID(e.Message)})
			}
		}
		if wrong = errors.Join(wrong, err); wrong != nil {
			log.Print(c.ID, ": ", wrong)
		}
	}
	return err
}

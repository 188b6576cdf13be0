package seal

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"satchel/chat"
)

// Bot is an account with one device, for a program that keeps no chains: it asks
// the relay for them whenever it needs them, by the frames of docs/protocol.md. It remembers no heads, so a relay could show it an older chain;
// a program for people must not be built on it. One goroutine at a time.
type Bot struct {
	account *Account
	device  *Device
	keys    AccountKeys
	state   botState
}

type botState struct {
	Device []byte            `json:"device"`
	First  []byte            `json:"first"`  // the account's only statement
	Boxes  Boxes             `json:"boxes"`  // of the account's key
	Counts map[string]uint64 `json:"counts"` // messages in a conversation
}

// NewBot reads what Marshal wrote; of nothing it makes an account for a program,
// with a device of this label.
func NewBot(kept []byte, label string) (*Bot, error) {
	s := botState{Counts: map[string]uint64{}}
	if len(kept) == 0 {
		device := NewDevice(Computer)
		_, first, boxes, err := NewAccount(device, label, time.Now())
		if err != nil {
			return nil, err
		}
		s.Device, s.First, s.Boxes = device.Marshal(), first, boxes
		return botOf(device, s)
	}
	if err := json.Unmarshal(kept, &s); err != nil {
		return nil, fmt.Errorf("seal: bot: %w", err)
	}
	device, err := ParseDevice(s.Device)
	if err != nil {
		return nil, err
	}
	return botOf(device, s)
}

func botOf(device *Device, s botState) (*Bot, error) {
	account, err := VerifyAccount(AccountIDOf(s.First), [][]byte{s.First})
	if err != nil {
		return nil, err
	}
	keys, err := OpenAccountKeys(account, device, s.Boxes)
	return &Bot{account, device, keys, s}, err
}

// Marshal writes all that the bot is, as JSON. Whoever holds it is the bot. It is
// to be kept before the first hello, and after each Say.
func (b *Bot) Marshal() []byte {
	out, _ := json.Marshal(b.state) // bytes and numbers have no error
	return out
}

// ID is the account's id.
func (b *Bot) ID() string { return string(b.account.ID()) }

// BotFrame is what a bot, and this package for it, reads of the relay's frames.
type BotFrame struct {
	Type, Re, Message   string
	Relay, Nonce, Proof string
	Statements, Boxes   [][]byte
	Entries             []BotEntry
	Conversations       []BotConversation
	Seq                 uint64
}

// BotEntry is an entry of a page.
type BotEntry struct {
	Seq                   uint64
	Message, From, Device string
	Body                  []byte
}

// BotConversation is one of a list.
type BotConversation struct {
	ID   string
	Head uint64
}

// Ask sends a frame to the relay and returns its answer; an error frame is an error.
type Ask func(frame map[string]any) (BotFrame, error)

// Hello answers a relay's challenge, which must be that of the key that an invitation
// names. The relay takes a new bot in by the invitation's code and a name, and passes
// over both when it knows the bot. It has to prove its key in the welcome.
func (b *Bot) Hello(ask Ask, challenge BotFrame, key, code, name string) error {
	if challenge.Type != "challenge" || challenge.Relay != key {
		return errors.New("seal: this is not the relay that the invitation names")
	}
	own := make([]byte, 32)
	rand.Read(own)
	nonce, device, public := base64url(own), string(b.device.ID()), base64url(b.device.public.Key[:])
	claims := join("satchel.v1 hello", []byte(key), []byte(challenge.Nonce), []byte(nonce), []byte(b.ID()), []byte(device), []byte(public), []byte(code), []byte(name))
	welcome, err := ask(map[string]any{"type": "hello", "account": b.ID(), "device": device, "key": public, "nonce": nonce,
		"signature": base64url(b.device.Sign(claims)), "first": b.state.First, "invite": code, "name": name})
	if err != nil {
		return err
	}
	relay, err := base64.RawURLEncoding.DecodeString(key)
	proof, err2 := base64.RawURLEncoding.DecodeString(welcome.Proof)
	if err != nil || err2 != nil || len(relay) != ed25519.PublicKeySize ||
		!ed25519.Verify(relay, join("satchel.v1 welcome", []byte(key), []byte(challenge.Nonce), []byte(nonce), []byte(device)), proof) {
		return errors.New("seal: the relay does not hold the key that it names")
	}
	return nil
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// BotRoom is a conversation as a bot sees it for the moment.
type BotRoom struct {
	bot      *Bot
	ask      Ask
	chain    *Conversation
	keys     ConversationKeys
	accounts Accounts
	newest   uint64 // of the entries that were opened
}

// Room asks for a conversation's chain, for those of all accounts that it speaks of,
// and for the bot's boxes, and checks them.
func (b *Bot) Room(ask Ask, conversation string) (*BotRoom, error) {
	r := &BotRoom{bot: b, ask: ask, keys: ConversationKeys{}, accounts: Accounts{}}
	chain, err := ask(map[string]any{"type": "chain.get", "conversation": conversation})
	if err != nil {
		return nil, err
	}
	for _, statement := range chain.Statements {
		needs, err := StatementNeeds(statement)
		if err != nil {
			return nil, err
		}
		for _, n := range needs {
			if r.accounts[n.Root] != nil {
				continue
			}
			id := AccountName(n.Root)
			statements, err := ask(map[string]any{"type": "chain.get", "account": id})
			if err != nil {
				return nil, err
			}
			a, err := VerifyAccount(id, statements.Statements)
			if err != nil {
				return nil, err
			}
			r.accounts[a.Root()] = a
		}
	}
	if r.chain, err = VerifyConversation(chat.ConversationID(conversation), chain.Statements, r.accounts); err != nil {
		return nil, err
	}
	boxes, err := ask(map[string]any{"type": "box.get", "conversation": conversation})
	for _, box := range boxes.Boxes {
		_ = r.chain.Open(r.keys, b.account.Root(), b.keys, box) // of several of one key, one is enough
	}
	return r, err
}

// Said opens an entry and checks all that is signed in it; one that does not open says
// nothing.
func (r *BotRoom) Said(e BotEntry) (said chat.Content) {
	r.newest = max(r.newest, e.Seq)
	for root := range r.accounts {
		if string(AccountName(root)) != e.From {
			continue
		}
		o, err := r.chain.OpenMessage(r.keys, r.accounts, Envelope{chat.MessageID(e.Message), root, chat.DeviceID(e.Device)}, e.Body)
		if err != nil || json.Unmarshal(o.Content, &said) != nil {
			return chat.Content{}
		}
	}
	return said
}

// Say seals a message and sends it. One that was sent before, under this id, is not
// sent twice. What Marshal gives is another one afterwards.
func (r *BotRoom) Say(id string, say chat.Content) error {
	content, err := json.Marshal(say)
	if err != nil {
		return err
	}
	count := r.bot.state.Counts[string(r.chain.ID())] + 1
	body, err := r.chain.Seal(Author{r.bot.account, r.bot.device}, r.keys, chat.MessageID(id), count, content)
	if err != nil {
		return err
	}
	sent, err := r.ask(map[string]any{"type": "send", "conversation": r.chain.ID(), "message": id, "body": body})
	if err == nil && sent.Seq > r.newest { // else it is the number that it got before
		r.bot.state.Counts[string(r.chain.ID())] = count
	}
	return err
}

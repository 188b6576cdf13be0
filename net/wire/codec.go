package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// names maps the Go type of every frame to its name on the wire.
var names = map[reflect.Type]string{}

// makers maps every name on the wire to a maker of an empty frame.
var makers = map[string]func() Frame{}

func register[F any, P interface {
	*F
	Frame
}](name string) {
	names[reflect.TypeFor[P]()] = name
	makers[name] = func() Frame { return P(new(F)) }
}

func init() {
	register[Challenge]("challenge")
	register[Hello]("hello")
	register[Welcome]("welcome")
	register[Send]("send")
	register[Sent]("sent")
	register[Entry]("entry")
	register[History]("history")
	register[Page]("page")
	register[Mark]("mark")
	register[Typing]("typing")
	register[Presence]("presence")
	register[ConversationNews]("conversation")
	register[ListConversations]("conversation.list")
	register[Conversations]("conversations")
	register[FindAccounts]("account.find")
	register[Accounts]("accounts")
	register[CreateInvite]("invite.create")
	register[Invited]("invite")
	register[LookInvite]("invite.look")
	register[RevokeInvite]("invite.revoke")
	register[TicketRequest]("ticket.request")
	register[Ticket]("ticket")
	register[AppendChain]("chain.append")
	register[PutBoxes]("chain.boxes")
	register[GetChain]("chain.get")
	register[Chain]("chain")
	register[GetBoxes]("box.get")
	register[Boxes]("boxes")
	register[AccountNews]("account")
	register[Rename]("account.rename")
	register[PutSetting]("setting.put")
	register[ListSettings]("setting.list")
	register[Setting]("setting")
	register[Settings]("settings")
	register[PutFetched]("fetched.put")
	register[ListFetched]("fetched.list")
	register[Fetched]("fetched")
	register[FetchedPage]("fetched.page")
	register[OpenLink]("link.open")
	register[JoinLink]("link.join")
	register[LinkJoined]("link.joined")
	register[LinkMessage]("link.message")
	register[CloseLink]("link.close")
	register[OK]("ok")
	register[Error]("error")
}

// Name is the name of a frame's type on the wire; empty when it is no frame.
func Name(f Frame) string { return names[reflect.TypeOf(f)] }

// Encode writes a frame as JSON, with its type filled in. It never changes
// the frame, so that one frame may be encoded by several goroutines.
func Encode(f Frame) ([]byte, error) {
	v := reflect.ValueOf(f)
	name, ok := names[v.Type()]
	if !ok {
		return nil, fmt.Errorf("wire: %T is no frame", f)
	}
	if f.Meta().Type == name {
		return json.Marshal(f)
	}
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(v.Elem())
	c.Interface().(Frame).Meta().Type = name
	return json.Marshal(c.Interface())
}

// Decode reads one frame. The error is always an *Error with code
// CodeBadFrame or CodeUnknownType, and carries the frame's id in Re where one
// could be read. Fields that are not known are ignored.
func Decode(b []byte) (Frame, error) {
	var h Header
	if err := json.Unmarshal(b, &h); err != nil {
		return nil, &Error{Code: CodeBadFrame, Message: "The frame is not a JSON object."}
	}
	if len(h.ID) > MaxID || len(h.Re) > MaxID {
		return nil, &Error{Code: CodeBadFrame, Message: fmt.Sprintf("The frame's id is longer than %d characters.", MaxID)}
	}
	maker, ok := makers[h.Type]
	if !ok {
		return nil, &Error{Header: Header{Re: h.ID}, Code: CodeUnknownType, Message: "This type of frame is not known here."}
	}
	f := maker()
	if err := json.Unmarshal(b, f); err != nil {
		return nil, &Error{Header: Header{Re: h.ID}, Code: CodeBadFrame, Message: "The frame does not have the form of its type: " + reason(err) + "."}
	}
	return f, nil
}

// reason says which field is wrong, without repeating what was sent.
func reason(err error) string {
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) && e.Field != "" {
		return "the field " + e.Field + " is no " + e.Type.String()
	}
	return "it can't be read"
}

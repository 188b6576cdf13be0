package seal

import (
	"errors"
	"fmt"

	"satchel/chat"
)

// Reasons for a refusal. Every error of this package is, by errors.Is, one of
// these; what it wraps them in says where.
var (
	ErrEncoding    = errors.New("it is not encoded as it must be")
	ErrLimit       = errors.New("it is larger than allowed")
	ErrSignature   = errors.New("the signature is not the signer's")
	ErrSealed      = errors.New("it does not open: it was changed, or is not what it is said to be")
	ErrSequence    = errors.New("a statement is missing, or stands twice")
	ErrFork        = errors.New("there are two different histories of this: somebody shows different people different things")
	ErrRollback    = errors.New("the history is shorter than what was seen before: something is withheld")
	ErrBehind      = errors.New("something newer exists that was not delivered")
	ErrDevice      = errors.New("the device was not active there")
	ErrDeviceKind  = errors.New("a recovery file may not do this")
	ErrDeviceReuse = errors.New("a device's key can be added once only")
	ErrRemoveSelf  = errors.New("a device can't remove itself; another one has to")
	ErrGeneration  = errors.New("the key's generation is not the one that must be here")
	ErrMustRotate  = errors.New("somebody left: a new key is needed first")
	ErrNotMember   = errors.New("the account was not a member there")
	ErrNotAllowed  = errors.New("the member's role does not allow this")
	ErrNoOwner     = errors.New("a group with members needs an owner")
	ErrIdentity    = errors.New("the name does not belong to what stands under it")
	ErrUnknown     = errors.New("the account's chain, or this part of it, is not known here")
	ErrNoKey       = errors.New("there is no key for this")
	ErrWrongKey    = errors.New("the key is not the one that was promised")
	ErrReplay      = errors.New("the sender already used this count for another message")
	ErrOffset      = errors.New("the store says that it has what was never sent")
	ErrChanged     = errors.New("the file changed since a part of it was sent")
	ErrTruncated   = errors.New("the end is missing")
	ErrStep        = errors.New("this step of linking is not due")
	ErrLinkCode    = errors.New("the code is not the one of this attempt")
	ErrLinkCommit  = errors.New("the other device showed something else than it promised: somebody stands between")
	ErrPassphrase  = errors.New("the passphrase does not open this file")
	ErrWeak        = errors.New("the passphrase needs 12 characters or more")
)

// BehindError says what is missing; it is ErrBehind.
type BehindError struct {
	Account      chat.AccountID      // whose chain is behind, or ""
	Conversation chat.ConversationID // which chain is behind, or ""
	Need         Head                // a head that exists
}

func (e *BehindError) Error() string {
	name := string(e.Account) + string(e.Conversation)
	return fmt.Sprintf("%v: %s up to statement %d", ErrBehind, name, e.Need.Seq)
}

// Is makes errors.Is(err, ErrBehind) true.
func (e *BehindError) Is(target error) bool { return target == ErrBehind }

package session

import (
	"strings"

	"satchel/net/seal"
	"satchel/net/wire"
)

// LinkKind is what a link of Satchel is for.
type LinkKind int

// Kinds of links; BadLink is none of them, or damaged.
const (
	BadLink    LinkKind = iota
	InviteLink          // to a relay
	GroupsLink          // into a group
	DeviceLink          // from another device of an account
	NumberLink          // somebody's verification code
)

// KindOfLink tells what a link that somebody opened is for, by how it is written.
func KindOfLink(link string) LinkKind {
	if strings.HasPrefix(link, "satchel:") {
		if _, err := seal.ParseVerification(link); err == nil {
			return NumberLink
		} else if _, err := wire.ParseGroupLink(link); err == nil {
			return GroupsLink
		} else if _, err := wire.ParseDeviceLink(link); err == nil {
			return DeviceLink
		} else if _, err := wire.ParseInvitation(link); err == nil {
			return InviteLink
		}
	}
	return BadLink
}

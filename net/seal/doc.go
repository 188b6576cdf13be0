// Package seal is the end-to-end sealing of Satchel: chains of devices and of
// conversations, the keys that they carry, messages, files, linking,
// comparing and recovery. docs/security.md says what it promises and gives
// every format byte by byte.
//
// It is called by app/session and, for files, by transfer. It
// starts no goroutine and does no I/O but through the readers, writers and
// functions that it is given. Values are not locked: an Account or a
// Conversation may be read by several goroutines while none changes it; a
// Sealer, an Opener or a Link belongs to one goroutine at a time.
package seal

// Limits. Parsers refuse more before they allocate.
const (
	MaxDevices               = 32        // active devices of an account
	MaxAccountStatements     = 4096      // in one chain
	MaxAccountStatement      = 8 << 10   // bytes
	MaxMembers               = 1000      // accounts in a conversation
	MaxConversationChain     = 1 << 20   // statements
	MaxConversationStatement = 128 << 10 // bytes
	MaxTitle                 = 256       // bytes of UTF-8
	MaxLabel                 = 128       // bytes of UTF-8 of a device's name
	MaxBody                  = 256 << 10 // bytes of a sealed message: the relay's limit
	MaxContent               = 220 << 10 // bytes of content in a message
	MaxMessageID             = 64        // bytes
	MaxSegments              = 512       // key segments of one file
	MaxFileSize              = 1 << 46   // bytes
)

// version leads every encoded object.
const version = 1

// Types of encoded objects, the byte after version.
const (
	typeFirstDevice       = 0x01
	typeAddDevice         = 0x02
	typeRemoveDevice      = 0x03
	typeNewKey            = 0x04
	typeFirstConversation = 0x11
	typeNextConversation  = 0x12
	typeDeviceBox         = 0x21
	typeMemberBox         = 0x22
	typeMessage           = 0x31
	typeLetter            = 0x32
	typeFileKeys          = 0x41
	typeRecord            = 0x42
	typeLinkCommit        = 0x51
	typeLinkOffer         = 0x52
	typeLinkReveal        = 0x53
	typeLinkProof         = 0x54
	typeDeviceSecret      = 0x61
	typeRecovery          = 0x62
	typeVerification      = 0x71
)

package wire

// Limits of settings.
const (
	MaxSetting      = 32 << 10 // bytes of one setting's body
	MaxSettings     = 20000    // of one account
	MaxSettingBytes = 32 << 20 // bytes of all bodies of one account
)

// Setting is something that an account keeps for its own devices: the relay
// knows a key that says nothing, and a sealed body. As a frame of its own it
// goes to the account's other connections when it was stored.
type Setting struct {
	Header
	Key    string `json:"key"`
	Number uint64 `json:"number"` // of this change of this account's settings, from 1, ascending
	Device string `json:"device"` // who wrote it
	Body   []byte `json:"body"`   // opaque; base64 in JSON
}

// Client → relay: keep a setting, in the place of what was under its key.
// Answered with OK when it is on disk. Of two that come at once the later one
// stays; a client that finds its own to be the newer one sends it again.
type PutSetting struct {
	Header
	Key  string `json:"key"` // 1 to 64 characters
	Body []byte `json:"body"`
}

// Client → relay: the account's settings that changed above number After.
type ListSettings struct {
	Header
	After uint64 `json:"after,omitempty"`
}

// Relay → client: the answer to ListSettings, ascending by number. With More,
// ask again after the last one.
type Settings struct {
	Header
	Settings []Setting `json:"settings"`
	More     bool      `json:"more,omitempty"`
}

// Client → relay: the account is called so from now on. Answered with OK;
// everybody who shares a conversation with it gets AccountNews.
type Rename struct {
	Header
	Name string `json:"name"`
}

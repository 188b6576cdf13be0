package wire

import (
	"errors"
	"net/url"
	"strings"
)

// RecoveryNote is the line that stands in a recovery file before what is sealed:
// for whom it is, and where. It holds no secret, and nobody vouches for it: who
// opens the file checks the account, and the relay's key decides who is the relay.
//
//	Satchel recovery file of Mara Reyes: satchel://studio.example:7465/?recover=…&key=…&name=…[&tls=1]
type RecoveryNote struct {
	URL     string // the relay's base URL
	Key     string // its Ed25519 public key, base64url
	Account string // the account's id
	Name    string // what the account is called
}

const recoveryLead = "Satchel recovery file of "

// String returns the line, without its end.
func (n RecoveryNote) String() string {
	return recoveryLead + n.Name + ": " + satchelURL(n.URL, "recover="+url.QueryEscape(n.Account)+"&key="+url.QueryEscape(n.Key)+"&name="+url.QueryEscape(n.Name))
}

var errRecovery = errors.New("this is no recovery file of Satchel: its first line should begin with “" + strings.TrimSpace(recoveryLead) + "”")

// ParseRecovery takes a recovery file apart: the note, and what is sealed. The
// error is a sentence for a person.
func ParseRecovery(file []byte) (RecoveryNote, []byte, error) {
	line, sealed, ok := strings.Cut(string(file), "\n")
	at := strings.LastIndex(line, "satchel://")
	if !ok || at < 0 || !strings.HasPrefix(line, recoveryLead) {
		return RecoveryNote{}, nil, errRecovery
	}
	base, q, ok := parseSatchelURL(strings.TrimSpace(line[at:]))
	n := RecoveryNote{URL: base, Key: q.Get("key"), Account: q.Get("recover"), Name: q.Get("name")}
	if !ok || !is32Bytes(n.Key) || len(n.Account) != 26 {
		return RecoveryNote{}, nil, errRecovery
	}
	return n, []byte(sealed), nil
}

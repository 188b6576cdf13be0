package relay

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"satchel/net/seal"
	"satchel/net/wire"
)

const protocol = "../../docs/protocol.md"

func document(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(protocol)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// declared finds what a file of net/wire declares.
func declared(t *testing.T, file, pattern string) (all []string) {
	t.Helper()
	b, err := os.ReadFile("../wire/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
		all = append(all, m[1])
	}
	if len(all) < 10 {
		t.Fatalf("%s declares only %v", file, all)
	}
	return all
}

// found finds what the page says.
func found(text, pattern string) (all []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// section is the part of the page below a heading.
func section(t *testing.T, doc, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(doc, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("there is no %s", heading)
	}
	end := regexp.MustCompile("(?m)^#").FindStringIndex(rest)
	if end == nil {
		return rest
	}
	return rest[:end[0]]
}

// sameSet compares what the page has with what the code has.
func sameSet(t *testing.T, what string, page, code []string) {
	t.Helper()
	page, code = slices.Compact(slices.Sorted(slices.Values(page))), slices.Compact(slices.Sorted(slices.Values(code)))
	if !slices.Equal(page, code) {
		t.Errorf("%s: the page has\n%v\nand the code\n%v", what, page, code)
	}
}

// The page has the frames, the codes and the limits that the code has: all of
// them and no others.
func TestProtocolNamesEverything(t *testing.T) {
	t.Parallel()
	doc := document(t)
	frames := declared(t, "codec.go", `register\[\w+\]\("([^"]+)"\)`)
	sameSet(t, "frames in the table", found(strings.Join(found(section(t, doc, "## Frames"), `(?m)^(\|.*)$`), ""), "`([a-z.]+)`"), frames)
	sameSet(t, "frames with an example", found(doc, `\{"type":"([^"]+)"`), frames)
	codes := declared(t, "errors.go", `Code\w+ += "(\w+)"`)
	sameSet(t, "codes", found(section(t, doc, "### Errors"), "(?m)^\\| `(\\w+)` \\|"), codes)
	for _, line := range found(doc, `Codes: (.*)`) {
		line = regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(line, "")
		for _, code := range found(line, "`(\\w+)`") {
			if !slices.Contains(codes, code) {
				t.Errorf("there is no code %s", code)
			}
		}
	}
	l := Limits{}.withDefaults()
	source, err := os.ReadFile("protocol_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"doc.go", "chains.go", "devicelink.go", "settings.go", "fetched.go"} {
		b, err := os.ReadFile("../wire/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found(string(b), `(?m)^\t(Max\w+) +=`) {
			if !strings.Contains(string(source), "wire."+name) {
				t.Errorf("the limit %s is not compared", name)
			}
		}
	}
	limits := []string{
		size(wire.MaxHello), size(wire.MaxFrame), size(wire.MaxRelayFrame), size(wire.MaxBody), size(wire.MaxThumbnail), size(wire.MaxPageBytes), size(l.Queue),
		fmt.Sprint("page | ", wire.MaxPage), fmt.Sprint("name | ", wire.MaxName), fmt.Sprint("conversation | ", wire.MaxMembers), fmt.Sprint("message | ", wire.MaxFiles),
		fmt.Sprint("answer | ", wire.MaxAccounts), fmt.Sprint("message | ", wire.MaxID, " char"),
		fmt.Sprint("| ", wire.HelloTimeout.Seconds(), " s |"), fmt.Sprint("every ", wire.HeartbeatEvery.Seconds(), " s"), fmt.Sprint("| ", wire.HeartbeatLost.Seconds(), " s |"),
		fmt.Sprint("frame | ", wire.WriteTimeout.Seconds(), " s"), fmt.Sprint("ticket | ", ticketTime.Hours(), " h"),
		fmt.Sprintf("%d, then `rate_limited`", l.Connections), fmt.Sprintf("%v a second, %d at once, then HTTP 429", l.ConnectRate, l.ConnectBurst),
		fmt.Sprintf("%v a second after the first %d", l.FrameRate, l.FrameBurst), fmt.Sprintf("%d; more are closed", l.Opening), fmt.Sprintf("%v a second, %d at once, then `rate_limited`", l.RequestRate, l.RequestBurst),
		"statement | " + size(wire.MaxStatement)[2:], "answer " + size(wire.MaxChainBytes), fmt.Sprint("to the relay | ", wire.MaxBoxes), "together " + size(maxStagedBytes),
		fmt.Sprint("they wait | ", wire.StagedExpires.Minutes(), " min"), "being linked " + size(wire.MaxLinkMessage), fmt.Sprint("one linking | ", wire.MaxLinkFrames),
		fmt.Sprint("a linking | ", wire.LinkExpires.Minutes(), " min"), fmt.Sprint("linkings at once | ", maxMailboxes), fmt.Sprintf("%v a second, %d at once, then `rate_limited`", l.LinkRate, l.LinkBurst),
		fmt.Sprint("at most ", maxReason, " bytes"),
		"of fetched files " + size(wire.MaxFetched), fmt.Sprint("The ", wire.FetchedPart, " sequence numbers"),
		"body of a setting " + size(wire.MaxSetting), fmt.Sprintf("account | %d, and %d MiB", wire.MaxSettings, wire.MaxSettingBytes>>20),
		fmt.Sprint("disk | ", maxPending), fmt.Sprint(maxUses), fmt.Sprint("disappears after | ", wire.MaxLifetime/(24*60*60), " days, at most"), fmt.Sprint(maxInvite.Hours()/24, " days"),
		fmt.Sprint(l.Unfinished.Hours(), " hours"), fmt.Sprint(l.Unreferenced.Hours()/24, " days"),
	}
	for _, limit := range limits {
		if !strings.Contains(doc, limit) {
			t.Errorf("the limit %q is not there", limit)
		}
	}
	for _, row := range found(section(t, doc, "## Limits"), "(?m)^(\\| .*[0-9].* \\|)$") {
		if !slices.ContainsFunc(limits, func(limit string) bool { return strings.Contains(row, limit) }) {
			t.Errorf("nothing is compared with %s", row)
		}
	}
}

func size(n int) string {
	if n >= 1<<20 {
		return fmt.Sprint("| ", n>>20, " MiB")
	}
	return fmt.Sprint("| ", n>>10, " KiB")
}

// Every example is a frame, and has only fields that the frame has.
func TestProtocolExamples(t *testing.T) {
	t.Parallel()
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(document(t), -1)
	if len(examples) < 20 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, m := range examples {
		f, err := wire.Decode([]byte(m[1]))
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		d := json.NewDecoder(strings.NewReader(m[1]))
		d.DisallowUnknownFields()
		if err := d.Decode(reflect.New(reflect.TypeOf(f).Elem()).Interface()); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
}

// published is the first device and statement of the first account that
// net/seal publishes, and the id of the second account.
func published(t *testing.T) (device *seal.Device, first []byte, other string) {
	t.Helper()
	b, err := os.ReadFile("../seal/testdata/chains.json")
	if err != nil {
		t.Fatal(err)
	}
	var chains struct {
		Accounts []struct {
			ID                  string
			Devices, Statements []string
		}
	}
	if err := json.Unmarshal(b, &chains); err != nil {
		t.Fatal(err)
	}
	secret, err := hex.DecodeString(chains.Accounts[0].Devices[0])
	if err != nil {
		t.Fatal(err)
	}
	if device, err = seal.ParseDevice(secret); err != nil {
		t.Fatal(err)
	}
	if first, err = hex.DecodeString(chains.Accounts[0].Statements[0]); err != nil {
		t.Fatal(err)
	}
	return device, first, chains.Accounts[1].ID
}

// The values to test with, and those in the examples of connecting, are right.
func TestProtocolVectors(t *testing.T) {
	t.Parallel()
	doc := document(t)
	device, first, other := published(t)
	relay := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	pub := device.Public().Key
	c := &wire.Challenge{Relay: wire.B64(relay.Public().(ed25519.PublicKey)), Nonce: wire.B64(bytes.Repeat([]byte{3}, 32))}
	h := &wire.Hello{Account: wire.AccountIDOf(first), Device: wire.DeviceID(pub[:]), Key: wire.B64(pub[:]), Nonce: wire.B64(bytes.Repeat([]byte{4}, 32)),
		First: first, Invite: "mdzw4uxg7i5k4tnq3b6r2yacpe", Name: "Mara Reyes"}
	h.Signature = wire.B64(device.Sign(wire.HelloText(c, h)))
	if _, e := readHello(c, h, nil); e != nil {
		t.Error(e)
	}
	join := &wire.JoinLink{Code: "abcdefgh23", Nonce: h.Nonce}
	linked := wire.B64(ed25519.Sign(relay, wire.LinkText(c, join)))
	proof := wire.B64(ed25519.Sign(relay, wire.WelcomeText(c, h)))
	var want strings.Builder
	for _, v := range [][2]string{
		{"device key", h.Key}, {"device id", h.Device}, {"account id", h.Account}, {"notes to self", wire.SelfID(h.Account)},
		{"another account", other}, {"direct", wire.DirectID(h.Account, other)},
		{"relay key", c.Relay}, {"relay's nonce", c.Nonce}, {"nonce", h.Nonce}, {"invite", h.Invite}, {"name", h.Name},
		{"hello text", hex.EncodeToString(wire.HelloText(c, h))}, {"signature", h.Signature},
		{"welcome text", hex.EncodeToString(wire.WelcomeText(c, h))}, {"proof", proof},
		{"link text", hex.EncodeToString(wire.LinkText(c, join))}, {"proof of it", linked},
	} {
		fmt.Fprintf(&want, "%-15s %s\n", v[0], v[1])
	}
	if !strings.Contains(doc, "```vectors\n"+want.String()+"```") {
		t.Errorf("the vectors are to be\n%s", want.String())
	}
	for _, m := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		switch f, _ := wire.Decode([]byte(m[1])); f := f.(type) {
		case *wire.Challenge:
			if f.Relay != c.Relay || f.Nonce != c.Nonce {
				t.Errorf("%+v", f)
			}
		case *wire.Hello:
			if f.Signature != h.Signature || f.Account != h.Account || f.Device != h.Device || f.Key != h.Key || f.Nonce != h.Nonce || f.Name != h.Name || f.Invite != h.Invite {
				t.Errorf("%+v, want %+v", f, h)
			}
		case *wire.JoinLink:
			if f.Code != join.Code || f.Nonce != join.Nonce {
				t.Errorf("%+v", f)
			}
		case *wire.LinkJoined:
			if f.Proof != linked {
				t.Errorf("%+v, want proof %s", f, linked)
			}
		case *wire.Welcome:
			if f.Proof != proof || f.Account.ID != h.Account || f.Conversations[0].ID != wire.SelfID(h.Account) {
				t.Errorf("%+v, want proof %s", f, proof)
			}
		}
	}
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// Every type of frame keeps what is in it, and its name, through the codec.
func TestEveryFrameSurvives(t *testing.T) {
	for name, maker := range makers {
		f := maker()
		fill(reflect.ValueOf(f).Elem())
		f.Meta().Type = ""
		b, err := Encode(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f.Meta().Type != "" {
			t.Errorf("%s: Encode changed the frame", name)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.Meta().Type = name
		if !reflect.DeepEqual(got, f) {
			t.Errorf("%s: got %+v, want %+v", name, got, f)
		}
	}
}

// fill gives every field a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{1, 2, 3})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(9)
	case reflect.Bool:
		v.SetBool(true)
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ in, code, re string }{
		{"", CodeBadFrame, ""},
		{"hello", CodeBadFrame, ""},
		{"[]", CodeBadFrame, ""},
		{`{"id":"1"}`, CodeUnknownType, "1"},
		{`{"id":"1","type":"dance"}`, CodeUnknownType, "1"},
		{`{"id":"1","type":"send","body":7}`, CodeBadFrame, "1"},
		{`{"id":"1","type":"mark","read":-1}`, CodeBadFrame, "1"},
		{`{"id":"` + strings.Repeat("x", MaxID+1) + `","type":"mark"}`, CodeBadFrame, ""},
	} {
		_, err := Decode([]byte(c.in))
		var e *Error
		if !errors.As(err, &e) || e.Code != c.code || e.Re != c.re || e.Message == "" {
			t.Errorf("%.40s: got %#v, want code %s re %q", c.in, err, c.code, c.re)
		}
	}
}

// What decodes once, decodes to the same when written out again.
func FuzzDecode(f *testing.F) {
	for _, maker := range makers {
		b, _ := Encode(maker())
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		frame, err := Decode(in)
		if err != nil {
			return
		}
		out, err := Encode(frame)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		out2, err := Encode(again)
		if err != nil || !bytes.Equal(out, out2) {
			t.Fatalf("%s became %s (%v)", out, out2, err)
		}
	})
}

func TestInvitation(t *testing.T) {
	code, key := NewID(), NewNonce()
	for _, url := range []string{"http://127.0.0.1:7465", "https://example.org/satchel", "http://[::1]:80"} {
		want := Invitation{URL: url, Code: code, Key: key}
		got, err := ParseInvitation("  " + want.String() + "\n")
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", want, got, err)
		}
	}
	good := Invitation{URL: "http://h:1", Code: code, Key: key}.String()
	for _, bad := range []string{"", "satchel://", "http://h:1/?code=" + code + "&key=" + key, good[:len(good)-3],
		strings.Replace(good, code, code[:9], 1), "satchel://h:1/", "hello", "satchel://%zz"} {
		if i, err := ParseInvitation(bad); err == nil {
			t.Errorf("%q was taken for %+v", bad, i)
		}
	}
}

func TestIDs(t *testing.T) {
	if DirectID("a", "b") != DirectID("b", "a") {
		t.Error("a direct conversation depends on who begins it")
	}
	if DirectID("a", "b") == DirectID("ab", "") || SelfID("a") == DirectID("a", "") {
		t.Error("two conversations have one id")
	}
	if len(NewID()) != 26 || len(AccountIDOf([]byte("k"))) != 26 {
		t.Error("an id has not 26 characters")
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"  Mara \t Reyes ": "Mara Reyes", "João": "João", "花子": "花子", "👩‍🎨": "👩‍🎨",
		"": "", " ": "", strings.Repeat("x", 65): "", "a\u202eb": "", "a\x00b": "", "\xff": "",
	} {
		got, err := CleanName(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

// The shape on the wire is flat, as docs/protocol.md shows it.
func TestFlat(t *testing.T) {
	b, _ := Encode(&Sent{Header: Header{Re: "7"}, Conversation: "c", Message: "m", Seq: 1, At: 2})
	var m map[string]any
	if json.Unmarshal(b, &m); m["type"] != "sent" || m["re"] != "7" || m["seq"] != 1.0 {
		t.Errorf("%s", b)
	}
}

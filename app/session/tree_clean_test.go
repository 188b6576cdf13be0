package session

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/chat"
	"satchel/transfer/metadata"
)

// telling writes a PNG that says something of itself, and returns it as it is and
// cleaned.
func telling(t *testing.T, path string) (whole, clean []byte) {
	t.Helper()
	picture(t, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head = 33 // up to behind the first chunk
	said := []byte("tEXtComment\x00Canon, at home")
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(said)-4))
	chunk = binary.BigEndian.AppendUint32(append(chunk, said...), crc32.ChecksumIEEE(said))
	whole = append(append(bytes.Clone(b[:head]), chunk...), b[head:]...)
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := metadata.Strip(&out, bytes.NewReader(whole), int64(len(whole)), "image/png"); err != nil || bytes.Contains(out.Bytes(), []byte("Canon")) {
		t.Fatal(err)
	}
	return whole, out.Bytes()
}

// Pictures in a folder go without what they say of place and camera, or as they are,
// as it was asked; what did not change does not go again either way.
func TestFolderClean(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	root := filepath.Join(t.TempDir(), "Photos")
	if err := os.MkdirAll(filepath.Join(root, "day 1"), 0o700); err != nil {
		t.Fatal(err)
	}
	whole, clean := telling(t, filepath.Join(root, "day 1", "harbour.png"))
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("words.txt", "Canon")
	send := func(edit chat.PictureEdit) chat.Message {
		t.Helper()
		sent, err := mara.SendEdited(mara.bounded(), conv, []Outgoing{{Path: root, Edit: edit}}, chat.Content{})
		if err != nil {
			t.Fatal(err)
		}
		return sent[0]
	}
	comes := func(m chat.Message, picture []byte) *chat.Folder {
		t.Helper()
		m = mara.flushed(m)[0]
		path := joao.fetches(conv, m.ID)
		for name, want := range map[string][]byte{"day 1/harbour.png": picture, "words.txt": []byte("Canon")} {
			if got, err := os.ReadFile(filepath.Join(path, filepath.FromSlash(name))); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, want %d: %v", name, len(got), len(want), err)
			}
		}
		return m.Content.File.Folder
	}
	comes(send(chat.PictureEdit{Clean: true}), clean)
	write("more.txt", "more")
	if f := comes(send(chat.PictureEdit{Clean: true, Smaller: true}), clean); len(f.Earlier) != 1 || f.Pack-f.List != 4 {
		t.Errorf("it went again: %+v", f)
	}
	comes(send(chat.PictureEdit{}), whole)
	if now, err := os.ReadFile(filepath.Join(root, "day 1", "harbour.png")); err != nil || !bytes.Equal(now, whole) {
		t.Error("the picture itself was changed")
	}

	// One that can't be cleaned stops it before anything went.
	write("broken.png", string(whole[:len(whole)-20]))
	m := send(chat.PictureEdit{Clean: true})
	mara.fails(conv, m.ID, chat.TransferFailed, "“broken.png” in this folder is damaged: what it says of place and camera can't be removed, so nothing was sent. Take it out of the folder, or send the folder again and keep what pictures say.")
	if tr, _ := mara.TransferOf(conv, m.ID); tr.Offset != 0 || strings.Contains(string(m.State), "stored") {
		t.Errorf("%+v", tr)
	}
}

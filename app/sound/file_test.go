package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A recording that a crash cut off is gone on with where it ended, and says how
// long it is.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := tone(Format{Rate: VoiceRate, Channels: 1}, 300, time.Second)
	if err := f.Write(second); err != nil || f.Long() != time.Second || len(f.Levels()) != 20 || f.Levels()[3] < 200 {
		t.Fatalf("%v: %v, %v", err, f.Long(), f.Levels())
	}
	before := bytes.Clone(f.Levels())
	f.f.Close() // killed: no size in its head, and half a sample at its end
	if out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	} else if _, err := out.Write([]byte{7}); err != nil || out.Close() != nil {
		t.Fatal(err)
	}
	cut, _ := os.ReadFile(path)
	if c, err := Look(path); err != nil || c.Long() != time.Second || !bytes.Equal(c.Levels(), before) {
		t.Fatalf("looked into: %v, %v", err, c)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, cut) {
		t.Error("a look changes it")
	}
	if c, err := Look(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there: %v, %v", c, err)
	}
	if f, err = OpenFile(path); err != nil || f.Long() != time.Second || !bytes.Equal(f.Levels(), before) {
		t.Fatalf("opened again: %v, %v", err, f.Long())
	}
	if err := f.Write(second); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(path)
	if err != nil || len(all) != headSize+2*len(second) || !bytes.Equal(all[headSize:headSize+len(second)], second) {
		t.Fatalf("%d bytes, %v", len(all), err)
	}
	if n := binary.LittleEndian.Uint32(all[40:]); n != uint32(2*len(second)) {
		t.Errorf("its head says %d bytes", n)
	}
	for _, short := range [][]byte{nil, {1, 2, 3}, make([]byte, headSize), make([]byte, headSize+1)} {
		if err := os.WriteFile(path, short, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFile(path)
		if err != nil || f.Long() != 0 {
			t.Fatalf("of %d bytes: %v", len(short), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

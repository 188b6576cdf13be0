package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The licences in the program are of exactly what it is linked from.
func TestComplete(t *testing.T) {
	want := filepath.Join(t.TempDir(), "licences.txt")
	t.Chdir("../../app")
	if err := write(want); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("licences.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(fresh) != string(kept) {
		t.Error("app/licences.txt is not what the programs are linked from: go generate ./app")
	}
}

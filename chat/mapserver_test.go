package chat

import "testing"

func TestMapServer(t *testing.T) {
	for address, good := range map[string]bool{
		"https://tile.example.org/{z}/{x}/{y}.png":              true,
		"http://127.0.0.1:8080/{z}/{x}/{y}":                     true,
		"https://maps.example.org/wmts?key=K&z={z}&x={x}&y={y}": true,
		"":                                        false,
		"tile.example.org/{z}/{x}/{y}.png":        false,
		"ftp://example.org/{z}/{x}/{y}.png":       false,
		"https:///{z}/{x}/{y}.png":                false,
		"https://example.org/{z}/{x}.png":         false,
		"https://example.org/{z}/{x}/{y}/{y}.png": false,
		"https://{s}.example.org/{z}/{x}/{y}.png": false,
		"https://example.org/{z}/{x}/{y}{r}.png":  false,
		"https://example.org/%zz/{z}/{x}/{y}.png": false,
		"https://example.org/{z}/{x}/{y}.png{":    false,
	} {
		if err := (MapServer{Address: address}).Check(); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	if got := (MapServer{Address: "https://a/{z}/{x}/{y}.png"}).Tile(15, 1, 2); got != "https://a/15/1/2.png" {
		t.Error(got)
	}
}

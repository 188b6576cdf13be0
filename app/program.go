package app

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// runs are the extensions of files that do something when they are opened:
// programs, scripts, installers, shortcuts, documents with macros.
var runs = strings.Fields(`
	.action .appimage .apk .app .application .appref-ms .bash .bat .bin .cmd .com .command .cpl .csh .deb .desktop .dex .dll .dmg .docm
	.dotm .elf .exe .fish .flatpakref .gadget .hta .img .inf .ins .iso .jar .js .jse .jnlp .kdelnk .ksh .lnk .lua .mobileconfig .msc .msi .msix .msp
	.mst .ocx .osx .out .pif .pkg .pl .potm .ppam .ppsm .pptm .ps1 .psm1 .py .pyc .pyw .pyz .rb .reg .rpm .run .scf .scpt .scr .sct
	.settingcontent-ms .sh .sldm .snap .so .sys .tcl .terminal .tool .udl .url .vb .vbe .vbs .vhd .vhdx .webloc .wll .workflow .ws .wsc .wsf .wsh
	.xla .xlam .xll .xlsm .xltm .zsh`)

// beginnings of files that can run, whatever they are called.
var beginnings = []string{
	"\x7fELF", "#!", "MZ", // Linux, scripts, Windows
	"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\xbe\xba\xfe\xca", // macOS, Java
	"L\x00\x00\x00\x01\x14\x02\x00",                   // a shortcut of Windows
	"!<arch>\ndebian", "\xed\xab\xee\xdb", "dex\n035", // packages
	"[desktop entry]", "[internetshortcut]",
}

// inside are names that documents and archives have inside when they can run:
// macros, of both formats of office documents, and programs in an archive.
var inside = [][]byte{
	[]byte("vbaProject.bin"), []byte("xl/macrosheets/"), []byte("META-INF/MANIFEST.MF"), []byte("classes.dex"), []byte("Basic/script-lc.xml"),
	wide("_VBA_PROJECT"), wide("Macros"),
}

// Of a large document the first and the last bytes are looked at: there its
// directory is.
const lookedAt = 4 << 20

// canRun tells whether opening a file could start a program: by its name, by
// its mode, by how it begins, or by what is in it.
func canRun(path string) bool {
	if namedProgram(path) {
		return true
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode()&0o111 != 0 {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	head := make([]byte, min(4096, info.Size()))
	if _, err := io.ReadFull(f, head); err != nil {
		return true
	}
	if begins(head) {
		return true
	}
	// A zip's directory is at its end, whatever stands before it; that of an
	// old office document may be anywhere.
	old := bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	end := make([]byte, min(lookedAt, info.Size()))
	if n, err := f.ReadAt(end, info.Size()-int64(len(end))); n < len(end) {
		return err != nil
	}
	if old && info.Size() > lookedAt {
		begin := make([]byte, lookedAt)
		if _, err := f.ReadAt(begin, 0); err != nil {
			return true
		}
		end = append(end, begin...)
	}
	if !old && !bytes.Contains(end[max(0, len(end)-(64<<10)-22):], []byte("PK\x05\x06")) {
		return false
	}
	return slices.ContainsFunc(inside, func(name []byte) bool { return bytes.Contains(end, name) })
}

// namedProgram tells whether a file's name says that it can run.
func namedProgram(path string) bool {
	return slices.Contains(runs, strings.ToLower(filepath.Ext(path)))
}

// begins tells whether a file that begins like this can run. What editors leave
// before the first word, a byte order mark, space and comments, is passed over.
func begins(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for {
		low := bytes.ToLower(head)
		for _, b := range beginnings {
			if bytes.HasPrefix(head, []byte(b)) || bytes.HasPrefix(low, []byte(b)) && b[0] >= 0x20 && b[0] < 0x7f && len(b) > 2 {
				return true
			}
		}
		trimmed := bytes.TrimLeft(head, " \t\r\n")
		if len(trimmed) > 0 && (trimmed[0] == '#' || trimmed[0] == ';') {
			_, trimmed, _ = bytes.Cut(trimmed, []byte("\n"))
		}
		if len(trimmed) == len(head) || len(trimmed) == 0 {
			return false
		}
		head = trimmed
	}
}

// wide is how Windows writes a name.
func wide(s string) []byte {
	out := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		out = append(out, s[i], 0)
	}
	return out
}

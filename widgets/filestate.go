package widgets

import (
	"path"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"satchel/chat"
)

// filePhase is what a file's bubble shows of its transfer.
type filePhase uint8

const (
	fileRemote    filePhase = iota // not on this computer; one click fetches it
	fileHere                       // verified on this computer
	fileSent                       // ours, sent; the source is not kept here
	fileQueued                     // waits for its turn
	filePreparing                  // being looked at or checked
	fileMoving                     // bytes are on their way
	fileFinishing                  // compared, synced, named
	filePaused
	fileWaiting // for the network or the relay
	fileFailed
)

// fileState says all that a bubble draws of a file, but its pictures.
type fileState struct {
	phase    filePhase
	upload   bool
	transfer chat.TransferID // "" when there is none
	offset   int64
	size     int64
	detail   string // one line under the name
	bad      bool   // the line says what went wrong
}

// here tells whether the file is on this computer: a verified download, or
// what an upload that is done was read from.
func (it *Item) here() bool {
	t := it.Transfer
	return it.Path != "" || t != nil && t.State == chat.TransferDone && t.Path != ""
}

// partly tells whether a part of a folder is on this computer.
func (it *Item) partly() bool {
	if t := it.Transfer; t != nil && t.Direction == chat.Download && t.State == chat.TransferDone {
		return t.Only != nil
	}
	return it.Partly
}

// localPath is where that file lies.
func (it *Item) localPath() string {
	if it.Path == "" && it.Transfer != nil {
		return it.Transfer.Path
	}
	return it.Path
}

// fileStateOf tells how the file of an item stands.
func fileStateOf(it *Item) fileState {
	f := it.Message.Content.File
	s := fileState{size: f.Size}
	if t := it.Transfer; t != nil && !t.State.Ended() {
		s.transfer, s.upload = t.ID, t.Direction == chat.Upload
		if s.size == 0 || t.File.IsFolder() { // of a folder, what goes or was chosen
			s.size = t.File.Size
		}
		s.offset = min(max(t.Offset, 0), s.size)
		progress := FormatProgress(s.offset, s.size)
		switch t.State {
		case chat.TransferQueued:
			s.phase, s.detail = fileQueued, join(lang.L("Waiting"), FormatSize(s.size))
			if s.offset > 0 {
				s.detail = join(lang.L("Waiting"), progress)
			}
		case chat.TransferPreparing:
			s.phase, s.detail = filePreparing, join(lang.L("Preparing"), FormatSize(s.size))
		case chat.TransferMoving:
			s.phase, s.detail = fileMoving, progress
			if t.Rate >= 1 {
				s.detail = join(progress, FormatRate(t.Rate), FormatLeft(t.Left))
			}
		case chat.TransferFinishing:
			s.phase, s.detail = fileFinishing, join(lang.L("Checking"), FormatSize(s.size))
		case chat.TransferPaused:
			s.phase, s.detail = filePaused, lang.L("Paused at {{.Progress}}", map[string]any{"Progress": progress})
		case chat.TransferWaiting:
			s.phase, s.detail = fileWaiting, t.Reason
			if s.detail == "" {
				s.detail = join(lang.L("No connection"), progress)
			}
		default:
			s.phase, s.detail, s.bad = fileFailed, t.Reason, true
			if s.detail == "" {
				s.detail = lang.L("It did not work. Nothing was lost.")
			}
		}
		return s
	}
	s.detail = join(FormatAbout(f), FormatSize(s.size))
	if it.Heard != (Heard{}) && f.IsSound() && f.Duration > 0 {
		s.detail = join(formatHeard(it.Heard, f), FormatSize(s.size))
	}
	switch {
	case it.here():
		s.phase = fileHere
		switch {
		case it.Mine:
			s.detail = join(s.detail, it.Fetched)
		case it.partly():
			s.detail = join(s.detail, lang.L("Partly downloaded"))
		case f.IsSound():
		default:
			s.detail = join(s.detail, lang.L("Downloaded"))
		}
	case it.Mine && f.URL == "":
		s.phase = fileSent
	case it.Mine:
		s.phase, s.detail = fileRemote, join(s.detail, it.Fetched)
	default:
		s.phase = fileRemote
	}
	return s
}

// moving tells whether the state has a bar: something happens, or will go on.
func (s *fileState) moving() bool { return s.phase >= fileQueued && s.phase <= fileWaiting }

// part is how much is there: 0 to 1.
func (s *fileState) part() float32 {
	switch {
	case s.phase == fileFinishing:
		return 1
	case s.size <= 0:
		return 0
	}
	return float32(float64(s.offset) / float64(s.size))
}

// join puts a middle dot between what is not empty.
func join(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(" · ")
		}
		b.WriteString(p)
	}
	return b.String()
}

// shownName is a file's name as a bubble writes it: on one line, and without
// the invisible characters that make it read as something else.
func shownName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	if runes := []rune(name); len(runes) > 255 {
		name = string(runes[:170]) + "…" + string(runes[len(runes)-84:])
	}
	if strings.TrimSpace(name) == "" {
		return lang.L("File")
	}
	return name
}

// extension is what a tile shows: up to four letters of the name's end.
func extension(name string) string {
	ext := strings.TrimPrefix(path.Ext(name), ".")
	if ext == "" || len(ext) > 5 {
		return ""
	}
	for _, r := range ext {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return ""
		}
	}
	return strings.ToUpper(ext)
}

// The colours of tiles by kind of file; all of them carry white letters.
const (
	colorTileDocument = fyne.ThemeColorName("satchelTileDocument") // to be read
	colorTileSheet    = fyne.ThemeColorName("satchelTileSheet")    // tables
	colorTileText     = fyne.ThemeColorName("satchelTileText")     // words and code
	colorTileSound    = fyne.ThemeColorName("satchelTileSound")
	colorTilePicture  = fyne.ThemeColorName("satchelTilePicture")
	colorTileProgram  = fyne.ThemeColorName("satchelTileProgram") // can run
)

// tileColors names the kind of file by its extension; the rest is the accent's
// (films, archives, everything unknown).
var tileColors = func() map[string]fyne.ThemeColorName {
	all := map[string]fyne.ThemeColorName{}
	for name, extensions := range map[fyne.ThemeColorName]string{
		colorTileDocument: "PDF PS EPUB DJVU PPT PPTX ODP KEY",
		colorTileSheet:    "XLS XLSX ODS CSV TSV SQL DB",
		colorTileText:     "DOC DOCX ODT RTF TXT MD TEX HTML XML JSON YAML YML TOML LOG GO PY RS C H CPP JAVA TS CSS",
		colorTileSound:    "MP3 FLAC WAV OGG OPUS M4A AAC AIFF MID",
		colorTilePicture:  "JPG JPEG PNG GIF WEBP AVIF HEIC TIF TIFF BMP SVG PSD RAW CR2 NEF DNG",
		colorTileProgram:  "EXE MSI BAT CMD COM SCR SH APP DMG PKG DEB RPM JAR APK PS1 VBS JS RUN",
	} {
		for e := range strings.FieldsSeq(extensions) {
			all[e] = name
		}
	}
	return all
}()

// fileTileColor is tileColor of a file, or of a folder whatever its name is.
func fileTileColor(f *chat.File) (tile, ink fyne.ThemeColorName) {
	if f.IsFolder() {
		return ColorAccent, ColorOnAccent
	}
	return tileColor(f.Name)
}

// tileColor is the colour of a file's tile, and of the letters on it.
func tileColor(name string) (tile, letters fyne.ThemeColorName) {
	if c, ok := tileColors[extension(name)]; ok {
		return c, colorOnTile
	}
	return ColorAccent, ColorOnAccent
}

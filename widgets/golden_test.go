package widgets

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"satchel/chat"
)

// goldens are the golden pictures in testdata, each by day and by night, with the
// widgets that it is the master of and what state they are in.
var goldens = []struct {
	name  string
	shows []string // widgets
	state string
}{
	{"talk", []string{"Timeline"}, "words: grouped, long, a title, a link, an unknown kind, unreadable, not sent; marks of days and of what is new; sent, delivered, read"},
	{"answers", []string{"Timeline"}, "quotes, edited, deleted, reactions, markup, code, mentions, big emoji, a picked one"},
	{"files", []string{"Timeline"}, "a file in all states: queued, prepared, moving, paused, waiting, finishing, failed, not here, here, gone from the server"},
	{"pictures", []string{"Timeline"}, "a picture: not here, coming, here, paused, failed, with words; a place"},
	{"maps", []string{"Timeline"}, "places with a map, and one whose map is none"},
	{"albums", []string{"Timeline"}, "albums of four and five, one under way, with words"},
	{"previews", []string{"Timeline"}, "a sound, a page, code, a film"},
	{"sounds", []string{"Timeline"}, "sounds and voice messages: not here, playing, paused, going out"},
	{"folded", []string{"Timeline"}, "a long text folded, other writings, marks upon marks, a line between messages, a folder in all states, the way to the newest"},

	{"shell/controls", []string{"Button", "Toggle", "Picker", "RowButton", "Field", "FieldFrame", "FieldLine", "Fact", "Paragraph", "Line", "Column"}, "at rest, under the pointer, with the focus, off"},
	{"shell/focused", []string{"Pages", "Choice", "SideHead", "ChatHead", "SideFoot", "VoiceBar"}, "with the focus"},
	{"shell/lists", []string{"PersonList", "MentionList", "RoomBar", "ClosedBar", "Tips", "Avatar", "Ground"}, "people to choose from, names offered, what takes room, a closed conversation, a name under the pointer"},
	{"shell/transfers", []string{"TransferList"}, "in all states"},
	{"shell/folder", []string{"TreeSheet"}, "open and closed, ticked, here, left out"},
	{"shell/people", []string{"PersonList", "Sheet"}, "whom to write to"},

	{"shell/rows", []string{"ConversationList"}, "carrying, unread, typing, to oneself, a draft, read, not sent"},
	{"shell/rows-set", []string{"ConversationList"}, "pinned, muted, marked, archived"},
	{"shell/found", []string{"ConversationList"}, "what was searched"},
	{"shell/composer", []string{"Composer"}, "empty, grown"},
	{"shell/composer-voice", []string{"Composer"}, "with a microphone"},
	{"shell/voice", []string{"VoiceBar"}, "recording"},
	{"shell/voice-paused", []string{"VoiceBar"}, "paused"},
	{"shell/bars", []string{"ReplyBar", "PickBar"}, "an answer, an edit, some and one picked"},
	{"shell/side", []string{"SideHead", "SideFoot", "ChatHead", "NoticeBar"}, "at rest"},
	{"shell/verified", []string{"ChatHead"}, "compared"},
	{"shell/drop", []string{"DropTarget"}, "something is carried over the window"},
	{"shell/emoji", []string{"EmojiPicker"}, "nothing found"},
	{"shell/viewer", []string{"PictureViewer"}, "with one before"},

	{"shell/welcome", []string{"Welcome", "Choice"}, "at first"},
	{"shell/welcome-link", []string{"Welcome"}, "another device"},
	{"shell/welcome-recovery", []string{"Welcome"}, "a recovery file"},
	{"shell/welcome-wrong", []string{"Welcome"}, "a wrong link"},

	{"shell/send", []string{"SendSheet"}, "files and pictures"},
	{"shell/media", []string{"MediaSheet"}, "pictures"},
	{"shell/location", []string{"LocationSheet"}, "a place"},
	{"shell/location-map", []string{"LocationSheet"}, "a place with its map"},
	{"shell/settings", []string{"Pages", "Toggle", "Picker"}, "a page"},
	{"shell/form", []string{"Form"}, "with what is wrong"},
	{"shell/new-group", []string{"GroupSheet"}, "with people chosen, refused"},
	{"shell/group", []string{"GroupPage", "MemberList"}, "for an owner"},
	{"shell/person", []string{"PersonSheet", "Number", "QR"}, "to compare"},
	{"shell/devices", []string{"DeviceList"}, "some"},
	{"shell/link-wait", []string{"LinkSheet"}, "waiting"},
	{"shell/link-compare", []string{"LinkSheet", "Number"}, "to compare"},
	{"shell/recovery", []string{"RecoverySheet"}, "its passphrase"},
}

// Every widget that others can use has its golden pictures, by day and by night,
// and no picture is of nothing.
func TestEveryWidgetHasGolden(t *testing.T) {
	of := map[string]bool{}
	wanted := map[string]bool{}
	for _, g := range goldens {
		for _, w := range g.shows {
			of[w] = true
		}
		wanted[g.name+"-light.png"], wanted[g.name+"-dark.png"] = true, true
	}
	there := map[string]bool{}
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "failed" || d.Name() == "rapid" || d.Name() == "fuzz") {
			return filepath.SkipDir
		}
		if name, is := strings.CutPrefix(filepath.ToSlash(path), "testdata/"); is && strings.HasSuffix(name, ".png") {
			there[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range wanted {
		if !there[name] {
			t.Errorf("there is no picture %s", name)
		}
	}
	for name := range there {
		if !wanted[name] {
			t.Errorf("testdata/%s is the master of nothing: add it to goldens", name)
		}
	}
	all := exportedWidgets(t)
	for _, w := range all {
		if !of[w] {
			t.Errorf("%s has no golden picture: add one, and say so in goldens", w)
		}
	}
	for w := range of {
		if !slices.Contains(all, w) {
			t.Errorf("goldens speaks of %s, which is no widget", w)
		}
	}
}

// exportedWidgets are the types of this package that are drawn: those with a
// renderer, a Sheet or a widget or container of Fyne's inside.
func exportedWidgets(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	embeds := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "CreateRenderer" {
					drawn[d.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					one, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					fields, ok := one.Type.(*ast.StructType)
					if !ok {
						continue
					}
					for _, f := range fields.Fields.List {
						inside := string(src[f.Type.Pos()-1 : f.Type.End()-1])
						if len(f.Names) == 0 && (strings.HasPrefix(inside, "widget.") || inside == "fyne.Container") ||
							inside == "*Sheet" && f.Names[0].Name == "Sheet" {
							drawn[one.Name.Name] = true
						}
						if len(f.Names) == 0 {
							embeds[one.Name.Name] = inside
						}
					}
				}
			}
		}
	}
	for name, inside := range embeds {
		drawn[name] = drawn[name] || drawn[inside]
	}
	for name := range drawn {
		if ast.IsExported(name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// focus draws a widget as it is with the keyboard.
func focus(o fyne.Focusable) fyne.CanvasObject {
	o.FocusGained()
	return o.(fyne.CanvasObject)
}

func TestControlsLook(t *testing.T) {
	inBoth(t, "controls", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		three := func(make func() *Button) fyne.CanvasObject {
			rest, under, with, off := make(), make(), make(), make()
			under.MouseIn(nil)
			off.SetDisabled(true)
			return NewLine(12, rest, under, focus(with), off)
		}
		toggle := func(box bool, text string, on, disabled bool) *Toggle {
			o := NewToggle(text, "", on, nil)
			o.Box = box
			o.SetDisabled(disabled)
			return o
		}
		row := func(text string) *RowButton { return NewRowButton(text, "MIT", nil) }
		under := row("Under the pointer")
		under.MouseIn(nil)
		field, off := NewField("What is it called?"), NewField("Nobody may change it")
		off.Disable()
		menu := NewPicker("With the focus", "", []string{"System"}, 0, nil)
		focus(menu.Button)
		return room(t, v, container.NewPadded(NewColumn(8,
			three(func() *Button { return NewButton(PlainButton, "Plain", nil) }),
			three(func() *Button { return NewButton(PrimaryButton, "Primary", nil) }),
			three(func() *Button { return NewIconButton(IconSettings, "Icon", nil) }),
			NewHeading("A heading"),
			NewFact("Version", "Satchel 0.1.0"),
			toggle(false, "On", true, false), toggle(false, "Off", false, false), toggle(false, "On, and nobody can change it", true, true), toggle(false, "Off, and nobody can", false, true),
			focus(toggle(false, "With the focus", true, false)),
			NewLine(12, toggle(true, "Ticked", true, false), toggle(true, "Not ticked", false, false)),
			NewPicker("One of several", "What that means.", []string{"System", "Light", "Dark"}, 0, nil), menu,
			row("A row"), under, focus(row("With the focus")),
			NewFieldLine(field, NewButton(PlainButton, "Rename", nil)), FieldBox(off, false),
		)), 440, 760)
	})
	inBoth(t, "focused", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		head, foot, chatHead, voice := NewSideHead(), NewSideFoot(), NewChatHead(), NewVoiceBar()
		head.SetFace(Face{Name: "Mara Reyes", Key: "me"})
		head.SetStatus("Connected to studio relay", "Connected", ToneMuted)
		foot.Set("3 transfers", "41 MB/s · 0:18 left", 0.62)
		chatHead.Set(Face{Name: "Ines Tavares", Key: "a"}, "online", ToneMuted)
		voice.Show()
		voice.Set(VoiceState{Seconds: 12, Levels: []byte{90, 200, 30}})
		one, other := newChoice("Chosen", "What it means.", func() {}), newChoice("Another", "What that means.", func() {})
		one.set(true)
		pages := NewPages(PageName{"a", "Devices", IconComputer}, PageName{"b", "About", IconTalk})
		pages.SetPage("a", NewHeading("Devices"))
		for _, o := range []fyne.Focusable{head, chatHead, voice, one, pages.names[1]} {
			o.FocusGained()
		}
		return room(t, v, container.NewPadded(NewColumn(8, head, foot, chatHead, voice, one, other, pages)), 440, 760)
	})
}

func TestListsLook(t *testing.T) {
	inBoth(t, "lists", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		names := newMentionList(func(string) {})
		names.offer([]string{"Ines Tavares", "Inga, whose name is much longer than any list of names has room to show"})
		bar, closed := NewRoomBar(), NewClosedBar()
		bar.SetParts(RoomPart{"Pictures", 40 << 20}, RoomPart{"Films", 900 << 20}, RoomPart{"Other files", 84 << 10}, RoomPart{"Messages", 12 << 20})
		closed.Say("You left. What was written until then stays here.")
		people := NewPersonList("Whom?")
		people.Several = true
		people.SetPeople([]chat.Account{{ID: "a", Name: "Ines Tavares"}, {ID: "b", Name: "Hana"}}, "")
		people.pick(chat.Account{ID: "a", Name: "Ines Tavares"})
		_, rows := people.Rows()
		rows[1].(fyne.Focusable).FocusGained()
		layer, under := NewTips(), NewIconButton(IconSettings, "Settings", nil)
		w := room(t, v, container.NewStack(container.NewPadded(NewColumn(12, under, names, bar, closed, people)), &layer.Container), 440, 520)
		layer.show(under, under.Text, under.Size().Height)
		return w
	})
	inBoth(t, "transfers", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		l := NewTransferList("Nothing")
		l.SetRows(someTransfers())
		return room(t, v, l, 660, 620)
	})
	inBoth(t, "people", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		l := NewPersonList("Whom do you want to write to?")
		l.SetPeople(nil, "Nobody else is on this relay yet. Invite somebody with a link.")
		s := NewSheet("New message", l, NewButton(PrimaryButton, "Invite somebody…", nil))
		s.Height = 240
		w := room(t, v, container.NewStack(), 520, 440)
		s.ShowOn(w.Canvas(), nil)
		return w
	})
	inBoth(t, "folder", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		s := NewTreeSheet("harbour-rushes", "")
		s.SetTree([]chat.TreeEntry{
			{Path: "budget.xlsx", Size: 12_400, SHA256: "aa"},
			{Path: "Day 1/a-name-that-somebody-gave-to-the-very-last-and-really-final-version-of-a-film.mov", Size: 812_000_000, SHA256: "aa"},
			{Path: "Day 1/a.mov", Size: 100_000_000, SHA256: "aa", Here: true},
			{Path: "Day 1/sound/boom.wav", Size: 50_000_000, SHA256: "aa"},
			{Path: "Day 2/gone.mov", SHA256: chat.LeftOut, Size: 7},
			{Path: "nothing", Folder: true},
		}, "Choose what to download. What is here already is not fetched again.", true)
		w := room(t, v, container.NewStack(), 700, 620)
		s.Sheet.ShowOn(w.Canvas(), nil)
		s.Tap(1)
		return w
	})
}

// foldedItems are what is seldom.
func foldedItems() []Item {
	folder := func(n int, tr *chat.Transfer) Item {
		f := &chat.File{URL: "/f", Name: "harbour-rushes", Size: 2_400_000_000, Folder: &chat.Folder{Files: 320}}
		return fileItem(n, n%2 == 0, f, tr)
	}
	line := said(1, false, "")
	line.Line = "Ines Tavares set new messages to disappear after 1 week."
	items := []Item{
		line,
		said(2, false, strings.Repeat("All work and no play makes a long text, which is folded until somebody wants all of it. ", 60)),
		said(3, true, "Latin, Ελληνικά, Кириллица, y q g"),
		said(4, false, "Z"+strings.Repeat("\u0351\u036b\u0343", 8)+" and what is below it"),
		folder(5, nil),
		folder(6, &chat.Transfer{Direction: chat.Upload, State: chat.TransferMoving, Offset: 900_000_000, Rate: 38e6, Left: 40 * time.Second}),
		folder(7, &chat.Transfer{Direction: chat.Download, State: chat.TransferFailed, Reason: "There is not enough room on the disk. Make room, then try again."}),
		folder(8, nil),
		said(9, false, "The last one"),
	}
	items[7].Path = "/f"
	return items
}

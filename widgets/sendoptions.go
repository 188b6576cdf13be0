package widgets

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// edit is what the person chose for pictures.
func (s *SendSheet) edit() chat.PictureEdit {
	return chat.PictureEdit{Clean: s.Clean.On(), Smaller: s.Smaller.On()}
}

// updateOptions says what would be removed, and what smaller pictures save. The
// options are there when they would do something.
func (s *SendSheet) updateOptions() {
	var saves int64
	pictures, telling := 0, 0
	var place, taken bool
	var cameras []string
	for _, r := range s.rows {
		if r.looked.IsPicture() && !r.looked.IsVideo() {
			pictures++
		}
		saves += r.saves()
		if !r.facts.Any() {
			continue
		}
		telling++
		place, taken = place || r.facts.Place, taken || r.facts.Taken != ""
		if c := r.facts.Camera; c != "" && !slices.Contains(cameras, c) {
			cameras = append(cameras, c)
		}
	}
	var what []string
	if place {
		what = append(what, lang.L("the place"))
	}
	if len(cameras) > 2 {
		what = append(what, lang.L("{{.Count}} cameras", map[string]any{"Count": len(cameras)}))
	} else if len(cameras) > 0 {
		what = append(what, strings.Join(cameras, ", "))
	}
	if taken {
		what = append(what, lang.L("the time"))
	}
	data := map[string]any{"What": strings.Join(what, ", ")}
	var detail string
	inFolders := slices.ContainsFunc(s.rows, func(r *sendRow) bool { return r.file.Pictures > 0 && !r.file.Refused })
	switch {
	case inFolders && telling == 0 && s.Clean.On():
		detail = lang.L("It is looked for in the pictures of a folder, too; all else in it goes as it is.")
	case inFolders && telling == 0:
		detail = lang.L("Pictures in a folder go untouched, to the last bit.")
	case s.Smaller.On() && telling > 0 && !s.Clean.On():
		detail = lang.L("A smaller picture says nothing of it either way.")
	case telling == 0:
		detail = lang.L("These say nothing of it.")
	case s.Clean.On() && len(what) == 0:
		detail = lang.L("Removed: comments and small copies.")
	case s.Clean.On():
		detail = lang.L("Removed: {{.What}}.", data)
	case len(what) == 0:
		detail = lang.L("They go untouched, to the last bit.")
	default:
		detail = lang.L("They go untouched, to the last bit, and tell {{.What}}.", data)
	}
	s.Clean.SetDetail(detail)
	s.Smaller.Aside = ""
	if saves > 0 {
		s.Smaller.Aside = lang.L("saves about {{.Size}}", map[string]any{"Size": FormatSize(saves)})
	}
	show(s.Clean, pictures > 0 || inFolders)
	show(s.Smaller, saves > 0)
	s.Smaller.Refresh()
	s.Sheet.Refresh()
}

// saves is by how many bytes a smaller picture is likely smaller.
func (r *sendRow) saves() int64 {
	f := &r.looked
	longer := max(f.Width, f.Height)
	if !f.IsPicture() || longer <= chat.SmallerSide || !strings.HasPrefix(f.MIME, "image/") || f.MIME == "image/gif" {
		return 0
	}
	part := float64(chat.SmallerSide) / float64(longer)
	pixels := float64(f.Width) * float64(f.Height) * part * part
	size := min(float64(r.file.Size)*part*part, pixels*0.4) // a JPEG has less than that, whatever it shows
	return r.file.Size - int64(size)
}

// FormatAbout says what a file is besides its size: pages, or how long it lasts.
func FormatAbout(f *chat.File) string {
	switch {
	case f.IsFolder():
		return formatFolder(f.Folder)
	case f.Pages == 1:
		return lang.L("1 page")
	case f.Pages > 1:
		return lang.L("{{.Count}} pages", map[string]any{"Count": f.Pages})
	case f.Duration > 0:
		return FormatDuration(f.Duration)
	}
	return ""
}

// FormatDuration writes how long a film or a sound lasts: 0:07, 12:30, 1:02:03.
func FormatDuration(seconds float64) string {
	s := int(min(max(seconds, 0), 1e6) + 0.5)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

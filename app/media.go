package app

import (
	"context"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// mediaMost is how many files of a conversation are listed; a search narrows them.
const mediaMost = 2000

// openMedia shows what the open conversation carried.
func (a *App) openMedia() {
	id := a.main.pane.id
	if id == "" {
		return
	}
	c := a.model.conversations[id]
	s := widgets.NewMediaSheet(a.model.name(&c))
	s.Thumbnail = a.main.pane.timeline.Thumbnail
	s.OnOpen = func(m chat.Message) {
		s.Sheet.Dismiss()
		a.showInConversation(m)
		a.useFile(m)
	}
	s.OnShow = func(m chat.Message) {
		s.Sheet.Dismiss()
		a.showInConversation(m)
	}
	round := 0
	s.OnSearch = func(text string) {
		round++
		mine := round
		a.work(func(context.Context) func() {
			found, err := a.session.Files(id, text, mediaMost)
			return func() {
				if mine != round || !s.Sheet.Shown() {
					return
				}
				nothing := lang.L("Nothing was sent here yet.")
				switch {
				case err != nil:
					nothing = sentence(err)
				case text != "":
					nothing = lang.L("Nothing here is called that.")
				}
				s.SetMessages(found, nothing)
			}
		})
	}
	a.showSheet(&openSheet{name: "media", sheet: s.Sheet, media: s, spots: map[string]spotted{"find": s.Search, "pictures": s.Pictures, "files": s.Files}})
	s.Sheet.ShowOn(a.window.Canvas(), s.Search)
	s.OnSearch("")
}

// showInConversation goes to a message of the open conversation.
func (a *App) showInConversation(m chat.Message) {
	if a.main.pane.id == m.Conversation {
		a.main.pane.jump(m.ID)
	}
}

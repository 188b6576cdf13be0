package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// transfersSheet shows all transfers: what moves, waits, is paused, failed, and
// was done today.
type transfersSheet struct {
	list              *widgets.TransferList
	pause, goOn, back *widgets.Button
	cancel            *widgets.Button
	today             []*chat.Transfer                     // done before the program began
	fetched           map[chat.TransferID][]chat.AccountID // of what was sent: who has it
	soon              bool                                 // it is drawn in a moment
	took              time.Duration                        // the last drawing
}

// The list is drawn every transfersEvery at most; a long one less often, so that
// it takes no more of the screen's time than one part in transfersShare.
const (
	transfersEvery = 200 * time.Millisecond
	transfersShare = 10
)

// openTransfers shows all transfers.
func (a *App) openTransfers() {
	if a.main == nil || a.sheet != nil && a.sheet.transfers != nil {
		return
	}
	t := &transfersSheet{list: widgets.NewTransferList(lang.L("Nothing is on its way, and nothing was today."))}
	t.pause = widgets.NewButton(widgets.PlainButton, lang.L("Pause all"), a.session.PauseAllTransfers)
	t.goOn = widgets.NewButton(widgets.PlainButton, lang.L("Go on with all"), a.session.ResumeAllTransfers)
	t.back = widgets.NewButton(widgets.PlainButton, lang.L("Try failed ones again"), a.session.RetryAllTransfers)
	t.list.OnAct = a.actOnTransfer
	t.cancel = widgets.NewButton(widgets.PlainButton, lang.L("End all…"), a.askToCancelAll)
	sheet := widgets.NewSheet(lang.L("Transfers"), t.list, t.back, t.goOn, t.pause)
	sheet.Aside, t.cancel.OnEscape = t.cancel, sheet.Dismiss
	sheet.Width, sheet.Height, sheet.Tall = 704, 470, 640
	o := &openSheet{name: "transfers", sheet: sheet, transfers: t, anew: a.openTransfers, spots: map[string]spotted{"pause-all": t.pause, "go-on-all": t.goOn, "retry-all": t.back, "cancel-all": t.cancel}}
	a.showSheet(o)
	a.drawTransfers()
	sheet.ShowOn(a.window.Canvas(), nil)
	a.work(func(context.Context) func() {
		done, err := a.session.TransfersDone(startOfDay(time.Now()))
		if err != nil {
			a.log.Error("read what was done", "error", err)
		}
		return func() {
			t.today = nil
			for i := range done {
				t.today = append(t.today, &done[i])
			}
			a.drawTransfersSoon()
			a.lookFetched()
		}
	})
}

// askToCancelAll asks, and then ends all that is not done.
func (a *App) askToCancelAll() {
	a.confirm(lang.L("End all transfers?"), lang.L("What is being sent is taken back, with its messages. What was being fetched can be fetched again by a click. What is done stays."),
		lang.L("End all"), func(context.Context) error {
			a.session.CancelAllTransfers()
			return nil
		})
}

func startOfDay(t time.Time) time.Time {
	y, m, d := t.Local().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.Local)
}

// drawTransfersSoon draws the list, if it is shown, a few times a second at most.
func (a *App) drawTransfersSoon() {
	if a.sheet == nil || a.sheet.transfers == nil || a.sheet.transfers.soon {
		return
	}
	t := a.sheet.transfers
	t.soon = true
	a.later(max(transfersEvery, transfersShare*t.took), func() {
		t.soon = false
		a.drawTransfers()
	})
}

func (a *App) drawTransfers() {
	if a.sheet == nil || a.sheet.transfers == nil {
		return
	}
	t, m, began := a.sheet.transfers, &a.model, time.Now()
	defer func() { t.took = time.Since(began) }()
	t.list.SetRows(m.transferRows(t.today, t.fetched, startOfDay(time.Now())))
	paused, failed := false, false
	for _, one := range m.transfers {
		paused = paused || one.State == chat.TransferPaused
		failed = failed || one.State == chat.TransferFailed
	}
	moves := m.all.count != [2]int{}
	for b, on := range map[*widgets.Button]bool{t.pause: moves, t.goOn: paused, t.back: failed, t.cancel: len(m.transfers) > 0} {
		if b.Visible() == on {
			continue
		}
		if on {
			b.Show()
		} else {
			b.Hide()
		}
		a.sheet.sheet.Refresh()
	}
}

// transferRows lists all transfers in groups, each under its heading.
func (m *model) transferRows(today []*chat.Transfer, fetched map[chat.TransferID][]chat.AccountID, since time.Time) (rows []widgets.TransferRow) {
	var groups [4][]*chat.Transfer
	for _, t := range m.transfers {
		g := 2
		switch {
		case t.State.Active():
			g = 0
		case t.State == chat.TransferFailed:
			g = 1 // above thousands that wait
		case t.State == chat.TransferPaused:
			g = 3
		}
		groups[g] = append(groups[g], t)
	}
	rows = make([]widgets.TransferRow, 0, len(m.transfers)+mostDone)
	names := map[chat.ConversationID]string{}
	add := func(heading string, all []*chat.Transfer) {
		if len(all) == 0 {
			return
		}
		rows = append(rows, widgets.TransferRow{Heading: heading})
		for _, t := range all {
			name, ok := names[t.Conversation]
			if !ok {
				c := m.conversations[t.Conversation]
				name = m.name(&c)
				names[t.Conversation] = name
			}
			row := widgets.TransferRow{Transfer: t, With: name}
			if reason := told(t.Reason); reason != t.Reason {
				said := *t
				said.Reason = reason
				row.Transfer = &said
			}
			if who := fetched[t.ID]; len(who) > 0 {
				c := m.conversations[t.Conversation]
				row.Fetched = m.fetchedBy(&c, who, 2)
			}
			rows = append(rows, row)
		}
	}
	for i, heading := range []string{lang.L("On their way"), lang.L("Failed"), lang.L("Waiting"), lang.L("Paused")} {
		slices.SortFunc(groups[i], func(a, b *chat.Transfer) int {
			return cmp.Or(cmp.Compare(b.Front, a.Front), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		})
		add(heading, groups[i])
	}
	var done []*chat.Transfer
	seen := map[chat.TransferID]bool{}
	for _, t := range slices.Concat(m.recent(), today) {
		if !seen[t.ID] && !t.Updated.Before(since) {
			seen[t.ID] = true
			done = append(done, t)
		}
	}
	add(lang.L("Done today"), done)
	return rows
}

// actOnTransfer does what a row's button says.
func (a *App) actOnTransfer(t chat.Transfer, act widgets.TransferAct) {
	switch act {
	case widgets.ActFront:
		a.steer(t.ID, a.session.FrontTransfer)
	case widgets.ActPause:
		a.steer(t.ID, a.session.PauseTransfer)
	case widgets.ActResume:
		a.steer(t.ID, a.session.ResumeTransfer)
	case widgets.ActCancel:
		a.steer(t.ID, a.session.CancelTransfer)
	case widgets.ActOpen, widgets.ActFolder:
		m := chat.Message{ID: t.Message, Conversation: t.Conversation}
		if act == widgets.ActFolder {
			a.showInFolder(m)
			return
		}
		a.work(func(context.Context) func() {
			path := a.localFile(m.Conversation, m.ID)
			return func() {
				if path == "" {
					a.notice(lang.L("The file is no longer where it was."))
					return
				}
				a.openFile(path)
			}
		})
	}
}

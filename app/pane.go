package app

import (
	"context"
	"net/url"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

const (
	pageSize    = 60                     // messages read from the cache at a time
	draftDelay  = 500 * time.Millisecond // a draft is kept this long after the last key
	typingEvery = 3 * time.Second        // others are told this often that one writes
)

// pane is the open conversation: its head, its timeline and where one writes.
// What the timeline shows is always one run of the log without a gap, from
// lowest to highest, and what is pending behind it.
type pane struct {
	app      *App
	id       chat.ConversationID // "": none is open
	head     *widgets.ChatHead
	timeline *widgets.Timeline
	composer *widgets.Composer
	voice    *widgets.VoiceBar  // instead of the composer while a voice message is recorded
	closed   *widgets.ClosedBar // instead of the composer where nobody can write
	notice   *widgets.NoticeBar
	reply    *widgets.ReplyBar
	picked   *widgets.PickBar
	hint     *widgets.DropTarget // instead of an empty timeline
	hover    *widgets.DropTarget // while files hang over the window
	root     *fyne.Container

	shown           map[chat.MessageID]chat.Message
	came            []chat.MessageID                    // of shown, and some that are gone, in the order of their coming
	replies         map[chat.MessageID]chat.MessageID   // of shown: what they answer
	paths           map[chat.MessageID]string           // verified files, and our own sources
	partly          map[chat.MessageID]bool             // of folders: a part is there
	fetched         map[chat.MessageID][]chat.AccountID // of our files: who has them
	lowest, highest uint64                              // 0: nothing stored is shown
	loaded          bool                                // the first page came
	missed          bool                                // something came while it was read
	loading         bool                                // an older page is under way
	round           int                                 // counts openings: an answer for an older one is dropped
	seen            uint64                              // furthest that was on screen
	told            uint64                              // furthest that the session was told
	draftRound      int
	typed           time.Time

	opening  bool          // nothing of the conversation was shown yet
	detached bool          // the run ends before the newest message
	answers  *chat.Message // what is being answered
	edits    *chat.Message // what is being edited; the draft waits meanwhile
}

func newPane(a *App) *pane {
	p := &pane{app: a, head: widgets.NewChatHead(), timeline: widgets.NewTimeline(), composer: widgets.NewComposer(), voice: widgets.NewVoiceBar(), closed: widgets.NewClosedBar(),
		notice: widgets.NewNoticeBar(), reply: widgets.NewReplyBar(), picked: widgets.NewPickBar(), hint: widgets.NewDropTarget(false, false), hover: widgets.NewDropTarget(true, true)}
	p.hover.Hide()

	t := p.timeline
	t.Dispatch = a.cfg.Do
	t.OnOlder = p.older
	t.OnSeen = func(seq uint64) {
		p.seen = max(p.seen, seq)
		p.markRead()
	}
	t.OnFiles = func(files []chat.MessageID) { a.session.Visible(p.id, files) }
	t.OnFile = func(m chat.Message) { a.useFile(m) }
	t.OnPlay = a.playSound
	t.OnSeek = a.seekSound
	t.OnPause = func(id chat.TransferID) { a.steer(id, a.session.PauseTransfer) }
	t.OnResume = func(id chat.TransferID) { a.steer(id, a.session.ResumeTransfer) }
	t.OnCancel = func(id chat.TransferID) { a.steer(id, a.session.CancelTransfer) }
	t.OnSaveAs = func(m chat.Message) { a.saveAs(m) }
	t.OnShowInFolder = func(m chat.Message) { a.showInFolder(m) }
	t.OnTree = func(m chat.Message) { a.openTree(m) }
	t.OnTyped = func(r rune) {
		if p.voice.Visible() {
			p.focus()
			p.voice.TypedRune(r)
			return
		}
		c := p.composer.Entry()
		a.window.Canvas().Focus(c)
		c.TypedRune(r)
	}
	t.Picture = a.cfg.Picture
	t.OnNewer = p.newer
	t.OnNewest = p.reload
	t.OnQuote = p.jump
	t.OnReact = func(m chat.Message, emoji string) { a.react(m, emoji) }
	t.OnPicked = p.drawPicked
	t.OnDone = p.focus
	t.OnLink = func(u *url.URL) {
		if u.Scheme == "satchel" {
			a.takeLink(u.String())
			return
		}
		if err := a.fyne.OpenURL(u); err != nil {
			a.notice(lang.L("No program here opens links. The address is {{.Link}}", map[string]any{"Link": u.String()}))
		}
	}
	t.OnMenu = a.messageMenu
	t.OnCopy = func(s string) { a.fyne.Clipboard().SetContent(s) }

	c := p.composer
	c.OnSend = p.send
	c.OnChanged = p.changed
	c.OnAttach = a.attachMenu
	c.OnPaste = a.paste
	c.OnRefused = a.notice
	c.OnLong = a.pasteLong
	c.OnEscape = a.escape
	c.OnResize = func() { p.root.Refresh() }
	c.OnUp = p.editLast
	c.OnEmoji = p.pickEmoji
	c.OnMenu = func() { a.main.list.ShowMenu() }
	p.reply.OnClose = p.endReply
	p.wirePicked()
	p.wireVoice()
	p.notice.OnClose = func() { p.root.Refresh() }

	p.root = container.New(paneLayout{p}, widgets.NewGround(widgets.ColorWindow), p.head, p.picked, p.timeline, p.hint, p.notice, p.reply, p.composer, p.voice, p.closed, p.composer.Mentions, p.hover)
	p.drawEmpty()
	p.head.Search.OnTapped = a.find
	p.head.Media.OnTapped = a.openMedia
	p.head.OnTapped = func() {
		if a.model.conversations[p.id].Kind == chat.Group {
			a.openGroup(p.id)
			return
		}
		p.openPerson()
	}
	return p
}

// open shows a conversation from its newest message on.
func (p *pane) open(id chat.ConversationID) {
	if id == p.id {
		p.focus()
		return
	}
	p.endReply()
	p.timeline.PickNone()
	p.keepDraft()
	a := p.app
	a.leaveSounds()
	a.haltVoice(a.voices[p.id], nil)
	p.id, p.round, p.loaded, p.loading, p.missed = id, p.round+1, false, false, false
	p.opening = true
	p.forget()
	p.paths, p.partly = map[chat.MessageID]string{}, map[chat.MessageID]bool{}
	p.fetched = map[chat.MessageID][]chat.AccountID{}
	p.seen, p.told = 0, 0
	conversation := a.model.conversations[id]
	p.composer.SetHint(p.hintFor(&conversation))
	p.composer.SetText(a.model.draft(id))
	p.composer.SetNames(a.model.others(&conversation))
	p.drawHead()
	p.drawEmpty()
	p.notice.Say(told(conversation.Warning))
	p.root.Refresh()
	p.composer.Focus()
	p.openVoice()
	p.load(0)
}

func (p *pane) hintFor(c *chat.Conversation) string {
	if c.Kind == chat.Self {
		return lang.L("Write a note…")
	}
	if c.Timer > 0 {
		return lang.L("Message {{.Name}}, for {{.Time}}…", map[string]any{"Name": p.app.model.name(c), "Time": lifetimeWords(c.Timer)})
	}
	return lang.L("Message {{.Name}}…", map[string]any{"Name": p.app.model.name(c)})
}

func (p *pane) conversationChanged(c chat.Conversation) {
	if c.ID != p.id {
		return
	}
	p.drawHead()
	p.composer.SetHint(p.hintFor(&c))
	p.composer.SetNames(p.app.model.others(&c))
	if p.drawClosed() {
		p.root.Refresh()
	}
	p.timeline.SetBeyond(p.beyond())
	me := p.app.model.me.ID
	p.timeline.SetReceipts(func(m *chat.Message) chat.Receipt { return c.Receipt(me, m) })
}

func (p *pane) drawHead() {
	if p.id == "" {
		return
	}
	c := p.app.model.conversations[p.id]
	status, tone := p.app.model.status(&c, time.Now())
	if c.Timer > 0 && tone != widgets.ToneGood {
		timer := lang.L("messages disappear after {{.Time}}", map[string]any{"Time": lifetimeWords(c.Timer)})
		status = strings.TrimPrefix(status+" · "+timer, " · ")
	}
	face := p.app.model.face(&c)
	face.Online = false // the words say so
	p.head.Set(face, status, tone)
	p.head.SetVerified(c.Kind == chat.Direct && p.app.model.verified[p.app.model.other(&c)])
}

// drawEmpty says what to do where there is nothing to read yet.
func (p *pane) drawEmpty() {
	a := p.app
	show := func(o fyne.CanvasObject, yes bool) {
		if yes {
			o.Show()
		} else {
			o.Hide()
		}
	}
	show(p.head, p.id != "" && !p.picked.Visible())
	p.drawClosed()
	empty := p.id == "" || p.loaded && len(p.shown) == 0 && !p.hasOlder()
	show(p.hint, empty)
	show(p.timeline, !empty)
	if !empty {
		return
	}
	c := a.model.conversations[p.id]
	switch {
	case p.id == "":
		p.hint.Set(widgets.IconTalk, lang.L("Nobody to write to yet"), lang.L("Invite somebody with a link, or choose a conversation at the left."))
	case c.Kind == chat.Self:
		p.hint.Set(widgets.IconDrop, lang.L("Drop files here"), lang.L("Notes to self is for what you want to find again: words, links, and files of any size."))
	default:
		p.hint.Set(widgets.IconDrop, lang.L("Drop files here"), lang.L("Or write the first words to {{.Name}}. Files and folders of any kind and size can come along.", map[string]any{"Name": a.model.name(&c)}))
	}
}

// drawClosed shows where one writes, or why one can't; true: it is another than before.
func (p *pane) drawClosed() (changed bool) {
	a := p.app
	c := a.model.conversations[p.id]
	words := ""
	switch {
	case c.Gone == chat.Left:
		words = lang.L("You left this group. What was written until then stays here.")
	case c.Gone == chat.Removed:
		words = lang.L("You were removed from this group. What was written until then stays here.")
	case c.Stopped:
		words = c.Warning
	case !c.MayWrite(p.app.model.me.ID):
		words = lang.L("Only admins write in this group.")
	}
	writes := p.id != "" && words == ""
	voice := writes && a.voices[p.id] != nil
	if p.closed.Said() == words && p.closed.Visible() == (words != "") && p.composer.Visible() == (writes && !voice) && p.voice.Visible() == voice {
		return false
	}
	p.closed.Say(words)
	for o, yes := range map[fyne.CanvasObject]bool{p.composer: writes && !voice, p.voice: voice, p.closed: words != ""} {
		if yes {
			o.Show()
		} else {
			o.Hide()
		}
	}
	return true
}

// markRead tells the session what was seen, while the person looks.
func (p *pane) markRead() {
	a := p.app
	if p.id == "" || !a.focused || p.seen <= p.told {
		return
	}
	p.told = p.seen
	id, seq := p.id, p.seen
	a.inOrder(func(context.Context) func() {
		if err := a.session.MarkRead(id, seq); err != nil {
			a.log.Warn("mark as read", "error", err)
		}
		return nil
	})
}

// changed keeps the draft a moment later, and tells others that one writes.
func (p *pane) changed(text string) {
	a, id := p.app, p.id
	if p.edits != nil {
		return // the draft is what was written before
	}
	a.model.drafts[id] = text
	p.draftRound++
	round := p.draftRound
	a.later(draftDelay, func() {
		if p.draftRound == round && p.id == id {
			p.keepDraft()
		}
	})
	if now := time.Now(); text != "" && now.Sub(p.typed) > typingEvery {
		p.typed = now
		a.work(func(context.Context) func() { a.session.Typing(id); return nil })
	}
}

// keepDraft stores what is written and not sent.
func (p *pane) keepDraft() {
	a, id := p.app, p.id
	if id == "" {
		return
	}
	text, edited := a.model.drafts[id]
	if !edited || text == a.model.conversations[id].Draft {
		return
	}
	a.inOrder(func(context.Context) func() {
		if err := a.session.SetDraft(id, text); err != nil {
			a.log.Warn("keep the draft", "error", err)
		}
		return nil
	})
}

// send gives words to the session; they come back into the field when it can't
// take them.
func (p *pane) send(text string) bool {
	a, id := p.app, p.id
	if id == "" {
		return false
	}
	if p.edits != nil {
		p.edit(text)
		return false
	}
	answers := p.answers
	content := chat.Content{Kind: chat.KindMessage, Text: text, Reply: p.takeReply()}
	p.typed = time.Time{}
	p.draftRound++
	a.model.drafts[id] = ""
	a.inOrder(func(ctx context.Context) func() {
		_, err := a.session.Send(ctx, id, content)
		if err == nil {
			err = a.session.SetDraft(id, "")
			if err != nil {
				a.log.Warn("clear the draft", "error", err)
			}
			return nil
		}
		return func() {
			a.notice(sentence(err))
			if p.id == id && p.composer.Text() == "" {
				if answers != nil && p.answers == nil {
					p.answer(*answers)
				}
				p.composer.SetText(text)
			}
			a.model.drafts[id] = text
			a.model.redraw(id)
		}
	})
	p.timeline.MarkUnread("") // who answers has read it
	p.timeline.ScrollToEnd()
	return true
}

// paneLayout: head, timeline, notice, composer; what hangs over it covers all.
type paneLayout struct{ p *pane }

func (l paneLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(360, 300) }

func (l paneLayout) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	put := func(o fyne.CanvasObject, y, h float32) {
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(s.Width, max(0, h)))
	}
	p := l.p
	put(objects[0], 0, s.Height)
	head := p.head.MinSize().Height
	put(p.head, 0, head)
	bottom := s.Height
	if p.composer.Visible() {
		h := p.composer.MinSize().Height
		put(p.composer, bottom-h, h)
		if wants := p.composer.MinSize().Height; wants != h { // its words break elsewhere at this width
			h = wants
			put(p.composer, bottom-h, h)
		}
		bottom -= h
		m := p.composer.Mentions
		m.Resize(fyne.NewSize(min(300, s.Width-40), m.MinSize().Height))
		m.Move(fyne.NewPos(min(68, s.Width-m.Size().Width), bottom-m.Size().Height-6))
	}
	if p.voice.Visible() {
		h := p.voice.MinSize().Height
		bottom -= h
		put(p.voice, bottom, h)
	}
	if p.closed.Visible() {
		h := p.closed.HeightAt(s.Width)
		bottom -= h
		put(p.closed, bottom, h)
	}
	if p.reply.Visible() {
		h := p.reply.MinSize().Height
		bottom -= h
		put(p.reply, bottom, h)
	}
	if p.notice.Visible() {
		p.notice.Resize(fyne.NewSize(s.Width, p.notice.Size().Height))
		h := p.notice.MinSize().Height
		bottom -= h
		put(p.notice, bottom, h)
	}
	put(p.timeline, head, bottom-head)
	put(p.hint, head, bottom-head)
	put(p.picked, 0, head)
	put(p.hover, 0, s.Height)
}

// messageMenu is what a right click on a message offers beside what the
// timeline has itself. One that was given up can be tried again or taken back.
func (a *App) messageMenu(m chat.Message) []*fyne.MenuItem {
	if m.State != chat.MessageFailed || m.From != a.model.me.ID {
		return a.talkMenu(m)
	}
	act := func(do func(context.Context, chat.ConversationID, chat.MessageID) error) func() {
		return func() {
			a.work(func(ctx context.Context) func() {
				if err := do(ctx, m.Conversation, m.ID); err != nil {
					return func() { a.notice(sentence(err)) }
				}
				return nil
			})
		}
	}
	return []*fyne.MenuItem{
		fyne.NewMenuItem(lang.L("Try again"), act(a.session.Resend)),
		fyne.NewMenuItem(lang.L("Take back"), act(a.session.Remove)),
	}
}

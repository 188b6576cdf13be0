package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/app/sound"
	"satchel/chat"
	"satchel/widgets"
)

const (
	voiceMost  = 30 * time.Minute // that a voice message lasts
	voiceLeast = time.Second / 2
	levelsMost = 600 // that the screen gets of a recording
)

// recording is a voice message that was begun and not sent. It lies on the disk
// from the first word on, as a draft of its conversation: leaving that pauses it,
// and it is there again after the program was killed.
type recording struct {
	conv  chat.ConversationID
	path  string
	stop  context.CancelFunc // nil: nothing is recorded now
	state widgets.VoiceState
	then  func() // what follows once it has stopped
}

var errLongEnough = errors.New("as long as a voice message may be")

// voiceDir is where recordings lie, and stay once they were sent: a click plays them.
func (a *App) voiceDir() string { return filepath.Join(a.cfg.Dir, "voice") }

func (a *App) voiceDraft(conv chat.ConversationID) string {
	sum := sha256.Sum256([]byte(conv)) // an id is not ours to make a name of
	return filepath.Join(a.voiceDir(), "draft-"+hex.EncodeToString(sum[:12])+".wav")
}

// startVoice records a voice message for the open conversation, or goes on with one.
func (a *App) startVoice() {
	if a.main == nil {
		return
	}
	p := a.main.pane
	r := a.voices[p.id]
	switch {
	case p.id == "" || p.closed.Visible() || p.edits != nil || r != nil && r.stop != nil:
		return
	case r == nil:
		r = &recording{conv: p.id, path: a.voiceDraft(p.id)}
		a.voices[p.id] = r
	}
	a.stopSound()
	a.record(r)
}

// record takes what the microphone hears, until r.stop.
func (a *App) record(r *recording) {
	ctx, cancel := context.WithCancel(a.ctx)
	r.stop, r.state.Paused = cancel, false
	a.drawVoice(r)
	a.joined(func() {
		defer cancel()
		err := a.recordInto(ctx, r.path, func(s widgets.VoiceState) {
			a.ui(func() {
				if r.stop != nil {
					r.state = s
					a.drawVoice(r)
				}
			})
		})
		a.ui(func() { a.voiceStopped(r, err) })
	})
}

// recordInto records into a file until ctx ends.
func (a *App) recordInto(ctx context.Context, path string, heard func(widgets.VoiceState)) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := sound.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	heard(voiceState(&f.Content))
	return sound.Record(ctx, sound.VoiceRate, func(b []byte) error {
		if f.Long() >= voiceMost {
			return errLongEnough
		}
		err := f.Write(b)
		heard(voiceState(&f.Content))
		return err
	})
}

func voiceState(c *sound.Content) widgets.VoiceState {
	levels := c.Levels()
	return widgets.VoiceState{Seconds: c.Long().Seconds(), Levels: append([]byte(nil), levels[max(0, len(levels)-levelsMost):]...)}
}

// voiceStopped goes on with what was to follow.
func (a *App) voiceStopped(r *recording, err error) {
	r.stop, r.state.Paused = nil, true
	if err != nil {
		a.log.Info("record", "error", err)
		switch {
		case errors.Is(err, errLongEnough):
			a.notice(lang.L("A voice message lasts half an hour at most. What was said until now is kept: send it, then begin another."))
		case errors.Is(err, sound.ErrNoDevice):
			a.notice(lang.L("No microphone can be reached on this computer. Connect one, and try again."))
		case errors.Is(err, sound.ErrLost):
			a.notice(lang.L("The microphone went away. What was said until then is kept: send it, or go on."))
		default:
			a.notice(lang.L("The recording could not be kept on this computer's disk. What was said until then is there: send it, or make room and go on."))
		}
		if r.state.Seconds == 0 {
			a.dropVoice(r)
			return
		}
	}
	then := r.then
	if r.then = nil; then != nil {
		then()
		return
	}
	a.drawVoice(r)
}

// haltVoice pauses a recording; then runs once nothing writes into it any more.
func (a *App) haltVoice(r *recording, then func()) {
	if r == nil {
		return
	}
	if r.stop == nil {
		if then != nil {
			then()
		}
		return
	}
	if then != nil {
		r.then = then
	}
	r.stop()
}

// openVoice is what of a conversation that is opened was recorded and not sent.
func (p *pane) openVoice() {
	a, conv := p.app, p.id
	p.drawVoice()
	if a.voices[conv] != nil {
		p.focus()
		return
	}
	path := a.voiceDraft(conv)
	a.work(func(context.Context) func() {
		held, err := sound.Look(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			a.log.Warn("a recording that was not sent", "error", err)
			return nil
		}
		state := voiceState(held)
		state.Paused = true
		return func() {
			if held.Long() >= voiceLeast && a.voices[conv] == nil {
				r := &recording{conv: conv, path: path, state: state}
				a.voices[conv] = r
				a.drawVoice(r)
			}
		}
	})
}

// sendVoice sends what was recorded.
func (a *App) sendVoice(r *recording) {
	if r.state.Seconds < voiceLeast.Seconds() {
		a.notice(lang.L("That was too short to be heard. Press the microphone, speak, then send."))
		a.dropVoice(r)
		return
	}
	delete(a.voices, r.conv)
	reply := chat.MessageID("")
	if a.main.pane.id == r.conv {
		reply = a.main.pane.takeReply()
	}
	a.inOrder(func(ctx context.Context) func() {
		path, err := a.wholeVoice(r.path)
		if err == nil {
			out := []session.Outgoing{{Path: path, Voice: true}}
			if _, err = a.session.SendEdited(ctx, r.conv, out, chat.Content{Kind: chat.KindMessage, Reply: reply}); err != nil {
				err = errors.Join(err, os.Rename(path, r.path))
			}
		}
		if err == nil {
			return nil
		}
		return func() {
			a.notice(sentence(err))
			if a.voices[r.conv] == nil {
				a.voices[r.conv] = r
			}
			a.drawVoice(r)
		}
	})
	a.voiceOver(r)
	if a.main.pane.id == r.conv {
		a.main.pane.timeline.ScrollToEnd()
	}
}

// wholeVoice ends a recording that nobody writes into any more, maybe since the
// program was killed, and gives it the name under which it is sent.
func (a *App) wholeVoice(draft string) (string, error) {
	if _, err := os.Stat(draft); err != nil {
		return "", err
	}
	f, err := sound.OpenFile(draft)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return "", err
	}
	return a.keepVoice(draft)
}

// keepVoice gives a recording the name under which it is sent.
func (a *App) keepVoice(draft string) (string, error) {
	name := lang.L("Voice message") + time.Now().Format(" 2006-01-02 15.04.05")
	for n := 1; n < 100; n++ {
		path := filepath.Join(a.voiceDir(), name+".wav")
		if n > 1 {
			path = filepath.Join(a.voiceDir(), fmt.Sprintf("%s (%d).wav", name, n))
		}
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		return path, os.Rename(draft, path)
	}
	return "", errors.New("too many voice messages in one second; try again")
}

// dropVoice throws a recording away.
func (a *App) dropVoice(r *recording) {
	delete(a.voices, r.conv)
	a.inOrder(func(context.Context) func() {
		if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			a.log.Warn("throw a recording away", "error", err)
		}
		return nil
	})
	a.voiceOver(r)
}

// voiceOver shows where one writes again.
func (a *App) voiceOver(r *recording) {
	if p := a.main.pane; p.id == r.conv {
		p.drawVoice()
	}
}

func (a *App) drawVoice(r *recording) {
	if a.main != nil && a.main.pane.id == r.conv {
		a.main.pane.drawVoice()
	}
}

// drawVoice shows the recording of the open conversation, in the place of where
// one writes.
func (p *pane) drawVoice() {
	r := p.app.voices[p.id]
	if r != nil {
		p.voice.Set(r.state)
	}
	if was := p.voice.Visible(); was == (r != nil) {
		return
	}
	p.drawClosed()
	p.root.Refresh()
	p.focus()
}

// focus has the keyboard where one writes, or records.
func (p *pane) focus() {
	if p.voice.Visible() {
		p.app.window.Canvas().Focus(p.voice)
		return
	}
	p.composer.Focus()
}

// wireVoice says what the bar of a recording does.
func (p *pane) wireVoice() {
	a := p.app
	p.composer.SetVoice(a.startVoice)
	v := p.voice
	v.OnCancel = func() {
		if r := a.voices[p.id]; r != nil {
			a.haltVoice(r, func() { a.dropVoice(r) })
		}
	}
	v.OnSend = func() {
		if r := a.voices[p.id]; r != nil {
			a.haltVoice(r, func() { a.sendVoice(r) })
		}
	}
	v.OnPause = func() {
		switch r := a.voices[p.id]; {
		case r == nil:
		case r.stop != nil:
			a.haltVoice(r, nil)
		default:
			a.stopSound()
			a.record(r)
		}
	}
}

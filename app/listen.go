package app

import (
	"context"
	"errors"
	"io"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/app/sound"
	"satchel/chat"
	"satchel/widgets"
)

// listening is the sound that plays: one at a time.
type listening struct {
	of   messageKey
	stop context.CancelFunc
}

// heardEvery is how often the screen shows how far it was heard.
const heardEvery = 80 * time.Millisecond

// playSound plays the sound of a message from where it was left, or pauses it.
func (a *App) playSound(m chat.Message) {
	key := messageKey{m.Conversation, m.ID}
	if a.listening != nil && a.listening.of == key {
		a.stopSound()
		return
	}
	a.playFrom(m, a.heard[key].At)
}

// seekSound plays the sound of a message from a part of it on.
func (a *App) seekSound(m chat.Message, part float64) {
	if f := m.Content.File; f != nil {
		a.playFrom(m, part*f.Duration)
	}
}

// playFrom plays a sound from a time on, in seconds. One that isn't here is
// fetched first.
func (a *App) playFrom(m chat.Message, from float64) {
	key := messageKey{m.Conversation, m.ID}
	a.stopSound()
	clear(a.playSoon)
	a.work(func(context.Context) func() {
		if path := a.localFile(m.Conversation, m.ID); path != "" {
			a.session.Opened(m.Conversation, m.ID)
			return func() { a.listen(key, path, from) }
		}
		return func() {
			a.playSoon[key] = from
			a.useFile(m)
		}
	})
}

// fetched goes on with what was to be played, once it is here.
func (a *App) fetched(t *chat.Transfer) {
	key := messageKey{t.Conversation, t.Message}
	from, wanted := a.playSoon[key]
	if !wanted || t.Direction != chat.Download {
		return
	}
	switch t.State {
	case chat.TransferDone:
		delete(a.playSoon, key)
		if a.main.pane.id == t.Conversation {
			a.listen(key, t.Path, from)
		}
	case chat.TransferCancelled, chat.TransferFailed, chat.TransferPaused:
		delete(a.playSoon, key)
	}
}

// listen plays a file of this computer.
func (a *App) listen(key messageKey, path string, from float64) {
	a.stopSound()
	if a.cfg.Sound == nil || a.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(a.ctx)
	me := &listening{of: key, stop: cancel}
	a.listening = me
	a.showHeard(key, widgets.Heard{Playing: true, At: from})
	a.joined(func() {
		defer cancel()
		err := a.playFile(ctx, path, from, func(at float64) {
			a.ui(func() {
				if a.listening == me {
					a.showHeard(key, widgets.Heard{Playing: true, At: at})
				}
			})
		})
		a.ui(func() {
			if a.listening != me {
				return // another one, or paused
			}
			a.listening = nil
			at := a.heard[key].At
			if err == nil {
				at = 0 // to the end: the next time from the beginning
			} else {
				a.log.Info("play a sound", "error", err)
				a.notice(soundSentence(err))
			}
			a.showHeard(key, widgets.Heard{At: at})
		})
	})
}

// playFile plays until the end, or until ctx ends.
func (a *App) playFile(ctx context.Context, path string, from float64, heard func(seconds float64)) error {
	samples, rate, channels, err := a.cfg.Sound(ctx, path, time.Duration(from*float64(time.Second)))
	if err != nil {
		return err
	}
	defer samples.Close()
	var told time.Time
	return sound.Play(ctx, sound.Format{Rate: rate, Channels: channels}, samples, func(at time.Duration) {
		if now := time.Now(); now.Sub(told) >= heardEvery {
			told = now
			heard(from + at.Seconds())
		}
	})
}

// soundSentence says why nothing is heard.
func soundSentence(err error) string {
	switch {
	case errors.Is(err, sound.ErrNoDevice):
		return lang.L("No loudspeaker can be reached on this computer. The sound is here: a right click opens it with another program.")
	case errors.Is(err, sound.ErrLost):
		return lang.L("The loudspeaker went away. Press play to go on from where it was.")
	}
	return lang.L("Satchel can't play this kind of sound. The file is here: a right click opens it with another program.")
}

// stopSound pauses what plays.
func (a *App) stopSound() {
	if l := a.listening; l != nil {
		l.stop()
		a.listening = nil
		a.showHeard(l.of, widgets.Heard{At: a.heard[l.of].At})
	}
}

// showHeard keeps how far a sound was heard, and shows it.
func (a *App) showHeard(key messageKey, h widgets.Heard) {
	if h == (widgets.Heard{}) {
		delete(a.heard, key)
	} else {
		a.heard[key] = h
	}
	if a.main != nil && a.main.pane.id == key.conversation {
		a.main.pane.timeline.SetHeard(key.message, h)
	}
}

// leaveSounds pauses what plays, and forgets how far sounds were heard: another
// conversation is opened.
func (a *App) leaveSounds() {
	a.stopSound()
	clear(a.playSoon)
	clear(a.heard)
}

// Samples are what a sound decodes to: 16 bits, little-endian.
type Samples = io.ReadCloser

package app

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// relayPage is the relay that runs here, or the one that this profile is at.
func (a *App) relayPage(o *openSheet) fyne.CanvasObject {
	p := a.session.Profile()
	line, _ := a.model.connectionLine()
	rows := []fyne.CanvasObject{
		heading(lang.L("Where you are")),
		fact(lang.L("Connection"), line),
		fact(lang.L("Relay"), oneLine(p.RelayName)),
		fact(lang.L("Address"), p.RelayURL),
	}
	if p.MaxFile > 0 {
		rows = append(rows, fact(lang.L("Largest file"), widgets.FormatSize(p.MaxFile)))
	}
	people := fact(lang.L("People"), lang.L("One moment…"))
	rows = append(rows, people)
	invite := widgets.NewButton(widgets.PlainButton, lang.L("Invite somebody…"), a.invite)
	o.spots["invite"] = invite
	rows = append(rows, widgets.NewLine(12, invite))
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		all, err := a.session.People(ctx, "")
		return func() {
			words := a.peopleLine(all)
			if err != nil {
				words = sentence(err)
			}
			people.SetDetail(words)
			o.sheet.Refresh()
		}
	})
	if a.ownsRelay() {
		rows = append(rows, a.ownRelayRows(o)...)
	}
	key := lang.L("The key of this device lies in your system's keyring.")
	if p.Secret == "file" {
		key = lang.L("The key of this device lies in its profile's folder, where only you may read it: no keyring was found.")
	}
	rows = append(rows, heading(lang.L("What the relay sees")),
		widgets.NewParagraph(lang.L("Words, names of files, pictures and titles are sealed on the sender's computer, and opened on the receiver's. The relay sees who writes to whom, when, and how much.")+" "+key,
			widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading))
	return widgets.NewColumn(8, rows...)
}

// ownsRelay tells whether this profile is at the relay in this program, or was
// made for it.
func (a *App) ownsRelay() bool {
	a.relayMu.Lock()
	defer a.relayMu.Unlock()
	return a.cfg.RelayPlace != nil && (a.cfg.OwnRelay || a.relay != nil || a.relayOff)
}

// ownRelayRows are what can be changed of the relay in this program.
func (a *App) ownRelayRows(o *openSheet) []fyne.CanvasObject {
	listen, on := a.cfg.RelayPlace()
	words := widgets.NewParagraph(lang.L("A computer and a port, like 0.0.0.0:7465 to be reached from your network. People who were invited before find the way only while the address stays the same."),
		widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	address := widgets.NewField("127.0.0.1:7465")
	address.SetText(listen)
	var run *widgets.Toggle
	var use *widgets.Button
	change := func(listen string, on bool) {
		run.SetDisabled(true)
		use.SetDisabled(true)
		a.work(func(context.Context) func() {
			err := a.moveRelay(listen, on)
			return func() {
				if !o.sheet.Shown() {
					return
				}
				if err != nil {
					now, runs := a.cfg.RelayPlace()
					run.SetOn(runs)
					address.SetText(now)
					words.SetText(sentence(err))
					run.SetDisabled(false)
					use.SetDisabled(false)
					o.sheet.Refresh()
					return
				}
				o.again()
			}
		})
	}
	run = widgets.NewToggle(lang.L("Run the relay here"), lang.L("While it is off nobody reaches anybody through it. Nothing is lost: everything goes out when it runs again."), on,
		func(on bool) { change(address.Text, on) })
	use = widgets.NewButton(widgets.PlainButton, lang.L("Use this address"), func() { change(address.Text, run.On()) })
	address.OnSubmitted = func(string) { use.OnTapped() }
	o.spots["relay-run"], o.spots["relay-address"], o.spots["relay-use"] = run, address, use
	return []fyne.CanvasObject{heading(lang.L("The relay on this computer")), run, widgets.NewFieldLine(address, use), words}
}

// moveRelay turns the relay of this program on or off, or has it listen somewhere
// else. When it can't be there, it is where it was.
func (a *App) moveRelay(listen string, on bool) error {
	listen = strings.TrimSpace(listen)
	if host, port, err := net.SplitHostPort(listen); err != nil || port == "" || host == "" {
		return errors.New(lang.L("An address is a computer and a port, like 127.0.0.1:7465 or 0.0.0.0:7465. Nothing was changed."))
	}
	before, ran := a.cfg.RelayPlace()
	a.stopRelay()
	err := a.cfg.KeepRelay(listen, on)
	if err == nil && on {
		err = a.runRelay()
	}
	if err != nil {
		a.stopRelay()
		if again := a.cfg.KeepRelay(before, ran); again == nil && ran {
			again = a.runRelay()
			if again != nil {
				a.log.Error("the relay does not come back", "error", again)
			}
		}
	}
	a.session.Kick()
	return err
}

// stopRelay closes the relay and keeps it closed.
func (a *App) stopRelay() {
	a.relayMu.Lock()
	defer a.relayMu.Unlock()
	a.relayOff = true
	if a.relay != nil {
		if err := a.relay.Close(); err != nil {
			a.log.Warn("close the relay", "error", err)
		}
		a.relay = nil
	}
}

func (a *App) runRelay() error {
	a.relayMu.Lock()
	a.relayOff = false
	a.relayMu.Unlock()
	return a.bringRelay()
}

// peopleLine counts who is on the relay, and names who is there now.
func (a *App) peopleLine(all []chat.Account) string {
	var here []string
	others := 0
	for _, p := range all {
		if p.ID == a.model.me.ID {
			continue
		}
		others++
		if a.session.Presence(p.ID).Online {
			here = append(here, p.Name)
		}
	}
	slices.Sort(here)
	switch {
	case others == 0:
		return lang.L("Nobody but you")
	case len(here) == 0:
		return lang.N("{{.Count}} others, none of them online", others, map[string]any{"Count": others})
	}
	const most = 6
	if len(here) > most {
		here = append(here[:most], "…")
	}
	return lang.N("{{.Count}} others; online now: {{.Names}}", others, map[string]any{"Count": others, "Names": strings.Join(here, ", ")})
}

// heading stands above a part of a page.
func heading(words string) fyne.CanvasObject {
	return widgets.NewHeading(words)
}

// fact is something to know, and nothing to change.
func fact(name, value string) *widgets.Fact { return widgets.NewFact(name, value) }

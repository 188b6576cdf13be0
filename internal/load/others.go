package main

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed mosquitto.conf
var mosquittoConfig string

//go:embed prosody.cfg.lua
var prosodyConfig string

// other is a server that is measured where it is installed, with the same load
// as ours: pairs, each end writing to the other.
type other struct {
	program string
	about   string
	config  string
	args    func(config string) []string
	prepare func(dir string) error
	connect func(address string, n int) (line, error)
	to      func(n int) string // the address of client n
	archive string             // of prosody: where messages are kept
	kept    string             // pattern of the files in which they have to be then; "": that can't be seen
}

var others = []other{
	{program: "mosquitto", about: "MQTT, QoS 1, persistence", config: mosquittoConfig,
		args:    func(config string) []string { return []string{"-c", config} },
		prepare: func(string) error { return nil }, connect: connectMQTT, to: topic},
	prosody("archive in files without fsync, acknowledgement", "internal", "localhost/archive/*"),
	prosody("archive in SQLite with fsync, acknowledgement", "sql", "archive.sqlite"),
}

func prosody(about, archive, kept string) other {
	return other{program: "prosody", about: "XMPP, " + about, config: prosodyConfig,
		args:    func(config string) []string { return []string{"--config", config, "-F"} },
		prepare: prosodyAccounts, connect: connectXMPP, to: jid, archive: archive, kept: kept}
}

// measureOthers prints what the servers carry that are installed here, beside
// what ours did; 0: that was not measured.
func measureOthers(ctx context.Context, dir string, long time.Duration, ours float64) error {
	for i, o := range others {
		program, err := exec.LookPath(o.program)
		if err != nil {
			fmt.Printf("%s (%s): not installed here\n", o.program, o.about)
			continue
		}
		highest, err := o.measure(ctx, program, filepath.Join(dir, fmt.Sprint(o.program, i)), long)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Printf("%s (%s): %v\n", o.program, o.about, err)
			if highest == 0 {
				continue
			}
		}
		fmt.Printf("%s (%s): highest rate with p99 < %v both ways: %.0f messages/s", o.program, o.about, within99, highest)
		if ours > 0 && highest > 0 {
			fmt.Printf("; ours is %.2f × that", ours/highest)
		}
		fmt.Println()
	}
	return nil
}

func (o *other) measure(ctx context.Context, program, dir string, long time.Duration) (highest float64, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return 0, err
	}
	if err := os.Chmod(dir, 0o777); err != nil { // some give up being root
		return 0, err
	}
	address, err := freeAddress()
	if err != nil {
		return 0, err
	}
	_, port, _ := net.SplitHostPort(address)
	config := filepath.Join(dir, "config.lua") // prosody goes by the name
	if err := os.WriteFile(config, []byte(strings.NewReplacer("DIR", dir, "PORT", port, "ARCHIVE", o.archive).Replace(o.config)), 0o644); err != nil {
		return 0, err
	}
	if err := o.prepare(dir); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, program, o.args(config)...)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	c := &climb{name: o.program, lasts: long}
	defer func() {
		for _, l := range c.hearers {
			l.socket().Close()
		}
	}()
	for n := range 2 * pairs {
		l, err := o.patiently(address, n)
		if err != nil {
			return 0, err
		}
		c.hearers = append(c.hearers, l)
		c.senders = append(c.senders, sender{l, o.to(n ^ 1)})
	}
	if highest, err = c.highest(ctx); err == nil && o.kept != "" {
		if err = o.keeps(dir, c.sent); err != nil {
			highest = 0
		}
	}
	return highest, err
}

// keeps tells whether as much as was sent is in the files that a server keeps, as a
// part of it may not have begun.
func (o *other) keeps(dir string, messages int64) error {
	paths, err := filepath.Glob(filepath.Join(dir, o.kept))
	if err != nil {
		return err
	}
	size := int64(0)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		size += info.Size()
	}
	if size < messages*bodySize {
		return fmt.Errorf("%d messages were sent, and %d bytes are kept: it has no archive", messages, size)
	}
	return nil
}

// patiently connects to a server that may be starting.
func (o *other) patiently(address string, n int) (l line, err error) {
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		if l, err = o.connect(address, n); err == nil || time.Now().After(end) {
			return l, err
		}
	}
}

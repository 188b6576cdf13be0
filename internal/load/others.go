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
}

var others = []other{
	{program: "mosquitto", about: "MQTT, QoS 1, persistence", config: mosquittoConfig,
		args:    func(config string) []string { return []string{"-c", config} },
		prepare: func(string) error { return nil }, connect: connectMQTT, to: topic},
	{program: "prosody", about: "XMPP, archive and acknowledgement", config: prosodyConfig,
		args:    func(config string) []string { return []string{"--config", config, "-F"} },
		prepare: prosodyAccounts, connect: connectXMPP, to: jid},
}

// measureOthers prints what the servers carry that are installed here, beside
// what ours did; 0: that was not measured.
func measureOthers(ctx context.Context, dir string, long time.Duration, ours float64) error {
	for _, o := range others {
		program, err := exec.LookPath(o.program)
		if err != nil {
			fmt.Printf("%s (%s): not installed here\n", o.program, o.about)
			continue
		}
		highest, err := o.measure(ctx, program, filepath.Join(dir, o.program), long)
		if err != nil {
			fmt.Printf("%s (%s): %v\n", o.program, o.about, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
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
	if err := os.WriteFile(config, []byte(strings.NewReplacer("DIR", dir, "PORT", port).Replace(o.config)), 0o644); err != nil {
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
	return c.highest(ctx)
}

// patiently connects to a server that may be starting.
func (o *other) patiently(address string, n int) (l line, err error) {
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		if l, err = o.connect(address, n); err == nil || time.Now().After(end) {
			return l, err
		}
	}
}

package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/relay"
)

// order is what another process of this program shall be: one that can be killed.
type order struct {
	Role         string // "relay", "send" or "fetch"
	Dir          string
	Listen       string // of the relay
	Conversation chat.ConversationID
	Message      chat.MessageID
	Path         string // to send
}

// moveClock moves this process's clock, in builds that can; nil in others.
var moveClock func(by time.Duration)

// obey moves the clock by as many seconds as each line of standard input says,
// and ends the process along with the one that started it.
func obey() {
	if moveClock != nil {
		answers := os.NewFile(3, "answers")
		for scan := bufio.NewScanner(os.Stdin); scan.Scan(); {
			by, _ := strconv.Atoi(scan.Text())
			moveClock(time.Duration(by) * time.Second)
			fmt.Fprintln(answers, by)
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

// child carries an order out. It prints one line: the relay when it is ready,
// the others when they are done.
func child(text string) int {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return 2
	}
	go obey()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := o.carryOut(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, o.Role, err)
		return 1
	}
	return 0
}

func (o *order) carryOut(ctx context.Context) error {
	if o.Role == "relay" {
		r, err := relay.Open(relay.Config{Dir: o.Dir, Listen: o.Listen, Name: "Studio", Limits: plenty})
		if err != nil {
			return err
		}
		fmt.Println(r.URL())
		return r.Serve(context.Background())
	}
	s, err := session.Open(session.Options{Dir: o.Dir, Client: "faults"})
	if err != nil {
		return err
	}
	go s.Run(ctx)
	defer s.Close()
	if o.Role == "send" {
		all, err := s.SendEdited(ctx, o.Conversation, []session.Outgoing{{Path: o.Path, ID: o.Message}}, chat.Content{Kind: chat.KindMessage})
		if err == nil {
			_, err = s.Flushed(ctx, all...)
		}
		if err == nil {
			fmt.Println("sent")
		}
		return err
	}
	changes, stop := s.Subscribe()
	defer stop()
	for asked := false; ; {
		if _, ok, err := s.Message(o.Conversation, o.Message); err != nil {
			return err
		} else if ok && !asked {
			asked = true
			if err := s.Download(o.Conversation, o.Message); err != nil {
				return err
			}
		}
		if path := s.Path(o.Conversation, o.Message); path != "" {
			fmt.Println(path)
			return nil
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// process is a child that runs.
type process struct {
	cmd  *exec.Cmd
	in   io.Writer
	out  *bufio.Reader
	acks *bufio.Reader // says that the clock was moved
	errs bytes.Buffer
	once sync.Once
}

// startChild starts one. durable, if it isn't nil, is called whenever something
// that it did has reached the disk or a folder.
func startChild(t testing.TB, o order, durable func()) *process {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{os.Args[0]}
	if durable != nil {
		log := filepath.Join(t.TempDir(), "log")
		if err := unix.Mkfifo(log, 0o600); err != nil {
			t.Fatal(err)
		}
		lines, err := os.OpenFile(log, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for scan := bufio.NewScanner(lines); scan.Scan(); {
				if strings.Contains(scan.Text(), "= 0") {
					durable()
				}
			}
		}()
		t.Cleanup(func() { lines.Close(); <-gone })
		words = append([]string{"strace", "-D", "-f", "-qq", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,fallocate", "-o", log}, words...)
	}
	p := &process{cmd: exec.Command(words[0], words[1:]...)}
	p.cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	p.cmd.Stderr = &p.errs
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if moveClock != nil {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer write.Close()
		p.cmd.ExtraFiles, p.acks = []*os.File{write}, bufio.NewReader(read)
		t.Cleanup(func() { read.Close() })
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(pipe)
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, p.out)
		_ = p.cmd.Wait()
	})
}

// line is what the child says; "" when it ended without a word.
func (p *process) line(t testing.TB) string {
	t.Helper()
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	line, _ := p.out.ReadString('\n')
	return strings.TrimSpace(line)
}

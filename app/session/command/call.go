package command

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"satchel/app/session"
	"satchel/chat"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Call is one command line, wherever it is run.
type Call struct {
	Args    []string  `json:"args"` // the command and what follows it
	Dir     string    `json:"dir"`  // relative paths are below this
	Run     string    `json:"run"`  // names the run, also when another process takes it over
	Began   time.Time `json:"began"`
	Printed int       `json:"printed,omitempty"` // lines that an earlier process of this run wrote
	Yield   bool      `json:"yield,omitempty"`   // no command: another program asks for the profile
	Raise   bool      `json:"raise,omitempty"`   // no command: show the window, and Args in it

	Stdin  io.Reader `json:"-"`
	Stdout io.Writer `json:"-"`
	Stderr io.Writer `json:"-"`

	// ask reads a line of the caller's standard input; "" at its end.
	ask func(context.Context) (string, error)
}

// path resolves a path of the caller's.
func (c *Call) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.Dir, p)
}

// messageID is the id of the n-th message of this run.
func (c *Call) messageID(n int) chat.MessageID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", c.Run, n))
	return chat.MessageID(ulid.MustNew(ulid.Timestamp(c.Began), bytes.NewReader(sum[:])).String())
}

// print writes one JSON line, unless an earlier process of this run did.
func (c *Call) print(v any) error {
	line, err := encode(v)
	if err != nil {
		return err
	}
	if c.Printed > 0 {
		c.Printed--
		return nil
	}
	return c.write(line)
}

func (c *Call) write(b []byte) error {
	if _, err := c.Stdout.Write(b); err != nil {
		return errOutput
	}
	return nil
}

var errOutput = errors.New("the output can't be written")

// encode writes a value as one line; what is not ASCII stays readable.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// runName names a run: 128 random bits.
func runName() string { return string(chat.NewTransferID()) }

// runner runs commands against one session, several at a time.
type runner struct {
	s     *session.Session
	yield func()              // gives the profile to who asks; nil: it is not given
	raise func(args []string) // brings the window to the front; nil: there is none

	mu     sync.Mutex              // one send begins, one listen moves its cursor, at a time
	claims map[chat.MessageID]bool // messages that a running send answers for
}

func newRunner(s *session.Session) *runner {
	return &runner{s: s, claims: map[chat.MessageID]bool{}}
}

// run carries out a command that was parsed, and says what went wrong.
func (r *runner) run(ctx context.Context, c *Call) int {
	job, err := parse(c.Args)
	if err != nil {
		return report(c.Stderr, err)
	}
	return report(c.Stderr, job.run(ctx, r, c))
}

// usage is an error of somebody who used a command wrongly.
type usage string

func (u usage) Error() string { return string(u) }

// report writes an error as one plain sentence, and gives the exit code.
func report(stderr io.Writer, err error) int {
	var u usage
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &u):
		fmt.Fprintln(stderr, sentence(err)+" See: satchelctl help")
		return exitUsage
	default:
		fmt.Fprintln(stderr, sentence(err))
	}
	return exitFailed
}

// sentence gives an error a capital and a full stop. Several are joined.
func sentence(err error) string {
	var out []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if first, size := utf8.DecodeRuneInString(line); unicode.IsLower(first) && !strings.HasPrefix(line, "satchel") {
			line = string(unicode.ToUpper(first)) + line[size:]
		}
		if !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, "?") && !strings.HasSuffix(line, "!") {
			line += "."
		}
		out = append(out, line)
	}
	return strings.Join(out, " ")
}

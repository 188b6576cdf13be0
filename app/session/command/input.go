package command

import (
	"bufio"
	"context"
	"io"
	"strings"
)

// lines returns a function that reads one line after the other, without its
// end; "" at the end of the input. Reading can't be interrupted, so a line that
// is waited for keeps its goroutine until the program ends.
func lines(in io.Reader) func(context.Context) (string, error) {
	if in == nil {
		in = strings.NewReader("")
	}
	type read struct {
		line string
		err  error
	}
	buffered, came, waiting := bufio.NewReader(in), make(chan read, 1), false
	return func(ctx context.Context) (string, error) {
		if !waiting {
			waiting = true
			go func() {
				line, err := buffered.ReadString('\n')
				if err == io.EOF {
					err = nil
				}
				came <- read{strings.TrimRight(line, "\r\n"), err}
			}()
		}
		select {
		case r := <-came:
			waiting = false
			return r.line, r.err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

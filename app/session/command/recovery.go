package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"satchel/app/session"
)

// maxRecoveryFile is more than any recovery file has, in bytes.
const maxRecoveryFile = 4 << 20

type recoveryExport struct{ path string }

type recoveryLine struct {
	File       string `json:"file"`
	Passphrase string `json:"passphrase,omitempty"` // one that was made here
}

// run makes the file under a passphrase from standard input, or, when there is
// none, under a fresh one, which it prints.
func (j *recoveryExport) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	path := c.path(j.path)
	if _, err := os.Lstat(path); err == nil {
		return session.Refusal("There is a file called " + path + " already. Nothing was changed; choose another name.")
	}
	fmt.Fprintln(c.Stderr, "A passphrase of 12 characters or more, or an empty line for a fresh one:")
	given, err := c.ask(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	l, passphrase := recoveryLine{File: path}, given
	if given == "" {
		passphrase = session.NewPassphrase()
		l.Passphrase = passphrase
	}
	// The place is made first: without it there is no device that nobody holds.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the recovery file can't be written: %w", err)
	}
	file, err := r.s.ExportRecovery(ctx, passphrase)
	if err == nil {
		_, err = f.Write(file)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return interrupted(ctx, err)
	}
	return c.print(l)
}

type recoveryImport struct{ path, label string }

func (j *recoveryImport) run(ctx context.Context, r *runner, c *Call) error {
	path := c.path(j.path)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", path)
	case err != nil:
		return fmt.Errorf("the recovery file can't be read: %w", err)
	case info.Size() > maxRecoveryFile:
		return fmt.Errorf("%s is too large for a recovery file", path)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the recovery file can't be read: %w", err)
	}
	fmt.Fprintln(c.Stderr, "The passphrase:")
	passphrase, err := c.ask(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	if err := r.s.ImportRecovery(ctx, file, passphrase, j.label); err != nil {
		return interrupted(ctx, err)
	}
	return c.printJoined(r)
}

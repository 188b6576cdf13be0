package system

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// loginFile is the entry by which desktops start a program at login.
func loginFile() string { return filepath.Join(xdg.ConfigHome, "autostart", ID+".desktop") }

// CanStartAtLogin tells whether this platform is one where it can be set.
const CanStartAtLogin = true

// StartsAtLogin tells whether the program starts when the person logs in.
func StartsAtLogin() bool {
	b, err := os.ReadFile(loginFile())
	return err == nil && !strings.Contains(string(b), "\nHidden=true")
}

// SetStartAtLogin has the program start at login, with these arguments, or not.
func SetStartAtLogin(on bool, args ...string) error {
	if !on {
		if err := os.Remove(loginFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(loginFile()), 0o700); err != nil {
		return err
	}
	line := quoteExec(program)
	for _, a := range args {
		line += " " + quoteExec(a)
	}
	// The delay is for the panel: a tray that is there first is found.
	entry := "[Desktop Entry]\nType=Application\nName=Satchel\nIcon=" + ID + "\nExec=" + line +
		"\nX-GNOME-Autostart-enabled=true\nX-GNOME-Autostart-Delay=5\nX-KDE-autostart-after=panel\n"
	part := loginFile() + ".part"
	if err := os.WriteFile(part, []byte(entry), 0o600); err != nil {
		return err
	}
	return os.Rename(part, loginFile())
}

// quoteExec is an argument as the key Exec of a desktop entry has it: the
// specification escapes twice, for the string and for the argument.
func quoteExec(s string) string {
	s = strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, "`", "\\\\`", `$`, `\\$`, `%`, `%%`, "\n", `\n`, "\t", `\t`).Replace(s)
	return `"` + s + `"`
}

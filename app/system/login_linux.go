package system

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// loginFile is the entry by which desktops start the program at login on a profile,
// which has an entry of its own: the default one that of the program.
func loginFile(profile string) string {
	name := ID
	if base := filepath.Base(profile); base != "default" {
		sum := sha256.Sum256([]byte(profile))
		name += "-" + hex.EncodeToString(sum[:4])
	}
	return filepath.Join(xdg.ConfigHome, "autostart", name+".desktop")
}

// CanStartAtLogin tells whether this platform is one where it can be set.
const CanStartAtLogin = true

// StartsAtLogin tells whether the program starts on a profile, a folder, when the
// person logs in.
func StartsAtLogin(profile string) bool {
	b, err := os.ReadFile(loginFile(profile))
	return err == nil && !strings.Contains(string(b), "\nHidden=true")
}

// SetStartAtLogin has the program start on a profile at login, with further
// arguments, or not.
func SetStartAtLogin(on bool, profile string, args ...string) error {
	path := loginFile(profile)
	if !on {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	line := quoteExec(program) + ` "--profile" ` + quoteExec(profile)
	for _, a := range args {
		line += " " + quoteExec(a)
	}
	// The delay is for the panel: a tray that is there first is found.
	entry := "[Desktop Entry]\nType=Application\nName=Satchel\nIcon=" + ID + "\nExec=" + line +
		"\nX-GNOME-Autostart-enabled=true\nX-GNOME-Autostart-Delay=5\nX-KDE-autostart-after=panel\n"
	part := path + ".part"
	if err := os.WriteFile(part, []byte(entry), 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// quoteExec is an argument as the key Exec of a desktop entry has it: the
// specification escapes twice, for the string and for the argument.
func quoteExec(s string) string {
	s = strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, "`", "\\\\`", `$`, `\\$`, `%`, `%%`, "\n", `\n`, "\t", `\t`).Replace(s)
	return `"` + s + `"`
}

//go:build journey && packaged

package journey

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The archive of `make package`, unpacked and installed, starts by its desktop
// entry, and the desktop knows its window by it.
func TestPackage(t *testing.T) {
	archive := os.Getenv("SATCHEL_PACKAGE")
	if archive == "" {
		t.Fatal("SATCHEL_PACKAGE names no archive; make test-package does")
	}
	from := t.TempDir()
	ended(t, nil, "tar", "-C", from, "--strip-components=1", "-xf", archive)
	d := newDisplay(t, 1280, 860)
	for _, way := range []struct{ name, target, home, share, bin, icons string }{
		{"for one person", "user-install", "", ".local/share", ".local/bin", "icons"},
		{"for all", "install", "home", "usr/share", "usr/bin", "pixmaps"},
	} {
		t.Run(way.name, func(t *testing.T) {
			d := *d
			d.t = t
			root := t.TempDir()
			home := filepath.Join(root, way.home)
			if err := os.MkdirAll(home, 0o700); err != nil {
				t.Fatal(err)
			}
			env := []string{"HOME=" + home, "DISPLAY=" + d.name, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
			args := []string{"-C", from, way.target}
			if way.target == "install" {
				args = append(args, "DESTDIR="+root, "PREFIX=/usr")
				env[2] = "PATH=" + filepath.Join(root, way.bin) + ":" + os.Getenv("PATH")
			}
			ended(t, env, "make", args...)

			entries, _ := filepath.Glob(filepath.Join(root, way.share, "applications", "*.desktop"))
			if len(entries) != 1 {
				t.Fatalf("desktop entries: %q", entries)
			}
			ended(t, env, "desktop-file-validate", entries[0])
			entry := readEntry(t, entries[0])
			for key, want := range map[string]string{"Name": "Satchel", "GenericName": "Messenger", "StartupWMClass": "Satchel",
				"Categories": "Network;InstantMessaging;FileTransfer;", "MimeType": "x-scheme-handler/satchel;", "Exec": "satchel %U", "Icon": strings.TrimSuffix(filepath.Base(entries[0]), ".desktop")} {
				if entry[key] != want {
					t.Errorf("%s is %q, not %q", key, entry[key], want)
				}
			}
			if entry["Comment"] == "" {
				t.Error("it has no comment")
			}
			icon := filepath.Join(root, way.share, way.icons, entry["Icon"]+".png")
			if b, err := os.ReadFile(icon); err != nil || !bytes.HasPrefix(b, []byte("\x89PNG")) {
				t.Errorf("no icon: %v", err)
			}

			w := &window{t: t, d: &d, who: way.name, state: filepath.Join(t.TempDir(), "state.json")}
			w.process = launch(t, append(env, "SATCHEL_STATE="+w.state, "FYNE_PLATFORM=x11", "LIBGL_ALWAYS_SOFTWARE=1"), entries[0])
			w.wait("the welcome", func(s *screen) bool { return s.Screen == "welcome" })
			id := strings.Fields(d.do("xdotool", "search", "--sync", "--onlyvisible", "--class", "^"+entry["StartupWMClass"]+"$"))[0]
			d.picture("package-" + way.target)
			pid, err := strconv.Atoi(d.do("xdotool", "getwindowpid", id))
			if err != nil {
				t.Fatal(err)
			}
			// What runs is what was installed; its end is what the wait is for.
			if exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe"); err != nil || exe != filepath.Join(root, way.bin, "satchel") {
				t.Errorf("%s runs: %v", exe, err)
			}
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			w.exit(t)
			if _, err := os.Stat(filepath.Join(home, ".local/share/satchel/default")); err != nil {
				t.Errorf("no profile in its place: %v", err)
			}

			args[slices.Index(args, way.target)] = strings.Replace(way.target, "install", "uninstall", 1)
			ended(t, env, "make", args...)
			for _, left := range []string{entries[0], icon, filepath.Join(root, way.bin, "satchel")} {
				if _, err := os.Stat(left); !os.IsNotExist(err) {
					t.Errorf("%s is still there: %v", left, err)
				}
			}
		})
	}
}

// launch starts a program by its desktop entry, as a desktop does. The process
// is over when the program is: it is the last to hold its standard error.
func launch(t *testing.T, env []string, entry string) *process {
	t.Helper()
	p := &process{cmd: exec.Command("gio", "launch", entry), done: make(chan struct{}), errs: &lockedBuffer{}}
	p.cmd.Env, p.cmd.Stderr = env, p.errs
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%v; .ci/install test brings it", err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	return p
}

// ended runs a program to its end, which must be a good one; nil: this environment.
func ended(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", cmd, err, out)
	}
}

// readEntry reads the group [Desktop Entry].
func readEntry(t *testing.T, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entry, group := map[string]string{}, ""
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "[") {
			group = line
		} else if k, v, ok := strings.Cut(line, "="); ok && group == "[Desktop Entry]" {
			entry[k] = v
		}
	}
	return entry
}

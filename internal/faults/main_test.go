package faults

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// whole asks for every run of every row: `make faults`.
var whole = os.Getenv("SATCHEL_FAULTS") != ""

const (
	stageVariable = "FAULTS_STAGE"
	childVariable = "FAULTS_CHILD"
)

// TestMain runs the tests in namespaces of their own.
func TestMain(m *testing.M) {
	os.Setenv("SATCHEL_KEYRING", "off")
	if order := os.Getenv(childVariable); order != "" {
		os.Exit(child(order))
	}
	code, err := 0, error(nil)
	switch os.Getenv(stageVariable) {
	case "":
		code, err = enter()
	case "1":
		err = becomeAnybody()
	default:
		_ = flag.Set("test.parallel", "8") // they wait, more than they compute
		code = m.Run()
		if whole {
			err = matrix.print()
		}
		if code == 0 && err == nil {
			err = goleak.Find()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		code = 1
	}
	os.Exit(code)
}

// enter runs this program again with mounts and a network of its own.
func enter() (int, error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), stageVariable+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: gid, Size: 1}}
	}
	runtime.LockOSThread() // Pdeathsig is the thread's
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	if err != nil {
		err = fmt.Errorf("namespaces are needed (as root, or where the system lets anybody make them): %w", err)
	}
	return 0, err
}

// becomeAnybody gives up root's right to read what nobody may read, and begins
// once more: the right is lost with the program's start.
func becomeAnybody() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	runtime.LockOSThread()
	for _, right := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, right, 0, 0, 0); err != nil {
			return err
		}
	}
	os.Setenv(stageVariable, strconv.Itoa(2))
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

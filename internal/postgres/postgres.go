// Package postgres runs a PostgreSQL of its own for tests and measurements: a
// new cluster in a folder of its own, reached through a Unix socket only, from
// the server that the system has installed (.ci/install test installs it).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// within bounds every wait for the server.
const within = 60 * time.Second

// Server is a running PostgreSQL.
type Server struct {
	dir   string
	cmd   *exec.Cmd
	held  io.Closer // the server ends when it is closed, also by our own death
	count atomic.Int32
}

// Start makes a cluster and serves it. extra are settings like "fsync=off".
func Start(extra ...string) (_ *Server, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Short, because a socket's path has 107 bytes at most.
	dir, err := os.MkdirTemp("/tmp", "satchel-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	defer func() {
		if err != nil {
			_ = s.Stop() // it did not start
		}
	}()
	as, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "satchel", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The shell waits for the end of its input and then ends the server, so
	// that none is left behind by a test that was killed.
	args := []string{"-c", `"$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid`, "sh",
		filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	for _, e := range extra {
		args = append(args, "-c", e)
	}
	s.cmd = exec.Command("/bin/sh", args...)
	s.cmd.Dir, s.cmd.SysProcAttr = dir, as
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if s.held, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(within); ; {
		c, err := s.connect()
		if err == nil {
			return s, c.Close(context.Background())
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			return nil, fmt.Errorf("PostgreSQL does not answer: %w: %s", err, said)
		}
		time.Sleep(20 * time.Millisecond) // it says nowhere else that it is ready
	}
}

func (s *Server) connect() (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return pgx.Connect(ctx, s.url("postgres"))
}

func (s *Server) url(database string) string {
	return "postgres:///" + database + "?user=satchel&host=" + url.QueryEscape(s.dir)
}

// Database makes an empty database and returns its URL.
func (s *Server) Database() (string, error) {
	c, err := s.connect()
	if err != nil {
		return "", err
	}
	name := "satchel" + strconv.Itoa(int(s.count.Add(1)))
	_, err = c.Exec(context.Background(), "CREATE DATABASE "+name)
	return s.url(name), errors.Join(err, c.Close(context.Background()))
}

// Stop ends the server and removes its folder. It may be called again.
func (s *Server) Stop() error {
	if s == nil {
		return nil
	}
	if s.held != nil {
		s.held.Close()
		s.held = nil
		_ = s.cmd.Wait() // it was told to end
	}
	return os.RemoveAll(s.dir)
}

// binaries finds the newest server that is installed.
func binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(all) == 0 {
		return "", errors.New("no PostgreSQL server is installed here; `.ci/install test` installs one")
	}
	sort.Slice(all, func(i, j int) bool { return version(all[i]) < version(all[j]) })
	return filepath.Dir(all[len(all)-1]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// unprivileged tells who the server runs as: PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}

//go:build linux && !miniaudio

package sound

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jfreymuth/pulse/proto"
)

// answerTime is how long the sound server has for an answer; to a drain, too,
// which takes as long as what it has still to play.
const answerTime = 5 * time.Second

// server is a connection to the sound server, with one stream.
type server struct {
	*proto.Client
	conn net.Conn

	mu     sync.Mutex
	wanted int           // bytes that it asked for and did not get
	heard  [][]byte      // what came from the microphone and was not taken
	err    error         // it is over
	news   chan struct{} // one of these changed
}

// dial reaches the sound server of this desktop. The library's own way to do so
// does not survive a server that refuses.
func dial(ctx context.Context) (*server, error) {
	last := ErrNoDevice
	for _, at := range addresses() {
		var d net.Dialer
		conn, err := d.DialContext(ctx, at[0], at[1])
		if err != nil {
			last = errors.Join(ErrNoDevice, err)
			continue
		}
		s := &server{Client: &proto.Client{}, conn: conn, news: make(chan struct{}, 1)}
		s.SetTimeout(answerTime)
		s.Callback = s.came
		s.Open(conn)
		var auth proto.AuthReply
		if err = s.Request(&proto.Auth{Version: s.Version(), Cookie: cookie()}, &auth); err == nil {
			s.SetVersion(auth.Version)
			props := proto.PropList{"application.name": proto.PropListString("Satchel"), "application.icon_name": proto.PropListString("satchel")}
			err = s.Request(&proto.SetClientName{Props: props}, &proto.SetClientNameReply{})
		}
		if err == nil {
			return s, nil
		}
		conn.Close()
		last = errors.Join(ErrNoDevice, err)
	}
	return nil, last
}

// addresses is where the server may listen: network and address.
func addresses() (all [][2]string) {
	if set := os.Getenv("PULSE_SERVER"); set != "" {
		for _, one := range strings.Fields(set) {
			if i := strings.IndexByte(one, '}'); one[0] == '{' && i > 0 {
				one = one[i+1:] // the computer that it is meant for
			}
			switch network, address, found := strings.Cut(one, ":"); {
			case strings.HasPrefix(one, "/"):
				all = append(all, [2]string{"unix", one})
			case found && (network == "unix" || network == "tcp" || network == "tcp4" || network == "tcp6"):
				if network != "unix" {
					if _, _, err := net.SplitHostPort(address); err != nil {
						address = net.JoinHostPort(address, "4713")
					}
				}
				all = append(all, [2]string{network, address})
			}
		}
		return all
	}
	dir := os.Getenv("PULSE_RUNTIME_PATH")
	if dir == "" {
		dir = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "pulse")
	}
	return [][2]string{{"unix", filepath.Join(dir, "native")}}
}

// cookie is what the server knows its people by; of no meaning where it trusts
// whoever reaches its socket.
func cookie() []byte {
	path := os.Getenv("PULSE_COOKIE")
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return make([]byte, 256)
		}
		path = filepath.Join(dir, "pulse", "cookie")
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) != 256 {
		return make([]byte, 256)
	}
	return b
}

// came takes what the server says unasked, on the connection's goroutine.
func (s *server) came(message any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m := message.(type) {
	case *proto.Request:
		s.wanted += int(min(m.Length, 1<<24))
	case *proto.DataPacket:
		s.heard = append(s.heard, append([]byte(nil), m.Data...))
	case *proto.PlaybackStreamKilled, *proto.RecordStreamKilled, *proto.ConnectionClosed:
		s.err = ErrLost
	default:
		return
	}
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// wait waits for news, for a moment at most: a connection that breaks tells nobody.
func (s *server) wait(ctx context.Context) error {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.news:
	case <-t.C:
		if err := s.Request(&proto.GetServerInfo{}, &proto.GetServerInfoReply{}); err != nil {
			return ErrLost
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (f Format) spec() proto.SampleSpec {
	return proto.SampleSpec{Format: proto.FormatInt16LE, Channels: byte(f.Channels), Rate: uint32(f.Rate)}
}

func (f Format) channels() proto.ChannelMap {
	if f.Channels == 1 {
		return proto.ChannelMap{proto.ChannelMono}
	}
	return proto.ChannelMap{proto.ChannelLeft, proto.ChannelRight}
}

func (f Format) volumes() proto.ChannelVolumes {
	v := make(proto.ChannelVolumes, f.Channels)
	for i := range v {
		v[i] = 0x10000 // as it is
	}
	return v
}

func play(ctx context.Context, f Format, r io.Reader, heard func(time.Duration)) error {
	s, err := dial(ctx)
	if err != nil {
		return err
	}
	defer s.conn.Close()
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	ahead := f.bytes(latency)
	var made proto.CreatePlaybackStreamReply
	err = s.Request(&proto.CreatePlaybackStream{
		SampleSpec: f.spec(), ChannelMap: f.channels(), SinkIndex: proto.Undefined, ChannelVolumes: f.volumes(),
		BufferMaxLength: uint32(2 * ahead), BufferTargetLength: uint32(ahead), BufferPrebufferLength: uint32(f.bytes(latency / 4)),
		BufferMinimumRequest: uint32(f.bytes(latency / 4)), AdjustLatency: true,
		Properties: proto.PropList{"media.name": proto.PropListString("Satchel"), "media.role": proto.PropListString("music")},
	}, &made)
	if err != nil {
		return errors.Join(ErrNoDevice, err)
	}
	s.mu.Lock()
	s.wanted += int(made.Missing)
	s.mu.Unlock()
	buffer, sent := make([]byte, f.bytes(latency/4)), int64(0)
	for {
		s.mu.Lock()
		n := min(s.wanted, len(buffer)) / f.frame() * f.frame()
		s.wanted -= n
		s.mu.Unlock()
		if n == 0 {
			if err := s.wait(ctx); err != nil {
				return err
			}
			continue
		}
		got, err := io.ReadFull(r, buffer[:n])
		if got > 0 {
			if err := s.Send(made.StreamIndex, buffer[:got]); err != nil {
				return ErrLost
			}
			sent += int64(got)
			heard(max(0, f.after(sent-int64(ahead))))
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			if err := s.Request(&proto.DrainPlaybackStream{StreamIndex: made.StreamIndex}, nil); err != nil {
				return ErrLost
			}
			heard(f.after(sent))
			return nil
		case err != nil:
			return err
		}
	}
}

func record(ctx context.Context, f Format, take func([]byte) error) error {
	s, err := dial(ctx)
	if err != nil {
		return err
	}
	defer s.conn.Close()
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	var made proto.CreateRecordStreamReply
	err = s.Request(&proto.CreateRecordStream{
		SampleSpec: f.spec(), ChannelMap: f.channels(), SourceIndex: proto.Undefined, DirectOnInputIndex: proto.Undefined, ChannelVolumes: f.volumes(),
		BufferMaxLength: proto.Undefined, BufferFragSize: uint32(f.bytes(latency / 2)), AdjustLatency: true,
		Properties: proto.PropList{"media.name": proto.PropListString("Satchel"), "media.role": proto.PropListString("phone")},
	}, &made)
	if err != nil {
		return errors.Join(ErrNoDevice, err)
	}
	for {
		s.mu.Lock()
		all := s.heard
		s.heard = nil
		s.mu.Unlock()
		for _, b := range all {
			if err := take(b); err != nil {
				return err
			}
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
}

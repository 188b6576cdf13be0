package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// mqtt is a client of MQTT 3.1.1 with QoS 1, as cheap as ours.
type mqtt struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte

	mu   sync.Mutex // guards what follows, and writing
	last uint16
	sent [1 << 16]string // messages by packet
}

func topic(n int) string { return fmt.Sprint("to/", n) }

func connectMQTT(address string, n int) (line, error) {
	conn, err := net.DialTimeout("tcp", address, within)
	if err != nil {
		return nil, err
	}
	m := &mqtt{conn: conn, in: bufio.NewReaderSize(conn, 4<<10)}
	conn.SetDeadline(time.Now().Add(within))
	hello := append(mqttText("MQTT"), 4, 0, 0, 0) // version, a session that stays, no keep-alive
	if err := m.write(0x10, append(hello, mqttText(fmt.Sprint("client", n))...)); err != nil {
		return nil, err
	}
	if err := m.write(0x82, append(append([]byte{0, 1}, mqttText(topic(n))...), 1)); err != nil {
		return nil, err
	}
	for _, want := range []byte{0x20, 0x90} {
		kind, b, err := m.packet()
		if err != nil || kind&0xf0 != want || len(b) == 0 || b[len(b)-1]&0x80 != 0 {
			conn.Close()
			return nil, fmt.Errorf("mqtt: answer %#x %x: %w", kind, b, err)
		}
	}
	conn.SetDeadline(time.Time{})
	return m, nil
}

func mqttText(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

func (m *mqtt) write(kind byte, payload []byte) error {
	_, err := m.conn.Write(append(binary.AppendUvarint([]byte{kind}, uint64(len(payload))), payload...))
	return err
}

func (m *mqtt) packet() (kind byte, b []byte, err error) {
	if kind, err = m.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(m.in)
	if err != nil {
		return 0, nil, err
	}
	if uint64(cap(m.buf)) < n {
		m.buf = make([]byte, max(n, 2<<10))
	}
	_, err = io.ReadFull(m.in, m.buf[:n])
	return kind, m.buf[:n], err
}

func (m *mqtt) send(to, message, body string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last++; m.last == 0 {
		m.last = 1
	}
	m.sent[m.last] = message
	payload := binary.BigEndian.AppendUint16(mqttText(to), m.last)
	return m.write(0x32, append(append(append(payload, message...), ' '), body...))
}

func (m *mqtt) next() (happened, error) {
	for {
		kind, b, err := m.packet()
		if err != nil {
			return happened{}, err
		}
		switch kind & 0xf0 {
		case 0x40:
			m.mu.Lock()
			message := m.sent[binary.BigEndian.Uint16(b)]
			m.mu.Unlock()
			return happened{kind: acknowledged, message: []byte(message)}, nil
		case 0x30:
			b = b[2+binary.BigEndian.Uint16(b):]
			m.mu.Lock()
			err = m.write(0x40, b[:2])
			m.mu.Unlock()
			message, _, _ := bytes.Cut(b[2:], []byte{' '})
			return happened{kind: delivered, message: message}, err
		}
	}
}

func (m *mqtt) socket() net.Conn { return m.conn }

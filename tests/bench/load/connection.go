package main

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"
)

// connection is one HTTP/2 connection: a goroutine reads it, the sessions' goroutines write to it.
type connection struct {
	net.Conn
	sync.Mutex
	window, initial int64 // what may be sent on the connection, and on a new stream
	opened          *sync.Cond
	sessions        map[uint32]*session // complete before the reader starts
	broken          error
	dead            chan struct{} // closed once broken
}

func dial(plan plan, target *url.URL) (*connection, error) {
	socket, err := net.DialTimeout("tcp", target.Host, plan.patience)
	if err != nil {
		return nil, err
	}
	if target.Scheme == "https" {
		secure := tls.Client(socket, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, ServerName: "localhost"})
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
		if secure.ConnectionState().NegotiatedProtocol != "h2" {
			return nil, fmt.Errorf("the server did not choose h2")
		}
		socket = secure
	}
	c := &connection{Conn: socket, window: 65535, initial: 65535, sessions: map[uint32]*session{}, dead: make(chan struct{})}
	c.opened = sync.NewCond(&c.Mutex)
	_, err = c.Write(append([]byte(preface), wideOpen()...))
	return c, err
}

// read hands on everything that arrives until the connection ends.
func (c *connection) read() {
	headers := hpack.NewDecoder(4096, nil)
	split := splitter{onData: c.data, onFrame: func(kind, flags byte, stream uint32, payload []byte) error {
		return c.control(headers, kind, flags, stream, payload)
	}}
	buffer := make([]byte, 16384)
	for {
		size, err := c.Read(buffer)
		at := now()
		if size > 0 {
			if wrong := split.feed(buffer[:size], at); wrong != nil {
				err = wrong
			}
		}
		if err != nil {
			c.Lock()
			c.broken = err
			c.opened.Broadcast()
			c.Unlock()
			close(c.dead)
			return
		}
	}
}

func (c *connection) data(stream uint32, piece []byte, last bool, at time.Duration) error {
	s := c.sessions[stream]
	if s == nil {
		return fmt.Errorf("DATA on stream %d", stream)
	}
	if err := s.parser.feed(piece, at, s.take); err != nil {
		return err
	}
	if last {
		close(s.over)
	}
	return nil
}

func (c *connection) control(headers *hpack.Decoder, kind, flags byte, stream uint32, payload []byte) error {
	switch kind {
	case frameHeaders:
		if flags&flagEndHeaders == 0 || flags&(flagPadded|flagPriority) != 0 {
			return fmt.Errorf("HEADERS with flags %d", flags)
		}
		fields, err := headers.DecodeFull(payload)
		if err != nil {
			return err
		}
		if s := c.sessions[stream]; s != nil && s.status == "" {
			s.status = fields[0].Value
			if s.status != "200" {
				return fmt.Errorf("status %s", s.status)
			}
		}
		if flags&flagEndStream != 0 {
			return c.data(stream, nil, true, 0)
		}
	case frameSettings:
		if flags&flagAck != 0 {
			return nil
		}
		c.Lock()
		for ; len(payload) >= 6; payload = payload[6:] {
			if binary.BigEndian.Uint16(payload) == 4 {
				size := int64(binary.BigEndian.Uint32(payload[2:]))
				for _, s := range c.sessions {
					s.window += size - c.initial
				}
				c.initial = size
			}
		}
		_, err := c.Write(frame(frameSettings, flagAck, 0, nil))
		c.opened.Broadcast()
		c.Unlock()
		return err
	case framePing:
		if flags&flagAck == 0 {
			c.Lock()
			defer c.Unlock()
			_, err := c.Write(frame(framePing, flagAck, 0, payload))
			return err
		}
	case frameWindowUpdate:
		c.Lock()
		if s := c.sessions[stream]; s != nil {
			s.window += int64(binary.BigEndian.Uint32(payload))
		} else if stream == 0 {
			c.window += int64(binary.BigEndian.Uint32(payload))
		}
		c.opened.Broadcast()
		c.Unlock()
	case frameReset:
		return fmt.Errorf("RST_STREAM %d", binary.BigEndian.Uint32(payload))
	case frameGoAway:
		return fmt.Errorf("GOAWAY %d %.200q", binary.BigEndian.Uint32(payload[4:]), payload[8:])
	case frameContinuation:
		return fmt.Errorf("CONTINUATION")
	}
	return nil
}

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

// The frames of RFC 9113 that occur here, and their flags.
const (
	frameData, frameHeaders, frameReset, frameSettings           = 0, 1, 3, 4
	framePing, frameGoAway, frameWindowUpdate, frameContinuation = 6, 7, 8, 9

	flagEndStream, flagAck, flagEndHeaders, flagPadded, flagPriority = 1, 1, 4, 8, 32
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	out := make([]byte, 9, 9+len(payload))
	out[0], out[1], out[2] = byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload))
	out[3], out[4] = kind, flags
	binary.BigEndian.PutUint32(out[5:], stream)
	return append(out, payload...)
}

// wideOpen is a SETTINGS with the largest stream windows, and a WINDOW_UPDATE for the connection's: whoever sends it
// reads everything at once and has nothing to hold back.
func wideOpen() []byte {
	setting := binary.BigEndian.AppendUint32([]byte{0, 4}, 1<<31-1)
	update := binary.BigEndian.AppendUint32(nil, 1<<31-1-65535)
	return append(frame(frameSettings, 0, 0, setting), frame(frameWindowUpdate, 0, 0, update)...)
}

// splitter takes bytes as they were read and tells DATA in the pieces that came, so that the first byte of an event
// is known by the read that brought it; every other frame is told whole.
type splitter struct {
	head      [9]byte
	headBytes int
	left      int // of the payload
	whole     []byte
	onData    func(stream uint32, piece []byte, last bool, at time.Duration) error
	onFrame   func(kind, flags byte, stream uint32, payload []byte) error
}

func (s *splitter) feed(data []byte, at time.Duration) error {
	for {
		if s.headBytes < 9 {
			took := copy(s.head[s.headBytes:], data)
			s.headBytes += took
			data = data[took:]
			if s.headBytes < 9 {
				return nil
			}
			s.left = int(s.head[0])<<16 | int(s.head[1])<<8 | int(s.head[2])
			s.whole = s.whole[:0]
		}
		piece := data[:min(len(data), s.left)]
		data = data[len(piece):]
		s.left -= len(piece)
		kind, flags, stream := s.head[3], s.head[4], binary.BigEndian.Uint32(s.head[5:])
		if s.left > 0 && len(piece) == 0 {
			return nil
		}
		if kind == frameData {
			if flags&flagPadded != 0 {
				return fmt.Errorf("padded DATA")
			}
			if err := s.onData(stream, piece, s.left == 0 && flags&flagEndStream != 0, at); err != nil {
				return err
			}
		} else if s.whole = append(s.whole, piece...); s.left == 0 {
			if err := s.onFrame(kind, flags, stream, s.whole); err != nil {
				return err
			}
		}
		if s.left > 0 {
			return nil
		}
		s.headBytes = 0
	}
}

// messages finds event-stream messages (ES-SPEC) in pieces of bytes, and when the first byte of each was read.
type messages struct {
	buffer []byte
	began  time.Duration
}

func (m *messages) feed(data []byte, at time.Duration, each func(message []byte, began time.Duration) error) error {
	for len(data) > 0 {
		if len(m.buffer) == 0 {
			m.began = at
		}
		due := 4
		if len(m.buffer) >= 4 {
			due = int(binary.BigEndian.Uint32(m.buffer))
		}
		took := min(len(data), due-len(m.buffer))
		m.buffer = append(m.buffer, data[:took]...)
		data = data[took:]
		if len(m.buffer) < 4 {
			return nil
		}
		if due = int(binary.BigEndian.Uint32(m.buffer)); due < 16 || due > 1<<24 {
			return fmt.Errorf("a message of %d bytes", due)
		}
		if len(m.buffer) == due {
			if err := each(m.buffer, m.began); err != nil {
				return err
			}
			m.buffer = m.buffer[:0]
		}
	}
	return nil
}

// transcript checks that a message is whole and a transcript event.
func transcript(message []byte) error {
	end := len(message) - 4
	if crc32.ChecksumIEEE(message[:8]) != binary.BigEndian.Uint32(message[8:]) ||
		crc32.ChecksumIEEE(message[:end]) != binary.BigEndian.Uint32(message[end:]) {
		return fmt.Errorf("a message with a wrong checksum")
	}
	if !bytes.Contains(message[12:end], []byte("transcriptEvent")) {
		return fmt.Errorf("a message that is no transcript event: %.300q", message)
	}
	return nil
}

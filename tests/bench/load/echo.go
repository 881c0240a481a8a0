package main

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"
)

const (
	audioBytes = 1000    // a message above that is audio: configuration and control are smaller
	replenish  = 1 << 20 // bytes read before the connection's window is opened again
)

// echo serves until it is ended.
func echo(folder string, port int, secure bool) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	scheme := "http"
	if secure {
		scheme = "https"
		pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"))
		if err != nil {
			return err
		}
		settings := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
		listener = tls.NewListener(listener, settings)
	}
	answer := file(folder, "answer")
	say(map[string]any{"url": fmt.Sprintf("%s://%s", scheme, listener.Addr())})
	for {
		socket, err := listener.Accept()
		if err != nil {
			return err
		}
		go answerAll(socket, answer)
	}
}

// answerAll serves one connection: one write for all that one read brought. It trusts its client: no windows, no
// checksums.
func answerAll(socket net.Conn, answer []byte) {
	defer socket.Close()
	if _, err := io.ReadFull(socket, make([]byte, len(preface))); err != nil {
		return
	}
	out := wideOpen()
	streams := map[uint32]*messages{}
	read := 0
	split := splitter{
		onData: func(stream uint32, piece []byte, last bool, at time.Duration) error {
			parser := streams[stream]
			if parser == nil {
				return fmt.Errorf("DATA on stream %d", stream)
			}
			read += len(piece)
			err := parser.feed(piece, at, func(message []byte, _ time.Duration) error {
				if len(message) > audioBytes {
					out = append(out, frame(frameData, 0, stream, answer)...)
				}
				return nil
			})
			if last {
				out = append(out, frame(frameData, flagEndStream, stream, nil)...)
				delete(streams, stream)
			}
			return err
		},
		onFrame: func(kind, flags byte, stream uint32, payload []byte) error {
			switch {
			case kind == frameHeaders:
				streams[stream] = &messages{}
				out = append(out, frame(frameHeaders, flagEndHeaders, stream, []byte{0x88})...) // :status 200
			case kind == frameSettings && flags&flagAck == 0:
				out = append(out, frame(frameSettings, flagAck, 0, nil)...)
			case kind == framePing && flags&flagAck == 0:
				out = append(out, frame(framePing, flagAck, 0, payload)...)
			}
			return nil
		},
	}
	buffer := make([]byte, 65536)
	for {
		if _, err := socket.Write(out); err != nil {
			return
		}
		out = out[:0]
		for len(out) == 0 {
			size, err := socket.Read(buffer)
			if err != nil || split.feed(buffer[:size], 0) != nil {
				return
			}
			if read > replenish {
				update := binary.BigEndian.AppendUint32(nil, uint32(read))
				out = append(out, frame(frameWindowUpdate, 0, 0, update)...)
				read = 0
			}
		}
	}
}

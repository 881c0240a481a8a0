package main

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/http2/hpack"
)

const handshakes = 16 // connections opened at once: a crowd of TLS handshakes is another benchmark

var zero = time.Now()

func now() time.Duration { return time.Since(zero) }

// cpu is what the generator has used so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// session is one stream: what it has sent and when, and what it got.
type session struct {
	connection *connection
	stream     uint32
	window     int64
	packet     []byte         // the audio event in its DATA frame
	sent       []atomic.Int64 // when each audio event was about to be written
	answers    atomic.Int64
	latencies  []time.Duration
	late       []time.Duration
	parser     messages
	status     string
	answered   chan struct{} // a signal for each answer while the session opens
	over       chan struct{} // closed by the server's END_STREAM
}

// take counts one answer and how long it took: the n-th answer belongs to the n-th audio event.
func (s *session) take(message []byte, began time.Duration) error {
	if err := transcript(message); err != nil {
		return err
	}
	number := int(s.answers.Load())
	if number >= len(s.sent) || s.sent[number].Load() == 0 {
		return fmt.Errorf("more answers than audio events")
	}
	s.latencies = append(s.latencies, began-time.Duration(s.sent[number].Load()))
	s.answers.Add(1)
	select {
	case s.answered <- struct{}{}:
	default:
	}
	return nil
}

// send writes a DATA frame as soon as both windows let it pass.
func (s *session) send(packet []byte) error {
	c, size := s.connection, int64(len(packet)-9)
	c.Lock()
	defer c.Unlock()
	for c.broken == nil && (c.window < size || s.window < size) {
		c.opened.Wait()
	}
	if c.broken != nil {
		return c.broken
	}
	c.window -= size
	s.window -= size
	_, err := c.Write(packet)
	return err
}

// event writes the n-th audio event. It is stamped before the windows and the write, so that whatever the server
// makes the client wait for counts against the server.
func (s *session) event(number int) error {
	s.sent[number].Store(int64(now()))
	return s.send(s.packet)
}

// open sends the request, the configuration and one audio event, and waits for its answer.
func (s *session) open(plan plan, target *url.URL, number int) error {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	fields := [][2]string{
		{":method", "POST"}, {":scheme", target.Scheme}, {":authority", target.Host}, {":path", target.Path},
		{"x-amzn-medscribe-session-id", fmt.Sprintf("6f0c1e66-5c3d-4c58-9d0e-%012x", number)},
	}
	for _, field := range append(fields, plan.headers...) {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1], Sensitive: true})
	}
	c := s.connection
	c.Lock()
	_, err := c.Write(frame(frameHeaders, flagEndHeaders, s.stream, block.Bytes()))
	c.Unlock()
	if err != nil {
		return err
	}
	if err := s.send(frame(frameData, 0, s.stream, plan.opening)); err != nil {
		return err
	}
	if err := s.event(0); err != nil {
		return err
	}
	return s.await(s.answered, plan, "answer its first audio event")
}

// await waits for a signal, but no longer than the connection lives or patience lasts.
func (s *session) await(signal <-chan struct{}, plan plan, told string) error {
	select {
	case <-signal:
		return nil
	case <-s.connection.dead:
		select {
		case <-signal: // both at once: what came before the end counts
			return nil
		default:
			return fmt.Errorf("the server did not %s: %w", told, s.connection.broken)
		}
	case <-time.After(plan.patience):
		return fmt.Errorf("the server did not %s in %s", told, plan.patience)
	}
}

// pace sends an event each interval; when one is late the next is not, as from a microphone.
func (s *session) pace(plan plan, start time.Time) error {
	for number := range plan.paced() {
		due := start.Add(time.Duration(number) * plan.interval)
		time.Sleep(time.Until(due))
		s.late = append(s.late, time.Since(due))
		if err := s.event(1 + number); err != nil {
			return err
		}
	}
	return nil
}

func run(plan plan) error {
	target, err := url.Parse(plan.url)
	if err != nil {
		return err
	}
	begin := time.Now()
	sessions, err := openAll(plan, target)
	if err != nil {
		return err
	}
	say(map[string]any{"step": "opened", "sessions": len(sessions), "seconds": time.Since(begin).Seconds()})

	next()
	idle, start := cpu(), time.Now().Add(100*time.Millisecond)
	spread := plan.interval / time.Duration(len(sessions))
	err = together(sessions, func(number int, s *session) error {
		return s.pace(plan, start.Add(time.Duration(number)*spread))
	})
	if err != nil {
		return err
	}
	cores := (cpu() - idle).Seconds() / time.Since(start).Seconds()
	unanswered := waitForAnswers(sessions, plan)
	say(measured(sessions, plan, unanswered, cores))

	next()
	err = together(sessions, func(number int, s *session) error {
		if err := s.send(frame(frameData, flagEndStream, s.stream, plan.ending)); err != nil {
			return err
		}
		return s.await(s.over, plan, "end a session")
	})
	if err != nil {
		return err
	}
	answers := int64(0)
	for _, s := range sessions {
		answers += s.answers.Load()
	}
	say(map[string]any{"step": "ended", "answers": answers})
	return nil
}

func openAll(plan plan, target *url.URL) ([]*session, error) {
	sessions := make([]*session, plan.sessions)
	connections := make([]*connection, (plan.sessions+plan.streams-1)/plan.streams)
	gate := make(chan struct{}, handshakes)
	failed := make(chan error, len(connections))
	for at := range connections {
		go func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			c, err := dial(plan, target)
			if err != nil {
				failed <- err
				return
			}
			first := at * plan.streams
			last := min(first+plan.streams, plan.sessions)
			for number := first; number < last; number++ {
				stream := uint32(1 + 2*(number-first))
				s := &session{
					connection: c, stream: stream, packet: frame(frameData, 0, stream, plan.event), window: c.initial,
					sent: make([]atomic.Int64, 1+plan.paced()), answered: make(chan struct{}, 1), over: make(chan struct{}),
				}
				sessions[number], c.sessions[stream] = s, s
			}
			go c.read()
			for number := first; number < last; number++ {
				if err := sessions[number].open(plan, target, number); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range connections {
		if err := <-failed; err != nil {
			return nil, err
		}
	}
	return sessions, nil
}

// together does one thing with every session at the same time, and tells the first error.
func together(sessions []*session, each func(number int, s *session) error) error {
	failed := make(chan error, len(sessions))
	for number, s := range sessions {
		go func() { failed <- each(number, s) }()
	}
	for range sessions {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

// waitForAnswers gives a server that fell behind some time, and tells how many answers are still missing.
func waitForAnswers(sessions []*session, plan plan) int {
	for deadline := time.Now().Add(plan.patience / 2); ; time.Sleep(5 * time.Millisecond) {
		missing := 0
		for _, s := range sessions {
			missing += len(s.sent) - int(s.answers.Load())
		}
		if missing == 0 || time.Now().After(deadline) {
			return missing
		}
	}
}

func measured(sessions []*session, plan plan, unanswered int, cores float64) map[string]any {
	skip := int(plan.warm / plan.interval)
	var latencies, late []time.Duration
	for _, s := range sessions {
		if got := s.latencies; len(got) > 1+skip {
			latencies = append(latencies, got[1+skip:]...)
		}
		late = append(late, s.late[skip:]...)
	}
	slices.Sort(latencies)
	slices.Sort(late)
	at := func(sorted []time.Duration, share float64) float64 {
		if len(sorted) == 0 {
			return 0
		}
		return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))].Seconds() * 1000
	}
	return map[string]any{
		"step": "paced", "measured": len(latencies), "unanswered": unanswered, "cores": cores,
		"p50": at(latencies, 0.5), "p99": at(latencies, 0.99), "max": at(latencies, 1),
		"late_p99": at(late, 0.99),
	}
}

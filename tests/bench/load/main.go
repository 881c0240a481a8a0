// Command load opens many listening sessions, paces audio events into them, and tells how long each answer took.
//
//	load sessions -url URL -sessions N [-streams 1] [-interval 100ms] [-warm 2s] [-measured 6s] -files FOLDER
//	load echo [-port 0] [-tls] -files FOLDER
//
// `sessions` is the load generator. It goes step by step, one line of JSON each, and waits for a line on stdin before
// the next: `opened` (every session has its 200 and the answer to a first audio event), `paced` (the latencies) and
// `ended` (every session was closed by its server after END_OF_SESSION). Whatever goes wrong is a line with `error`
// and exit status 1.
//
// `echo` is the limit: a server that looks for no more than where audio events end and answers each with bytes made
// beforehand. A generator that is no bottleneck shows it far below every server under measurement.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: load sessions|echo [flags]"))
	}
	debug.SetGCPercent(-1) // a collection takes a core, which may be the server's; memory is bounded all the same
	debug.SetMemoryLimit(2 << 30)
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	files := flags.String("files", "", "folder with headers.json, opening, event, closing, answer, cert.pem and key.pem")
	switch os.Args[1] {
	case "sessions":
		plan := plan{}
		flags.StringVar(&plan.url, "url", "", "where the server is")
		flags.IntVar(&plan.sessions, "sessions", 10, "how many sessions")
		flags.IntVar(&plan.streams, "streams", 1, "sessions on one connection")
		flags.DurationVar(&plan.interval, "interval", 100*time.Millisecond, "between the events of a session")
		flags.DurationVar(&plan.warm, "warm", 2*time.Second, "paced, but not measured")
		flags.DurationVar(&plan.measured, "measured", 6*time.Second, "paced and measured")
		flags.DurationVar(&plan.patience, "patience", 60*time.Second, "for every step beside its own time")
		_ = flags.Parse(os.Args[2:])
		plan.read(*files)
		fail(run(plan))
	case "echo":
		port := flags.Int("port", 0, "where to listen on 127.0.0.1; 0: a free port")
		secure := flags.Bool("tls", false, "speak TLS")
		_ = flags.Parse(os.Args[2:])
		fail(echo(*files, *port, *secure))
	default:
		fail(fmt.Errorf("%s is neither sessions nor echo", os.Args[1]))
	}
}

// plan is what the flags and files ask for.
type plan struct {
	url                    string
	sessions, streams      int
	interval               time.Duration
	warm, measured         time.Duration
	patience               time.Duration
	headers                [][2]string
	opening, event, ending []byte
}

func (p *plan) read(folder string) {
	fail(json.Unmarshal(file(folder, "headers.json"), &p.headers))
	p.opening, p.event, p.ending = file(folder, "opening"), file(folder, "event"), file(folder, "closing")
}

// paced is how many events each session sends while it is paced.
func (p *plan) paced() int { return int((p.warm + p.measured) / p.interval) }

func file(folder, name string) []byte {
	bytes, err := os.ReadFile(filepath.Join(folder, name))
	fail(err)
	return bytes
}

var stdin = bufio.NewScanner(os.Stdin)

// say tells one step; next waits until the other side wants the next one.
func say(line map[string]any) {
	bytes, err := json.Marshal(line)
	fail(err)
	fmt.Println(string(bytes))
}

func next() {
	if !stdin.Scan() {
		os.Exit(0) // whoever started us is gone, or wants no more
	}
}

func fail(err error) {
	if err != nil {
		bytes, _ := json.Marshal(map[string]string{"error": err.Error()})
		fmt.Println(string(bytes))
		os.Exit(1)
	}
}

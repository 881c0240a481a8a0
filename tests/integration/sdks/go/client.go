// Streams to an endpoint with the AWS SDK for Go and tells what it gave back: a line of JSON a stream.
//
// The generated client of the service could not be had: connecthealth/ is a thin layer over the official SDK runtime, and
// says in client.go what is whose. `sdk` in each line says which of the two was at work.
//
// It judges nothing: a test reads the lines. It never hangs: each stream has a time limit, and so has the whole program.
// What a line holds is told in ../python/client.py.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/types"
)

const (
	chunkMs      = 100
	sendingGrace = 2 * time.Second // how long the input may still be closing when the output has ended
)

type options struct {
	endpointURL    string
	caFile         string
	outputURI      string
	seconds        float64
	rate           int
	channels       int
	event          string
	awaitEvents    int
	after          int
	noEndOfSession bool
	pauses         int
	runs           int
	timeout        float64
	deadline       float64
}

func parse(arguments []string) (o options) {
	flags := flag.NewFlagSet("client ENDPOINT", flag.ExitOnError)
	flags.StringVar(&o.caFile, "ca-file", "", "PEM; default: the system's store, or SSL_CERT_FILE")
	flags.StringVar(&o.outputURI, "output-uri", "s3://bucket/prefix", "no S3 URI: a bad configuration")
	flags.Float64Var(&o.seconds, "seconds", 2, "of the tone that is streamed")
	flags.IntVar(&o.rate, "rate", 16000, "below 8000: refused by the service with HTTP 400")
	flags.IntVar(&o.channels, "channels", 1, "2 sends channelDefinitions")
	flags.StringVar(&o.event, "event", "binaryAudioEvent", "or audioEvent")
	flags.IntVar(&o.awaitEvents, "await-events", 0, "wait for so many events …")
	flags.IntVar(&o.after, "after", 0, "… before this audio event (from 0)")
	flags.BoolVar(&o.noEndOfSession, "no-end-of-session", false, "close the input without it: a pause")
	flags.IntVar(&o.pauses, "pauses", 0, "pause and resume each session so often")
	flags.IntVar(&o.runs, "runs", 1, "")
	flags.Float64Var(&o.timeout, "timeout", 20, "seconds a stream")
	flags.Float64Var(&o.deadline, "deadline", 120, "seconds the whole program; then status 1")
	if len(arguments) == 0 {
		flags.Usage()
		os.Exit(2)
	}
	o.endpointURL = arguments[0]
	_ = flags.Parse(arguments[1:]) // ends the program on an error
	return o
}

// session is one stream of a session, and what there is to report of it.
type session struct {
	options options
	audio   [][]byte
	last    bool // of its run: the one that may end the session
	report  *report
}

func (s *session) run(client *connecthealth.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), seconds(s.options.timeout))
	defer cancel()
	s.stream(ctx, client)
	s.report.TimedOut = ctx.Err() != nil
}

func (s *session) stream(ctx context.Context, client *connecthealth.Client) {
	output, err := client.StartMedicalScribeListeningSession(ctx, &connecthealth.StartMedicalScribeListeningSessionInput{
		SessionId:            aws.String(s.report.SessionID),
		DomainId:             aws.String("hai-0000000000000000"),
		SubscriptionId:       aws.String("sub-000000000000000000000"),
		LanguageCode:         types.MedicalScribeLanguageCodeEnUs,
		MediaSampleRateHertz: aws.Int32(int32(s.options.rate)),
		MediaEncoding:        types.MedicalScribeMediaEncodingPcm,
	})
	if err != nil {
		s.report.failed("opening", err)
		return
	}
	stream := output.GetStream()
	// The SDK itself notices neither the end of its context nor a lost connection while it waits for an event to send.
	defer context.AfterFunc(ctx, func() { _ = stream.Close() })()
	received := make(chan struct{}) // closed once the awaited events are there, or none will come any more
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		if err := s.send(ctx, stream, received); err != nil {
			s.report.failed("sending", err)
		}
	}()
	if s.receive(output, received) {
		select {
		case <-sending:
		case <-time.After(sendingGrace):
		}
	}
	_ = stream.Close() // an event that is being sent fails
	<-sending
}

// receive tells whether the output ended well.
func (s *session) receive(
	output *connecthealth.StartMedicalScribeListeningSessionOutput, received chan struct{},
) bool {
	release := sync.OnceFunc(func() { close(received) })
	defer release()
	reply := <-output.GetInitialReply()
	where := "responding"
	if reply.SessionId != nil {
		where = "reading"
		s.report.responded(reply)
	}
	stream := output.GetStream()
	for event := range stream.Events() {
		if s.report.received(event) >= s.options.awaitEvents {
			release()
		}
	}
	err := stream.Reader.Err()
	if err != nil {
		s.report.failed(where, err)
	}
	return err == nil
}

func (s *session) send(
	ctx context.Context, stream *connecthealth.StartMedicalScribeListeningSessionEventStream, received <-chan struct{},
) error {
	configuration := &types.MedicalScribeInputStreamMemberConfigurationEvent{Value: configuration(s.options)}
	if err := stream.Send(ctx, configuration); err != nil {
		return err
	}
	s.report.sent(func(sent *sent) { sent.Configuration++ })
	for position, chunk := range s.audio {
		if s.options.awaitEvents > 0 && position == s.options.after {
			<-received
		}
		if err := stream.Send(ctx, audioEvent(s.options.event, chunk)); err != nil {
			return err
		}
		s.report.sent(func(sent *sent) {
			sent.Audio++
			sent.AudioBytes += len(chunk)
			sent.digest.Write(chunk)
		})
	}
	if s.last && !s.options.noEndOfSession {
		end := types.MedicalScribeSessionControlEvent{Type: types.MedicalScribeSessionControlEventTypeEndOfSession}
		if err := stream.Send(ctx, &types.MedicalScribeInputStreamMemberSessionControlEvent{Value: end}); err != nil {
			return err
		}
		s.report.sent(func(sent *sent) { sent.Control++ })
	}
	s.report.sent(func(sent *sent) { sent.InputClosed = true })
	return stream.Writer.Close()
}

func configuration(o options) types.MedicalScribeConfigurationEvent {
	var channels []types.MedicalScribeChannelDefinition
	if o.channels == 2 {
		channels = []types.MedicalScribeChannelDefinition{
			{ChannelId: aws.Int32(0), ParticipantRole: types.MedicalScribeParticipantRoleClinician},
			{ChannelId: aws.Int32(1), ParticipantRole: types.MedicalScribeParticipantRolePatient},
		}
	}
	return types.MedicalScribeConfigurationEvent{
		ChannelDefinitions: channels,
		PostStreamActionSettings: &types.MedicalScribePostStreamActionSettings{
			OutputS3Uri: aws.String(o.outputURI),
			ClinicalNoteGenerationSettings: &types.ClinicalNoteGenerationSettings{
				NoteTemplateSettings: &types.NoteTemplateSettingsMemberManagedTemplate{
					Value: types.ManagedTemplate{TemplateType: types.ManagedNoteTemplateHistoryAndPhysical},
				},
			},
		},
	}
}

func audioEvent(kind string, chunk []byte) types.MedicalScribeInputStream {
	if kind == "audioEvent" {
		return &types.MedicalScribeInputStreamMemberAudioEvent{
			Value: types.MedicalScribeAudioEvent{AudioChunk: chunk},
		}
	}
	return &types.MedicalScribeInputStreamMemberBinaryAudioEvent{
		Value: types.MedicalScribeBinaryAudioEvent{AudioChunk: chunk},
	}
}

// chunks of a 440 Hz tone, the same on each channel.
func chunks(o options) [][]byte {
	var tone []byte
	for n := range int(math.Round(o.seconds * float64(o.rate))) {
		sample := int16(math.Round(8000 * math.Sin(2*math.Pi*440*float64(n)/float64(o.rate))))
		for range o.channels {
			tone = binary.LittleEndian.AppendUint16(tone, uint16(sample))
		}
	}
	return slices.Collect(slices.Chunk(tone, o.rate*2*o.channels*chunkMs/1000))
}

// perform one run: a session of one stream, or of several when it pauses.
func perform(o options, run int) error {
	id := newID()
	recorder := &responseRecorder{}
	client, err := connect(o.endpointURL, o.caFile)
	if err != nil {
		return err
	}
	client = connecthealth.New(client.Options(), recorder.attach)
	audio := chunks(o)
	streams := o.pauses + 1
	position := 0
	for part := range slices.Chunk(audio, (len(audio)+streams-1)/streams) {
		session := session{options: o, audio: part, last: position == o.pauses, report: newReport(run, position, id)}
		session.run(client)
		line, err := session.report.line(recorder)
		if err != nil {
			return err
		}
		fmt.Println(line)
		position++
	}
	return nil
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func main() {
	o := parse(os.Args[1:])
	time.AfterFunc(seconds(o.deadline), func() { log.Fatalf("not done within %g s", o.deadline) })
	for run := range o.runs {
		if err := perform(o, run); err != nil {
			log.Fatal(err)
		}
	}
}

package connecthealth

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/connecthealth/schemas"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/eventstream"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type StartMedicalScribeListeningSessionInput struct {
	SessionId            *string
	DomainId             *string
	SubscriptionId       *string
	LanguageCode         types.MedicalScribeLanguageCode
	MediaSampleRateHertz *int32
	MediaEncoding        types.MedicalScribeMediaEncoding
}

func (v *StartMedicalScribeListeningSessionInput) Serialize(s smithy.ShapeSerializer) {
	s.WriteStruct(schemas.Input)
	for name, value := range map[string]*string{
		"sessionId": v.SessionId, "domainId": v.DomainId, "subscriptionId": v.SubscriptionId,
		"languageCode": (*string)(&v.LanguageCode), "mediaEncoding": (*string)(&v.MediaEncoding),
	} {
		if value != nil {
			s.WriteString(schemas.Input.Member(name), *value)
		}
	}
	if v.MediaSampleRateHertz != nil {
		s.WriteInt32(schemas.Input.Member("mediaSampleRateHertz"), *v.MediaSampleRateHertz)
	}
	s.CloseStruct()
}

// StartMedicalScribeListeningSessionInitialReply is the head of the response; of a failed call it has no member set.
type StartMedicalScribeListeningSessionInitialReply struct {
	SessionId            *string
	DomainId             *string
	SubscriptionId       *string
	RequestId            *string
	LanguageCode         types.MedicalScribeLanguageCode
	MediaSampleRateHertz *int32
	MediaEncoding        types.MedicalScribeMediaEncoding
	ResultMetadata       middleware.Metadata
}

func (v *StartMedicalScribeListeningSessionInitialReply) Deserialize(d smithy.ShapeDeserializer) error {
	return smithy.ReadStruct(d, schemas.Output, func(at *smithy.Schema) error {
		texts := map[string]**string{
			"sessionId": &v.SessionId, "domainId": &v.DomainId,
			"subscriptionId": &v.SubscriptionId, "requestId": &v.RequestId,
		}
		switch name := at.MemberName(); name {
		case "languageCode":
			return d.ReadString(at, (*string)(&v.LanguageCode))
		case "mediaEncoding":
			return d.ReadString(at, (*string)(&v.MediaEncoding))
		case "mediaSampleRateHertz":
			v.MediaSampleRateHertz = new(int32)
			return d.ReadInt32(at, v.MediaSampleRateHertz)
		default:
			if text := texts[name]; text != nil {
				*text = new(string)
				return d.ReadString(at, *text)
			}
			return nil
		}
	})
}

type StartMedicalScribeListeningSessionOutput struct {
	stream       *StartMedicalScribeListeningSessionEventStream
	initialReply chan StartMedicalScribeListeningSessionInitialReply
}

func newOutput(
	writer *smithyhttp.EventStreamWriter, reader *smithyhttp.EventStreamReader,
) *StartMedicalScribeListeningSessionOutput {
	stream := &StartMedicalScribeListeningSessionEventStream{
		Writer: &inputWriter{writer},
		Reader: &outputReader{
			EventStreamReader: reader,
			events:            make(chan types.MedicalScribeOutputStream),
			abandoned:         make(chan struct{}),
		},
	}
	go stream.Reader.forward()
	return &StartMedicalScribeListeningSessionOutput{
		stream, make(chan StartMedicalScribeListeningSessionInitialReply, 1),
	}
}

func (o *StartMedicalScribeListeningSessionOutput) GetStream() *StartMedicalScribeListeningSessionEventStream {
	return o.stream
}

func (o *StartMedicalScribeListeningSessionOutput) GetInitialReply() <-chan StartMedicalScribeListeningSessionInitialReply {
	return o.initialReply
}

// StartMedicalScribeListeningSessionEventStream is both directions. Writer.Close ends the input alone.
type StartMedicalScribeListeningSessionEventStream struct {
	Writer *inputWriter
	Reader *outputReader
}

func (s *StartMedicalScribeListeningSessionEventStream) Send(
	ctx context.Context, event types.MedicalScribeInputStream,
) error {
	return s.Writer.Send(ctx, event)
}

func (s *StartMedicalScribeListeningSessionEventStream) Events() <-chan types.MedicalScribeOutputStream {
	return s.Reader.Events()
}

func (s *StartMedicalScribeListeningSessionEventStream) Close() error {
	_ = s.Writer.Close()
	_ = s.Reader.Close()
	return s.Err()
}

func (s *StartMedicalScribeListeningSessionEventStream) Err() error {
	if err := s.Reader.Err(); err != nil {
		return err
	}
	return s.Writer.Err()
}

type inputWriter struct{ *smithyhttp.EventStreamWriter }

func (w *inputWriter) Send(ctx context.Context, event types.MedicalScribeInputStream) error {
	variant, value := event.Event()
	return w.EventStreamWriter.Send(ctx, variant, value)
}

type outputReader struct {
	*smithyhttp.EventStreamReader
	events    chan types.MedicalScribeOutputStream
	abandoned chan struct{} // closed when nobody wants what is still to come
	once      sync.Once
}

func (r *outputReader) Events() <-chan types.MedicalScribeOutputStream { return r.events }

func (r *outputReader) Close() error {
	r.once.Do(func() { close(r.abandoned) })
	return r.EventStreamReader.Close()
}

func (r *outputReader) forward() {
	defer close(r.events)
	for event := range r.EventStreamReader.Events() {
		var typed types.MedicalScribeOutputStream
		switch event := event.(type) {
		case *types.MedicalScribeTranscriptEvent:
			typed = &types.MedicalScribeOutputStreamMemberTranscriptEvent{Value: *event}
		case *eventstream.UnknownUnionMember:
			typed = &types.UnknownUnionMember{Tag: event.Tag}
		}
		select {
		case r.events <- typed:
		case <-r.abandoned:
			return
		}
	}
}

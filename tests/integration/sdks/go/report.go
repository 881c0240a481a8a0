package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/connecthealth"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// report is a line of output; several goroutines add to it.
type report struct {
	SDK       sdk               `json:"sdk"`
	Run       int               `json:"run"`
	Stream    int               `json:"stream"`
	SessionID string            `json:"session_id"`
	Status    *int              `json:"status"`
	Headers   map[string]string `json:"headers"`
	Output    *settings         `json:"output"`
	Events    []event           `json:"events"`
	Errors    []failure         `json:"errors"`
	TimedOut  bool              `json:"timed_out"`
	Sent      sent              `json:"sent"`

	mutex sync.Mutex
}

type sdk struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Generated bool   `json:"generated"`
}

type settings struct {
	SessionID            *string `json:"session_id"`
	DomainID             *string `json:"domain_id"`
	SubscriptionID       *string `json:"subscription_id"`
	RequestID            *string `json:"request_id"`
	LanguageCode         string  `json:"language_code"`
	MediaSampleRateHertz *int32  `json:"media_sample_rate_hertz"`
	MediaEncoding        string  `json:"media_encoding"`
}

type event struct {
	AudioSent   int    `json:"audio_sent"`
	InputClosed bool   `json:"input_closed"`
	Type        string `json:"type"`
	Value       any    `json:"value"`
}

type transcript struct {
	Segment *segment `json:"transcript_segment"`
}

type segment struct {
	SegmentID        *string  `json:"segment_id"`
	AudioBeginOffset *float64 `json:"audio_begin_offset"`
	AudioEndOffset   *float64 `json:"audio_end_offset"`
	IsPartial        *bool    `json:"is_partial"`
	ChannelID        *string  `json:"channel_id"`
	Content          *string  `json:"content"`
}

type failure struct {
	Where   string `json:"where"`
	Class   string `json:"class"`
	Module  string `json:"module"`
	Message string `json:"message"`
}

type sent struct {
	Configuration int    `json:"configuration"`
	Audio         int    `json:"audio"`
	AudioBytes    int    `json:"audio_bytes"`
	Control       int    `json:"control"`
	InputClosed   bool   `json:"input_closed"`
	SHA256        string `json:"sha256"`

	digest hash.Hash
}

func newReport(run, stream int, sessionID string) *report {
	return &report{
		SDK: builtWith(), Run: run, Stream: stream, SessionID: sessionID,
		Headers: map[string]string{}, Events: []event{}, Errors: []failure{}, Sent: sent{digest: sha256.New()},
	}
}

// builtWith tells the generated client, or, where go.mod replaces it by the layer, the SDK's runtime below that.
func builtWith() sdk {
	const runtime, client = "github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/connecthealth"
	found := sdk{Name: runtime}
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		switch {
		case module.Path == client && module.Replace == nil:
			return sdk{Name: client, Version: strings.TrimPrefix(module.Version, "v"), Generated: true}
		case module.Path == runtime:
			found.Version = strings.TrimPrefix(module.Version, "v")
		}
	}
	return found
}

func (r *report) sent(add func(*sent)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	add(&r.Sent)
}

func (r *report) responded(reply connecthealth.StartMedicalScribeListeningSessionInitialReply) {
	r.Output = &settings{
		reply.SessionId, reply.DomainId, reply.SubscriptionId, reply.RequestId,
		string(reply.LanguageCode), reply.MediaSampleRateHertz, string(reply.MediaEncoding),
	}
}

// received tells how many events there are now.
func (r *report) received(output types.MedicalScribeOutputStream) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	told := event{AudioSent: r.Sent.Audio, InputClosed: r.Sent.InputClosed, Type: "Unknown"}
	if output, ok := output.(*types.MedicalScribeOutputStreamMemberTranscriptEvent); ok {
		told.Type = "TranscriptEvent"
		value := transcript{}
		if s := output.Value.TranscriptSegment; s != nil {
			value.Segment = &segment{s.SegmentId, s.AudioBeginOffset, s.AudioEndOffset, s.IsPartial, s.ChannelId, s.Content}
		}
		told.Value = value
	}
	r.Events = append(r.Events, told)
	return len(r.Events)
}

func (r *report) failed(where string, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	cause, message := err, err.Error()
	var modeled smithy.APIError
	if errors.As(err, &modeled) {
		cause, message = modeled, modeled.ErrorMessage()
	}
	kind := reflect.Indirect(reflect.ValueOf(cause)).Type()
	r.Errors = append(r.Errors, failure{where, kind.Name(), kind.PkgPath(), message})
}

func (r *report) line(recorder *responseRecorder) (string, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Sent.SHA256 = hex.EncodeToString(r.Sent.digest.Sum(nil))
	r.Status, r.Headers = recorder.taken()
	line, err := json.Marshal(r)
	return string(line), err
}

// responseRecorder keeps the last response's status and headers; the SDK itself shows only the modeled ones.
type responseRecorder struct {
	mutex   sync.Mutex
	status  *int
	headers map[string]string
}

func (r *responseRecorder) attach(options *connecthealth.Options) {
	options.APIOptions = append(options.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ResponseRecorder", r.record), middleware.After)
	})
}

func (r *responseRecorder) record(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && response.StatusCode != 0 {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.status, r.headers = &response.StatusCode, map[string]string{}
		for name := range response.Header {
			r.headers[strings.ToLower(name)] = response.Header.Get(name)
		}
	}
	return out, metadata, err
}

func (r *responseRecorder) taken() (*int, map[string]string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	status, headers := r.status, r.headers
	r.status, r.headers = nil, map[string]string{}
	return status, headers
}

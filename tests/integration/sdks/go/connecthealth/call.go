package connecthealth

import (
	"context"
	"fmt"
	"io"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/schemas"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/eventstream"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// registry makes a value of each type that a response may name.
var registry = &smithy.TypeRegistry{Entries: map[string]*smithy.TypeRegistryEntry{
	schemas.TranscriptEvent.ID().String():               smithy.RegistryEntry[types.MedicalScribeTranscriptEvent](schemas.TranscriptEvent),
	schemas.AccessDeniedException.ID().String():         smithy.RegistryEntry[types.AccessDeniedException](schemas.AccessDeniedException),
	schemas.InternalServerException.ID().String():       smithy.RegistryEntry[types.InternalServerException](schemas.InternalServerException),
	schemas.ResourceNotFoundException.ID().String():     smithy.RegistryEntry[types.ResourceNotFoundException](schemas.ResourceNotFoundException),
	schemas.ServiceQuotaExceededException.ID().String(): smithy.RegistryEntry[types.ServiceQuotaExceededException](schemas.ServiceQuotaExceededException),
	schemas.ThrottlingException.ID().String():           smithy.RegistryEntry[types.ThrottlingException](schemas.ThrottlingException),
	schemas.ValidationException.ID().String():           smithy.RegistryEntry[types.ValidationException](schemas.ValidationException),
}}

// call is one call of the operation: the first and the last of its middleware.
type call struct {
	protocol *restjson1.Protocol
	endpoint *string
	writing  chan *StartMedicalScribeListeningSessionOutput // gets the output when events can be written

	output *StartMedicalScribeListeningSessionOutput
	reply  StartMedicalScribeListeningSessionInitialReply
	events *io.PipeWriter // what the output's reader reads from: the response's body, once there is one
}

// exchange sends the signed request, and reads the head of the response.
func (c *call) exchange(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	request := in.Request.(*smithyhttp.Request)
	seed, err := v4.GetSignedRequestSignature(request.Request)
	if err != nil {
		return out, metadata, fmt.Errorf("seed of the event signatures: %w", err)
	}
	signer := v4.NewStreamSigner(
		awsmiddleware.GetSigningCredentials(ctx), awsmiddleware.GetSigningName(ctx), awsmiddleware.GetSigningRegion(ctx), seed,
	)
	body := eventstream.NewSigningWriter(smithyhttp.GetInputStreamWriter(ctx), eventSigner{signer})
	var received *io.PipeReader
	received, c.events = io.Pipe()
	c.output = newOutput(
		smithyhttp.NewEventStreamWriter(c.protocol, schemas.InputStream, body),
		smithyhttp.NewEventStreamReader(c.protocol, schemas.OutputStream, registry, received),
	)
	c.writing <- c.output

	out, metadata, err = next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	response := out.RawResponse.(*smithyhttp.Response)
	if err := c.protocol.DeserializeResponse(ctx, schemas.Operation, registry, response, &c.reply); err != nil {
		_ = response.Body.Close()
		return out, metadata, err
	}
	go func() {
		_, err := io.Copy(c.events, response.Body)
		_ = c.events.CloseWithError(err)
		_ = response.Body.Close()
	}()
	return out, metadata, nil
}

// answered tells the output that the response's head is there, or that none came.
func (c *call) answered(metadata middleware.Metadata, err error) {
	if c.output == nil {
		return
	}
	if err != nil {
		_ = c.events.CloseWithError(err)
	}
	c.reply.ResultMetadata = metadata
	c.output.initialReply <- c.reply
}

type eventSigner struct{ signer *v4.StreamSigner }

func (s eventSigner) SignMessage(headers, payload []byte, at time.Time) ([]byte, error) {
	return s.signer.GetSignature(context.Background(), headers, payload, at)
}

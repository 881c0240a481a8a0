// Package connecthealth is a thin layer for one operation, StartMedicalScribeListeningSession, over the official AWS SDK
// runtime for Go. It is NOT the generated client github.com/aws/aws-sdk-go-v2/service/connecthealth: no module proxy had
// that when this was written. It has that client's path and names, so that a program written for it compiles with this.
//
// AWS's own (aws-sdk-go-v2, smithy-go): the HTTP client and HTTP/2, the middleware stack, the restJson1 protocol with its
// header bindings, JSON and errors, the event-stream codec, reader and writer, and the signatures of the request and of
// each event. Of this layer: the shapes (schemas, types), the list of middleware below, and the handling of a stream
// whose response has not come yet.
package connecthealth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

const (
	ServiceID     = "ConnectHealth"
	operationName = "StartMedicalScribeListeningSession"
	signingName   = "health-agent"
)

type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

type Options struct {
	APIOptions   []func(*middleware.Stack) error
	BaseEndpoint *string
	Credentials  aws.CredentialsProvider
	HTTPClient   HTTPClient
	Region       string
}

func (o Options) Copy() Options {
	o.APIOptions = append([]func(*middleware.Stack) error(nil), o.APIOptions...)
	return o
}

type Client struct{ options Options }

func New(options Options, optFns ...func(*Options)) *Client {
	options = options.Copy()
	if options.HTTPClient == nil {
		options.HTTPClient = awshttp.NewBuildableClient()
	}
	for _, fn := range optFns {
		fn(&options)
	}
	return &Client{options}
}

// StartMedicalScribeListeningSession returns as soon as events can be sent, which is before the response has come.
func (c *Client) StartMedicalScribeListeningSession(
	ctx context.Context, params *StartMedicalScribeListeningSessionInput, optFns ...func(*Options),
) (*StartMedicalScribeListeningSessionOutput, error) {
	options := c.options.Copy()
	for _, fn := range optFns {
		fn(&options)
	}
	ctx = middleware.ClearStackValues(ctx)
	ctx = awsmiddleware.SetServiceID(ctx, ServiceID)
	ctx = awsmiddleware.SetOperationName(ctx, operationName)
	ctx = awsmiddleware.SetRegion(ctx, options.Region)
	ctx = awsmiddleware.SetSigningName(ctx, signingName)
	ctx = awsmiddleware.SetSigningRegion(ctx, options.Region)

	call := &call{
		protocol: restjson1.New(schemas.Service),
		endpoint: options.BaseEndpoint,
		writing:  make(chan *StartMedicalScribeListeningSessionOutput, 1),
	}
	stack := middleware.NewStack(operationName, smithyhttp.NewStackRequest)
	if err := call.addMiddleware(stack, options); err != nil {
		return nil, err
	}
	handler := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(options.HTTPClient), stack)
	failed := make(chan error, 1)
	go func() {
		_, metadata, err := handler.Handle(ctx, params)
		if err != nil {
			err = &smithy.OperationError{ServiceID: ServiceID, OperationName: operationName, Err: err}
			failed <- err
		}
		call.answered(metadata, err)
	}()
	select {
	case output := <-call.writing:
		return output, nil
	case err := <-failed:
		return nil, err
	}
}

func (c *call) addMiddleware(stack *middleware.Stack, options Options) error {
	attempt := retry.NewAttemptMiddleware(aws.NopRetryer{}, smithyhttp.RequestCloner) // what was sent is gone
	signing := v4.NewSignHTTPRequestMiddleware(v4.SignHTTPRequestMiddlewareOptions{
		CredentialsProvider: options.Credentials, Signer: v4.NewSigner(),
	})
	err := errors.Join(
		awsmiddleware.AddSDKAgentKeyValue(awsmiddleware.APIMetadata, "connecthealth", "layer")(stack),
		stack.Serialize.Add(middleware.SerializeMiddlewareFunc("OperationSerializer", c.serialize), middleware.After),
		awsmiddleware.AddClientRequestIDMiddleware(stack),
		stack.Finalize.Add(attempt, middleware.After),
		stack.Finalize.Add(&retry.MetricsHeader{}, middleware.After),
		stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("EndpointHostPrefix", addHostPrefix), middleware.After),
		stack.Finalize.Add(&v4.StreamingEventsPayload{}, middleware.After),
		stack.Finalize.Add(&v4.ContentSHA256Header{}, middleware.After),
		smithyhttp.AddInitializeStreamWriter(stack),
		stack.Finalize.Add(signing, middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("OperationDeserializer", c.exchange), middleware.After),
		awsmiddleware.AddRawResponseToMetadata(stack),
		awsmiddleware.AddRequestIDRetrieverMiddleware(stack),
		awshttp.AddResponseErrorMiddleware(stack),
	)
	for _, fn := range options.APIOptions {
		err = errors.Join(err, fn(stack))
	}
	return err
}

func addHostPrefix(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	if !smithyhttp.GetHostnameImmutable(ctx) && !smithyhttp.IsEndpointHostPrefixDisabled(ctx) {
		request := in.Request.(*smithyhttp.Request)
		request.URL.Host = "streaming." + request.URL.Host
	}
	return next.HandleFinalize(ctx, in)
}

// serialize makes the request of the input.
func (c *call) serialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	out middleware.SerializeOutput, metadata middleware.Metadata, err error,
) {
	request := in.Request.(*smithyhttp.Request)
	endpoint := "https://health-agent." + awsmiddleware.GetRegion(ctx) + ".api.aws"
	if c.endpoint != nil {
		endpoint = *c.endpoint
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return out, metadata, &smithy.SerializationError{Err: fmt.Errorf("endpoint: %w", err)}
	}
	request.URL.Scheme, request.URL.Host = base.Scheme, base.Host
	input := in.Parameters.(*StartMedicalScribeListeningSessionInput)
	if err := c.protocol.SerializeRequest(ctx, schemas.Operation, input, request); err != nil {
		return out, metadata, &smithy.SerializationError{Err: err}
	}
	request.Header.Set("Content-Type", "application/vnd.amazon.eventstream")
	return next.HandleSerialize(ctx, in)
}

// Options is a copy of the client's.
func (c *Client) Options() Options { return c.options.Copy() }

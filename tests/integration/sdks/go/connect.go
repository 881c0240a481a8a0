package main

// mockscribe env: begin
// go get github.com/aws/aws-sdk-go-v2/service/connecthealth github.com/aws/aws-sdk-go-v2/credentials
import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/connecthealth"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// connect makes a client of the mock at endpoint: https:// or http://, both HTTP/2.
//
// caFile has its CA in PEM; without it the CA is looked for in the system's store, or (not on macOS and Windows) in
// SSL_CERT_FILE.
func connect(endpoint, caFile string) (*connecthealth.Client, error) {
	trusted, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		if !trusted.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", caFile)
		}
	}
	transport := func(t *http.Transport) {
		t.TLSClientConfig.RootCAs = trusted
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true) // the SDK refuses to stream over HTTP/1.1
	}
	return connecthealth.New(connecthealth.Options{
		APIOptions:   []func(*middleware.Stack) error{noHostPrefix},
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   awshttp.NewBuildableClient().WithTransportOptions(transport),
		Region:       "us-east-1",
	}), nil
}

// noHostPrefix keeps the SDK from calling streaming.localhost, which does not resolve.
func noHostPrefix(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("NoHostPrefix", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
	}), middleware.Before)
}

// mockscribe env: end

// The name is that of the generated client, which could not be had: see client.go.
module github.com/aws/aws-sdk-go-v2/service/connecthealth

go 1.24

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/aws/smithy-go v1.28.9
)

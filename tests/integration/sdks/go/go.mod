module client

go 1.24

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/aws/aws-sdk-go-v2/credentials v1.20.16
	github.com/aws/aws-sdk-go-v2/service/connecthealth v0.0.0
	github.com/aws/smithy-go v1.28.9
)

// Not the generated client, but a layer of the same names: connecthealth/client.go says why, and what is AWS's in it.
// Without this line, and with a version above, everything here builds with the generated client.
replace github.com/aws/aws-sdk-go-v2/service/connecthealth => ./connecthealth

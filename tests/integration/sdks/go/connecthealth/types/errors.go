package types

import (
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/schemas"
	"github.com/aws/smithy-go"
)

type AccessDeniedException struct{ Message *string }

type InternalServerException struct{ Message *string }

type ResourceNotFoundException struct{ Message *string }

type ServiceQuotaExceededException struct{ Message *string }

type ThrottlingException struct{ Message *string }

type ValidationException struct{ Message *string }

func (e *AccessDeniedException) Error() string                 { return text(e) }
func (e *AccessDeniedException) ErrorCode() string             { return "AccessDeniedException" }
func (e *AccessDeniedException) ErrorMessage() string          { return message(e.Message) }
func (e *AccessDeniedException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *InternalServerException) Error() string                 { return text(e) }
func (e *InternalServerException) ErrorCode() string             { return "InternalServerException" }
func (e *InternalServerException) ErrorMessage() string          { return message(e.Message) }
func (e *InternalServerException) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }

func (e *ResourceNotFoundException) Error() string                 { return text(e) }
func (e *ResourceNotFoundException) ErrorCode() string             { return "ResourceNotFoundException" }
func (e *ResourceNotFoundException) ErrorMessage() string          { return message(e.Message) }
func (e *ResourceNotFoundException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *ServiceQuotaExceededException) Error() string                 { return text(e) }
func (e *ServiceQuotaExceededException) ErrorCode() string             { return "ServiceQuotaExceededException" }
func (e *ServiceQuotaExceededException) ErrorMessage() string          { return message(e.Message) }
func (e *ServiceQuotaExceededException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *ThrottlingException) Error() string                 { return text(e) }
func (e *ThrottlingException) ErrorCode() string             { return "ThrottlingException" }
func (e *ThrottlingException) ErrorMessage() string          { return message(e.Message) }
func (e *ThrottlingException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *ValidationException) Error() string                 { return text(e) }
func (e *ValidationException) ErrorCode() string             { return "ValidationException" }
func (e *ValidationException) ErrorMessage() string          { return message(e.Message) }
func (e *ValidationException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *AccessDeniedException) Deserialize(d smithy.ShapeDeserializer) error {
	return readMessage(d, schemas.AccessDeniedException, &e.Message)
}

func (e *InternalServerException) Deserialize(d smithy.ShapeDeserializer) error {
	return readMessage(d, schemas.InternalServerException, &e.Message)
}

func (e *ResourceNotFoundException) Deserialize(d smithy.ShapeDeserializer) error {
	return readMessage(d, schemas.ResourceNotFoundException, &e.Message)
}

func (e *ServiceQuotaExceededException) Deserialize(d smithy.ShapeDeserializer) error {
	return readMessage(d, schemas.ServiceQuotaExceededException, &e.Message)
}

func (e *ThrottlingException) Deserialize(d smithy.ShapeDeserializer) error {
	return readMessage(d, schemas.ThrottlingException, &e.Message)
}

func (e *ValidationException) Deserialize(d smithy.ShapeDeserializer) error {
	return readMessage(d, schemas.ValidationException, &e.Message)
}

func readMessage(d smithy.ShapeDeserializer, schema *smithy.Schema, value **string) error {
	return smithy.ReadStruct(d, schema, func(at *smithy.Schema) error {
		if at.MemberName() == "message" {
			return read(value, at, d.ReadString)
		}
		return nil
	})
}

func text(e smithy.APIError) string { return e.ErrorCode() + ": " + e.ErrorMessage() }

func message(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

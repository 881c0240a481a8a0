package types

import (
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/schemas"
	"github.com/aws/smithy-go"
)

// MedicalScribeOutputStream is one of the members below.
type MedicalScribeOutputStream interface{ isMedicalScribeOutputStream() }

type MedicalScribeOutputStreamMemberTranscriptEvent struct{ Value MedicalScribeTranscriptEvent }

func (*MedicalScribeOutputStreamMemberTranscriptEvent) isMedicalScribeOutputStream() {}

// UnknownUnionMember is an event that the client does not know.
type UnknownUnionMember struct{ Tag string }

func (*UnknownUnionMember) isMedicalScribeOutputStream() {}

type MedicalScribeTranscriptEvent struct {
	TranscriptSegment *MedicalScribeTranscriptSegment
}

func (v *MedicalScribeTranscriptEvent) Deserialize(d smithy.ShapeDeserializer) error {
	return smithy.ReadStruct(d, schemas.TranscriptEvent, func(at *smithy.Schema) error {
		if at.MemberName() != "transcriptSegment" {
			return nil
		}
		v.TranscriptSegment = &MedicalScribeTranscriptSegment{}
		return v.TranscriptSegment.deserialize(d, at)
	})
}

type MedicalScribeTranscriptSegment struct {
	SegmentId        *string
	AudioBeginOffset *float64
	AudioEndOffset   *float64
	IsPartial        *bool
	ChannelId        *string
	Content          *string
}

func (v *MedicalScribeTranscriptSegment) deserialize(d smithy.ShapeDeserializer, at *smithy.Schema) error {
	return smithy.ReadStruct(d, at, func(at *smithy.Schema) error {
		switch at.MemberName() {
		case "segmentId":
			return read(&v.SegmentId, at, d.ReadString)
		case "audioBeginOffset":
			return read(&v.AudioBeginOffset, at, d.ReadFloat64)
		case "audioEndOffset":
			return read(&v.AudioEndOffset, at, d.ReadFloat64)
		case "isPartial":
			return read(&v.IsPartial, at, d.ReadBool)
		case "channelId":
			return read(&v.ChannelId, at, d.ReadString)
		case "content":
			return read(&v.Content, at, d.ReadString)
		}
		return nil
	})
}

func read[T any](value **T, at *smithy.Schema, method func(*smithy.Schema, *T) error) error {
	*value = new(T)
	return method(at, *value)
}

// Package types has the shapes of StartMedicalScribeListeningSession, with the names of the generated client.
package types

import (
	"github.com/aws/aws-sdk-go-v2/service/connecthealth/schemas"
	"github.com/aws/smithy-go"
)

type (
	ManagedNoteTemplate                  string
	MedicalScribeLanguageCode            string
	MedicalScribeMediaEncoding           string
	MedicalScribeParticipantRole         string
	MedicalScribeSessionControlEventType string
)

const (
	ManagedNoteTemplateHistoryAndPhysical            ManagedNoteTemplate                  = "HISTORY_AND_PHYSICAL"
	MedicalScribeLanguageCodeEnUs                    MedicalScribeLanguageCode            = "en-US"
	MedicalScribeMediaEncodingPcm                    MedicalScribeMediaEncoding           = "pcm"
	MedicalScribeParticipantRoleClinician            MedicalScribeParticipantRole         = "CLINICIAN"
	MedicalScribeParticipantRolePatient              MedicalScribeParticipantRole         = "PATIENT"
	MedicalScribeSessionControlEventTypeEndOfSession MedicalScribeSessionControlEventType = "END_OF_SESSION"
)

// MedicalScribeInputStream is one of the members below.
type MedicalScribeInputStream interface {
	// Event is the union's variant, and what it holds.
	Event() (*smithy.Schema, smithy.Serializable)
}

type MedicalScribeInputStreamMemberAudioEvent struct{ Value MedicalScribeAudioEvent }

type MedicalScribeInputStreamMemberBinaryAudioEvent struct{ Value MedicalScribeBinaryAudioEvent }

type MedicalScribeInputStreamMemberConfigurationEvent struct {
	Value MedicalScribeConfigurationEvent
}

type MedicalScribeInputStreamMemberSessionControlEvent struct {
	Value MedicalScribeSessionControlEvent
}

func (m *MedicalScribeInputStreamMemberAudioEvent) Event() (*smithy.Schema, smithy.Serializable) {
	return schemas.InputStream.Member("audioEvent"), &m.Value
}

func (m *MedicalScribeInputStreamMemberBinaryAudioEvent) Event() (*smithy.Schema, smithy.Serializable) {
	return schemas.InputStream.Member("binaryAudioEvent"), &m.Value
}

func (m *MedicalScribeInputStreamMemberConfigurationEvent) Event() (*smithy.Schema, smithy.Serializable) {
	return schemas.InputStream.Member("configurationEvent"), &m.Value
}

func (m *MedicalScribeInputStreamMemberSessionControlEvent) Event() (*smithy.Schema, smithy.Serializable) {
	return schemas.InputStream.Member("sessionControlEvent"), &m.Value
}

type MedicalScribeAudioEvent struct{ AudioChunk []byte }

func (v *MedicalScribeAudioEvent) Serialize(s smithy.ShapeSerializer) {
	s.WriteStruct(schemas.AudioEvent)
	s.WriteBlob(schemas.AudioEvent.Member("audioChunk"), v.AudioChunk)
	s.CloseStruct()
}

type MedicalScribeBinaryAudioEvent struct{ AudioChunk []byte }

func (v *MedicalScribeBinaryAudioEvent) Serialize(s smithy.ShapeSerializer) {
	s.WriteStruct(schemas.BinaryAudioEvent)
	s.WriteBlob(schemas.BinaryAudioEvent.Member("audioChunk"), v.AudioChunk)
	s.CloseStruct()
}

type MedicalScribeSessionControlEvent struct {
	Type MedicalScribeSessionControlEventType
}

func (v *MedicalScribeSessionControlEvent) Serialize(s smithy.ShapeSerializer) {
	s.WriteStruct(schemas.SessionControlEvent)
	s.WriteString(schemas.SessionControlEvent.Member("type"), string(v.Type))
	s.CloseStruct()
}

type MedicalScribeConfigurationEvent struct {
	PostStreamActionSettings *MedicalScribePostStreamActionSettings
	ChannelDefinitions       []MedicalScribeChannelDefinition
	EncounterContext         *EncounterContext
}

func (v *MedicalScribeConfigurationEvent) Serialize(s smithy.ShapeSerializer) {
	s.WriteStruct(schemas.ConfigurationEvent)
	if actions := v.PostStreamActionSettings; actions != nil {
		actions.serialize(s, schemas.ConfigurationEvent.Member("postStreamActionSettings"))
	}
	if v.ChannelDefinitions != nil {
		list := schemas.ConfigurationEvent.Member("channelDefinitions")
		s.WriteList(list)
		for _, channel := range v.ChannelDefinitions {
			channel.serialize(s, list.ListMember())
		}
		s.CloseList()
	}
	if context := v.EncounterContext; context != nil {
		s.WriteStruct(schemas.ConfigurationEvent.Member("encounterContext"))
		writeString(s, schemas.EncounterContext.Member("unstructuredContext"), context.UnstructuredContext)
		s.CloseStruct()
	}
	s.CloseStruct()
}

type MedicalScribePostStreamActionSettings struct {
	OutputS3Uri                    *string
	ClinicalNoteGenerationSettings *ClinicalNoteGenerationSettings
}

func (v *MedicalScribePostStreamActionSettings) serialize(s smithy.ShapeSerializer, at *smithy.Schema) {
	s.WriteStruct(at)
	writeString(s, schemas.PostStreamActions.Member("outputS3Uri"), v.OutputS3Uri)
	if note := v.ClinicalNoteGenerationSettings; note != nil {
		s.WriteStruct(schemas.PostStreamActions.Member("clinicalNoteGenerationSettings"))
		if managed, ok := note.NoteTemplateSettings.(*NoteTemplateSettingsMemberManagedTemplate); ok {
			variant := schemas.NoteTemplate.Member("managedTemplate")
			s.WriteUnion(schemas.ClinicalNote.Member("noteTemplateSettings"), variant)
			s.WriteStruct(variant)
			s.WriteString(schemas.ManagedTemplate.Member("templateType"), string(managed.Value.TemplateType))
			s.CloseStruct()
			s.CloseUnion()
		}
		s.CloseStruct()
	}
	s.CloseStruct()
}

type ClinicalNoteGenerationSettings struct {
	NoteTemplateSettings NoteTemplateSettings
}

// NoteTemplateSettings is the member below; custom templates are left out.
type NoteTemplateSettings interface{ isNoteTemplateSettings() }

type NoteTemplateSettingsMemberManagedTemplate struct{ Value ManagedTemplate }

func (*NoteTemplateSettingsMemberManagedTemplate) isNoteTemplateSettings() {}

type ManagedTemplate struct{ TemplateType ManagedNoteTemplate }

type MedicalScribeChannelDefinition struct {
	ChannelId       *int32
	ParticipantRole MedicalScribeParticipantRole
}

func (v *MedicalScribeChannelDefinition) serialize(s smithy.ShapeSerializer, at *smithy.Schema) {
	s.WriteStruct(at)
	if v.ChannelId != nil {
		s.WriteInt32(schemas.ChannelDefinition.Member("channelId"), *v.ChannelId)
	}
	s.WriteString(schemas.ChannelDefinition.Member("participantRole"), string(v.ParticipantRole))
	s.CloseStruct()
}

type EncounterContext struct{ UnstructuredContext *string }

func writeString(s smithy.ShapeSerializer, at *smithy.Schema, value *string) {
	if value != nil {
		s.WriteString(at, *value)
	}
}

// Package schemas describes the shapes of StartMedicalScribeListeningSession to the SDK's runtime, as the service model
// (2025-01-29) does. Left out: custom templates, medical coding, and the preview's output events.
package schemas

import (
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/prelude"
	"github.com/aws/smithy-go/traits"
)

type member struct {
	name   string
	target *smithy.Schema
	trait  smithy.Trait
}

// ID is the id of one of the service's shapes.
func ID(name string) smithy.ShapeID {
	return smithy.ShapeID{Namespace: "com.amazonaws.connecthealth", Name: name}
}

func shape(name string, kind smithy.ShapeType, members ...member) *smithy.Schema {
	schema := smithy.NewSchema(ID(name), kind, len(members))
	for _, m := range members {
		if m.trait == nil {
			schema.AddMember(m.name, m.target)
		} else {
			schema.AddMember(m.name, m.target, m.trait)
		}
	}
	return schema
}

func structure(name string, members ...member) *smithy.Schema {
	return shape(name, smithy.ShapeTypeStructure, members...)
}

func failure(name string) *smithy.Schema {
	return structure(name, member{name: "message", target: prelude.String})
}

func header(name string) smithy.Trait {
	return &traits.HTTPHeader{Name: name}
}

// settings are the members that input and output have in common.
var settings = []member{
	{"sessionId", prelude.String, header("x-amzn-medscribe-session-id")},
	{"domainId", prelude.String, header("x-amzn-medscribe-domain-id")},
	{"subscriptionId", prelude.String, header("x-amzn-medscribe-subscription-id")},
	{"languageCode", prelude.String, header("x-amzn-medscribe-language-code")},
	{"mediaSampleRateHertz", prelude.Integer, header("x-amzn-medscribe-sample-rate")},
	{"mediaEncoding", prelude.String, header("x-amzn-medscribe-media-encoding")},
}

func stream(name string, target *smithy.Schema) member {
	return member{name, target, &traits.HTTPPayload{}}
}

// The operation.
var (
	Input  = structure("StartMedicalScribeListeningSessionInput", append(settings, stream("inputStream", InputStream))...)
	Output = structure("StartMedicalScribeListeningSessionOutput", append(settings,
		member{"requestId", prelude.String, header("x-amzn-request-id")}, stream("responseStream", OutputStream))...)
	Operation = smithy.NewOperationSchema(
		smithy.NewSchema(ID("StartMedicalScribeListeningSession"), smithy.ShapeTypeOperation, 0,
			&traits.HTTP{Method: "POST", URI: "/medical-scribe-stream/", Code: 200}),
		Input, Output)
	Service = smithy.NewServiceSchema(smithy.NewSchema(ID("ConnectHealth"), smithy.ShapeTypeService, 0), "2025-01-29")
)

func union(name string, members ...member) *smithy.Schema {
	schema := smithy.NewSchema(ID(name), smithy.ShapeTypeUnion, len(members), &traits.Streaming{})
	for _, m := range members {
		schema.AddMember(m.name, m.target)
	}
	return schema
}

// What the client sends.
var (
	ManagedTemplate = structure("ManagedTemplate", member{name: "templateType", target: prelude.String})
	NoteTemplate    = shape("NoteTemplateSettings", smithy.ShapeTypeUnion,
		member{name: "managedTemplate", target: ManagedTemplate})
	ClinicalNote = structure("ClinicalNoteGenerationSettings",
		member{name: "noteTemplateSettings", target: NoteTemplate})
	PostStreamActions = structure("MedicalScribePostStreamActionSettings",
		member{name: "outputS3Uri", target: prelude.String},
		member{name: "clinicalNoteGenerationSettings", target: ClinicalNote})
	ChannelDefinition = structure("MedicalScribeChannelDefinition",
		member{name: "channelId", target: prelude.Integer},
		member{name: "participantRole", target: prelude.String})
	ChannelDefinitions = shape("MedicalScribeChannelDefinitions", smithy.ShapeTypeList,
		member{name: "member", target: ChannelDefinition})
	EncounterContext = structure("EncounterContext", member{name: "unstructuredContext", target: prelude.String})

	ConfigurationEvent = structure("MedicalScribeConfigurationEvent",
		member{name: "postStreamActionSettings", target: PostStreamActions},
		member{name: "channelDefinitions", target: ChannelDefinitions},
		member{name: "encounterContext", target: EncounterContext})
	AudioEvent       = structure("MedicalScribeAudioEvent", member{name: "audioChunk", target: prelude.Blob})
	BinaryAudioEvent = structure("MedicalScribeBinaryAudioEvent",
		member{"audioChunk", prelude.Blob, &traits.EventPayload{}})
	SessionControlEvent = structure("MedicalScribeSessionControlEvent", member{name: "type", target: prelude.String})

	InputStream = union("MedicalScribeInputStream",
		member{name: "audioEvent", target: AudioEvent},
		member{name: "binaryAudioEvent", target: BinaryAudioEvent},
		member{name: "sessionControlEvent", target: SessionControlEvent},
		member{name: "configurationEvent", target: ConfigurationEvent})
)

// What the service sends.
var (
	TranscriptSegment = structure("MedicalScribeTranscriptSegment",
		member{name: "segmentId", target: prelude.String},
		member{name: "audioBeginOffset", target: prelude.Double},
		member{name: "audioEndOffset", target: prelude.Double},
		member{name: "isPartial", target: prelude.Boolean},
		member{name: "channelId", target: prelude.String},
		member{name: "content", target: prelude.String})
	TranscriptEvent = structure("MedicalScribeTranscriptEvent",
		member{name: "transcriptSegment", target: TranscriptSegment})

	AccessDeniedException         = failure("AccessDeniedException")
	InternalServerException       = failure("InternalServerException")
	ResourceNotFoundException     = failure("ResourceNotFoundException")
	ServiceQuotaExceededException = failure("ServiceQuotaExceededException")
	ThrottlingException           = failure("ThrottlingException")
	ValidationException           = failure("ValidationException")

	OutputStream = union("MedicalScribeOutputStream",
		member{name: "transcriptEvent", target: TranscriptEvent},
		member{name: "internalFailureException", target: InternalServerException},
		member{name: "validationException", target: ValidationException})
)

// StartMedicalScribeListeningSession in the schema language of @smithy/core, by the public model of API 2025-01-29.
//
// A structure is [3, namespace, name, traits, member names, member schemas, number required]; a list has 1, a union 4,
// an error -3, an operation 9. Simple schemas are numbers: 0 string, 1 number, 2 boolean, 21 blob.

import { ServiceException } from "@smithy/core/client";
import { TypeRegistry } from "@smithy/core/schema";

export const NAMESPACE = "com.amazonaws.connecthealth";

const registry = new TypeRegistry(NAMESPACE);
const bases = new TypeRegistry(`smithy.ts.sdk.synthetic.${NAMESPACE}`); // where the protocol looks for the base class
export const errorTypeRegistries = [bases, registry];

export class ConnectHealthServiceException extends ServiceException {}
bases.registerError([-3, bases.namespace, "ConnectHealthServiceException", 0, [], []], ConnectHealthServiceException);

function modeled(type, fault, status) {
  const schema = [-3, NAMESPACE, type.name, { error: fault, httpError: status }, ["message"], [0]];
  registry.registerError(schema, type);
  return schema;
}

class ModeledException extends ConnectHealthServiceException {
  constructor(options) {
    super({ name: new.target.name, ...options });
    this.name = new.target.name;
  }
}

export class ValidationException extends ModeledException {}
export class AccessDeniedException extends ModeledException {}
export class ServiceQuotaExceededException extends ModeledException {}
export class ResourceNotFoundException extends ModeledException {}
export class ThrottlingException extends ModeledException {}
export class InternalServerException extends ModeledException {}

const Validation = modeled(ValidationException, "client", 400);
modeled(AccessDeniedException, "client", 401);
modeled(ServiceQuotaExceededException, "client", 402);
modeled(ResourceNotFoundException, "client", 404);
modeled(ThrottlingException, "client", 429);
const InternalServer = modeled(InternalServerException, "server", 500);

function structure(name, members, required = 0) {
  return [3, NAMESPACE, name, 0, Object.keys(members), Object.values(members), required];
}

function union(name, members, traits = 0) {
  return [4, NAMESPACE, name, traits, Object.keys(members), Object.values(members)];
}

// ---- what the client sends

const ManagedTemplate = structure("ManagedTemplate", { templateType: 0 }, 1);
const NoteTemplateSettings = union("NoteTemplateSettings", { managedTemplate: ManagedTemplate });
const ClinicalNoteGenerationSettings = structure(
  "ClinicalNoteGenerationSettings",
  { noteTemplateSettings: NoteTemplateSettings },
  1,
);
const PostStreamActionSettings = structure(
  "MedicalScribePostStreamActionSettings",
  { outputS3Uri: 0, clinicalNoteGenerationSettings: ClinicalNoteGenerationSettings },
  2,
);
const ChannelDefinition = structure("MedicalScribeChannelDefinition", { channelId: 1, participantRole: 0 }, 2);
const ChannelDefinitions = [1, NAMESPACE, "MedicalScribeChannelDefinitions", 0, ChannelDefinition];
const EncounterContext = structure("EncounterContext", { unstructuredContext: 0 });
const ConfigurationEvent = structure(
  "MedicalScribeConfigurationEvent",
  {
    postStreamActionSettings: PostStreamActionSettings,
    channelDefinitions: ChannelDefinitions,
    encounterContext: EncounterContext,
  },
  1,
);
const AudioEvent = structure("MedicalScribeAudioEvent", { audioChunk: 21 }, 1);
const BinaryAudioEvent = structure("MedicalScribeBinaryAudioEvent", { audioChunk: [21, { eventPayload: 1 }] }, 1);
const SessionControlEvent = structure("MedicalScribeSessionControlEvent", { type: 0 });
const InputStream = union(
  "MedicalScribeInputStream",
  {
    audioEvent: AudioEvent,
    binaryAudioEvent: BinaryAudioEvent,
    sessionControlEvent: SessionControlEvent,
    configurationEvent: ConfigurationEvent,
  },
  { streaming: 1 },
);

// ---- what the service sends

const TranscriptSegment = structure("MedicalScribeTranscriptSegment", {
  segmentId: 0,
  audioBeginOffset: 1,
  audioEndOffset: 1,
  isPartial: 2,
  channelId: 0,
  content: 0,
});
const TranscriptEvent = structure("MedicalScribeTranscriptEvent", { transcriptSegment: TranscriptSegment });
const OutputStream = union(
  "MedicalScribeOutputStream",
  { transcriptEvent: TranscriptEvent, internalFailureException: InternalServer, validationException: Validation },
  { streaming: 1 },
);

// ---- the operation

function header(name, type = 0) {
  return [type, { httpHeader: `x-amzn-medscribe-${name}` }];
}

const SETTINGS = {
  sessionId: header("session-id"),
  domainId: header("domain-id"),
  subscriptionId: header("subscription-id"),
  languageCode: header("language-code"),
  mediaSampleRateHertz: header("sample-rate", 1),
  mediaEncoding: header("media-encoding"),
};
const Input = structure(
  "StartMedicalScribeListeningSessionInput",
  { ...SETTINGS, inputStream: [InputStream, { httpPayload: 1 }] },
  6,
);
const Output = structure("StartMedicalScribeListeningSessionOutput", {
  ...SETTINGS,
  requestId: [0, { httpHeader: "x-amzn-request-id" }],
  responseStream: [OutputStream, { httpPayload: 1 }],
});
export const StartMedicalScribeListeningSession = [
  9,
  NAMESPACE,
  "StartMedicalScribeListeningSession",
  { endpoint: ["streaming."], http: ["POST", "/medical-scribe-stream/", 200] },
  Input,
  Output,
];

package connecthealth;

import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallLocation;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.LocationTrait;
import software.amazon.awssdk.core.traits.PayloadTrait;
import software.amazon.awssdk.core.traits.Trait;

/** StartMedicalScribeListeningSession by the public model of API 2025-01-29, as fields of the SDK. */
final class Shapes {
    private Shapes() {}

    // ---- what the client sends

    private static final List<SdkField<?>> MANAGED_TEMPLATE = List.of(member("templateType", MarshallingType.STRING));
    private static final List<SdkField<?>> NOTE_TEMPLATE_SETTINGS =
            List.of(structure("managedTemplate", MANAGED_TEMPLATE));
    private static final List<SdkField<?>> CLINICAL_NOTE_GENERATION_SETTINGS =
            List.of(structure("noteTemplateSettings", NOTE_TEMPLATE_SETTINGS));
    private static final List<SdkField<?>> POST_STREAM_ACTION_SETTINGS = List.of(
            member("outputS3Uri", MarshallingType.STRING),
            structure("clinicalNoteGenerationSettings", CLINICAL_NOTE_GENERATION_SETTINGS));
    private static final List<SdkField<?>> CHANNEL_DEFINITION = List.of(
            member("channelId", MarshallingType.INTEGER), member("participantRole", MarshallingType.STRING));
    private static final List<SdkField<?>> ENCOUNTER_CONTEXT =
            List.of(member("unstructuredContext", MarshallingType.STRING));
    private static final List<SdkField<?>> CONFIGURATION_EVENT = List.of(
            structure("postStreamActionSettings", POST_STREAM_ACTION_SETTINGS),
            list("channelDefinitions", CHANNEL_DEFINITION),
            structure("encounterContext", ENCOUNTER_CONTEXT));
    private static final List<SdkField<?>> AUDIO_EVENT = List.of(member("audioChunk", MarshallingType.SDK_BYTES));
    private static final List<SdkField<?>> BINARY_AUDIO_EVENT =
            List.of(field("audioChunk", MarshallingType.SDK_BYTES, payload("audioChunk"), PayloadTrait.create()));
    private static final List<SdkField<?>> SESSION_CONTROL_EVENT = List.of(member("type", MarshallingType.STRING));

    static Structure audioEvent(byte[] chunk) {
        return new Structure(AUDIO_EVENT).with("audioChunk", SdkBytes.fromByteArray(chunk));
    }

    static Structure binaryAudioEvent(byte[] chunk) {
        return new Structure(BINARY_AUDIO_EVENT).with("audioChunk", SdkBytes.fromByteArray(chunk));
    }

    static Structure sessionControlEvent(String type) {
        return new Structure(SESSION_CONTROL_EVENT).with("type", type);
    }

    static Structure configurationEvent(String outputS3Uri, String templateType, List<String> roles, String context) {
        Structure settings = new Structure(POST_STREAM_ACTION_SETTINGS)
                .with("outputS3Uri", outputS3Uri)
                .with("clinicalNoteGenerationSettings", new Structure(CLINICAL_NOTE_GENERATION_SETTINGS)
                        .with("noteTemplateSettings", new Structure(NOTE_TEMPLATE_SETTINGS)
                                .with("managedTemplate", new Structure(MANAGED_TEMPLATE)
                                        .with("templateType", templateType))));
        Structure event = new Structure(CONFIGURATION_EVENT).with("postStreamActionSettings", settings);
        if (!roles.isEmpty()) {
            event.with("channelDefinitions", roles.stream()
                    .map(role -> new Structure(CHANNEL_DEFINITION)
                            .with("channelId", roles.indexOf(role))
                            .with("participantRole", role))
                    .toList());
        }
        if (context != null) {
            event.with("encounterContext", new Structure(ENCOUNTER_CONTEXT).with("unstructuredContext", context));
        }
        return event;
    }

    // ---- what the service sends

    private static final List<SdkField<?>> TRANSCRIPT_SEGMENT = List.of(
            member("segmentId", MarshallingType.STRING),
            member("audioBeginOffset", MarshallingType.DOUBLE),
            member("audioEndOffset", MarshallingType.DOUBLE),
            member("isPartial", MarshallingType.BOOLEAN),
            member("channelId", MarshallingType.STRING),
            member("content", MarshallingType.STRING));
    private static final List<SdkField<?>> TRANSCRIPT_EVENT =
            List.of(structure("transcriptSegment", TRANSCRIPT_SEGMENT));

    static Structure transcriptEvent() {
        return new Structure(TRANSCRIPT_EVENT);
    }

    static Structure unknownEvent() {
        return new Structure(List.of());
    }

    // ---- the settings, which both sides send in headers

    static final List<SdkField<?>> SETTINGS = List.of(
            header("sessionId", MarshallingType.STRING, "x-amzn-medscribe-session-id"),
            header("domainId", MarshallingType.STRING, "x-amzn-medscribe-domain-id"),
            header("subscriptionId", MarshallingType.STRING, "x-amzn-medscribe-subscription-id"),
            header("languageCode", MarshallingType.STRING, "x-amzn-medscribe-language-code"),
            header("mediaSampleRateHertz", MarshallingType.INTEGER, "x-amzn-medscribe-sample-rate"),
            header("mediaEncoding", MarshallingType.STRING, "x-amzn-medscribe-media-encoding"));

    // ---- how a field is written down

    private static <T> SdkField<T> member(String name, MarshallingType<T> type) {
        return field(name, type, payload(name));
    }

    private static <T> SdkField<T> header(String name, MarshallingType<T> type, String header) {
        return field(name, type, location(MarshallLocation.HEADER, header));
    }

    private static SdkField<SdkPojo> structure(String name, List<SdkField<?>> fields) {
        return SdkField.builder(MarshallingType.SDK_POJO)
                .memberName(name)
                .getter(owner -> (SdkPojo) members(owner).get(name))
                .setter((owner, value) -> put(owner, name, value))
                .constructor(() -> new Structure(fields))
                .traits(payload(name))
                .build();
    }

    private static SdkField<List<Structure>> list(String name, List<SdkField<?>> fields) {
        SdkField<SdkPojo> element = SdkField.builder(MarshallingType.SDK_POJO)
                .constructor(() -> new Structure(fields))
                .traits(payload("member"))
                .build();
        return SdkField.<List<Structure>>builder(MarshallingType.LIST)
                .memberName(name)
                .getter(owner -> Shapes.<List<Structure>>typed(members(owner).get(name)))
                .setter((owner, value) -> put(owner, name, value))
                .traits(payload(name), ListTrait.builder().memberFieldInfo(element).build())
                .build();
    }

    private static <T> SdkField<T> field(String name, MarshallingType<T> type, Trait... traits) {
        return SdkField.<T>builder(type)
                .memberName(name)
                .getter(owner -> Shapes.<T>typed(members(owner).get(name)))
                .setter((owner, value) -> put(owner, name, value))
                .traits(traits)
                .build();
    }

    private static LocationTrait payload(String name) {
        return location(MarshallLocation.PAYLOAD, name);
    }

    private static LocationTrait location(MarshallLocation location, String name) {
        return LocationTrait.builder().location(location).locationName(name).build();
    }

    private static Map<String, Object> members(Object owner) {
        return ((Members) owner).members();
    }

    private static void put(Object owner, String name, Object value) {
        if (value != null) {
            members(owner).put(name, value);
        }
    }

    @SuppressWarnings("unchecked") // a member has the type of its field: see the setters
    private static <T> T typed(Object value) {
        return (T) value;
    }
}

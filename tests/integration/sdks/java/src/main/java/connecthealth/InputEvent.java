package connecthealth;

import java.util.List;

/** An event for the service: the name of a member of MedicalScribeInputStream, and its value. */
public record InputEvent(String member, Structure value) {
    public static InputEvent configuration(
            String outputS3Uri, String templateType, List<String> roles, String context) {
        return new InputEvent(
                "configurationEvent", Shapes.configurationEvent(outputS3Uri, templateType, roles, context));
    }

    /** Raw bytes. */
    public static InputEvent binaryAudio(byte[] chunk) {
        return new InputEvent("binaryAudioEvent", Shapes.binaryAudioEvent(chunk));
    }

    /** Base64 in JSON. */
    public static InputEvent audio(byte[] chunk) {
        return new InputEvent("audioEvent", Shapes.audioEvent(chunk));
    }

    public static InputEvent endOfSession() {
        return new InputEvent("sessionControlEvent", Shapes.sessionControlEvent("END_OF_SESSION"));
    }

    boolean isBinary() {
        return member.equals("binaryAudioEvent");
    }
}

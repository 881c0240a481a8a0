package connecthealth;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.awscore.AwsResponse;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.utils.builder.Buildable;

/** What the response says of the session, in its headers. */
public final class StartMedicalScribeListeningSessionResponse extends AwsResponse implements Members {
    private final Map<String, Object> members;

    private StartMedicalScribeListeningSessionResponse(Builder builder) {
        super(builder);
        members = builder.members;
    }

    static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return new Builder(this);
    }

    @Override
    public Map<String, Object> members() {
        return members;
    }

    @Override
    public List<SdkField<?>> sdkFields() {
        return Shapes.SETTINGS;
    }

    static final class Builder extends AwsResponse.BuilderImpl implements Members, SdkPojo, Buildable {
        private final Map<String, Object> members = new LinkedHashMap<>();

        private Builder() {}

        private Builder(StartMedicalScribeListeningSessionResponse response) {
            super(response);
            members.putAll(response.members);
        }

        @Override
        public Map<String, Object> members() {
            return members;
        }

        @Override
        public List<SdkField<?>> sdkFields() {
            return Shapes.SETTINGS;
        }

        @Override
        public Map<String, SdkField<?>> sdkFieldNameToField() {
            return Members.byName(Shapes.SETTINGS);
        }

        @Override
        public StartMedicalScribeListeningSessionResponse build() {
            return new StartMedicalScribeListeningSessionResponse(this);
        }
    }
}

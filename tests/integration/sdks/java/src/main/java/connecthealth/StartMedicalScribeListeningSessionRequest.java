package connecthealth;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.awscore.AwsRequest;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.SdkField;

/** What the request says of the session, in its headers. */
public final class StartMedicalScribeListeningSessionRequest extends AwsRequest implements Members {
    private final Map<String, Object> members;

    private StartMedicalScribeListeningSessionRequest(Builder builder) {
        super(builder);
        members = Map.copyOf(builder.members);
    }

    public static Builder builder() {
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

    public static final class Builder extends AwsRequest.BuilderImpl {
        private final Map<String, Object> members = new LinkedHashMap<>();

        private Builder() {}

        private Builder(StartMedicalScribeListeningSessionRequest request) {
            super(request);
            members.putAll(request.members);
        }

        public Builder sessionId(String value) {
            return with("sessionId", value);
        }

        public Builder domainId(String value) {
            return with("domainId", value);
        }

        public Builder subscriptionId(String value) {
            return with("subscriptionId", value);
        }

        public Builder languageCode(String value) {
            return with("languageCode", value);
        }

        public Builder mediaSampleRateHertz(int value) {
            return with("mediaSampleRateHertz", value);
        }

        public Builder mediaEncoding(String value) {
            return with("mediaEncoding", value);
        }

        private Builder with(String name, Object value) {
            members.put(name, value);
            return this;
        }

        @Override
        public Builder overrideConfiguration(AwsRequestOverrideConfiguration configuration) {
            super.overrideConfiguration(configuration);
            return this;
        }

        @Override
        public StartMedicalScribeListeningSessionRequest build() {
            return new StartMedicalScribeListeningSessionRequest(this);
        }
    }
}

package connecthealth;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.protocols.core.ExceptionMetadata;

/** The base of the modeled errors, and the class of those that are not modeled. */
public class ConnectHealthException extends AwsServiceException {
    private final Function<Builder, ConnectHealthException> type;

    ConnectHealthException(Builder builder) {
        super(builder);
        type = builder.type;
    }

    @Override
    public Builder toBuilder() {
        return new Builder(this);
    }

    public static Builder builder() {
        return new Builder(ConnectHealthException::new);
    }

    /** By its name at the HTTP level, where it is a shape's. */
    static Optional<ExceptionMetadata> ofResponse(String shape) {
        return Optional.ofNullable(switch (shape) {
            case "ValidationException" -> metadata(shape, 400, ValidationException::new);
            case "AccessDeniedException" -> metadata(shape, 401, AccessDeniedException::new);
            case "ServiceQuotaExceededException" -> metadata(shape, 402, ServiceQuotaExceededException::new);
            case "ResourceNotFoundException" -> metadata(shape, 404, ResourceNotFoundException::new);
            case "ThrottlingException" -> metadata(shape, 429, ThrottlingException::new);
            case "InternalServerException" -> metadata(shape, 500, InternalServerException::new);
            default -> null;
        });
    }

    /** By its name in a stream, where it is a member's of MedicalScribeOutputStream. */
    static Optional<ExceptionMetadata> ofEvent(String member) {
        return Optional.ofNullable(switch (member) {
            case "validationException" -> metadata(member, 400, ValidationException::new);
            case "internalFailureException" -> metadata(member, 500, InternalServerException::new);
            default -> null;
        });
    }

    private static ExceptionMetadata metadata(String code, int status, Function<Builder, ConnectHealthException> type) {
        return ExceptionMetadata.builder()
                .errorCode(code)
                .httpStatusCode(status)
                .exceptionBuilderSupplier(() -> new Builder(type))
                .build();
    }

    public static final class Builder extends AwsServiceException.BuilderImpl implements SdkPojo {
        private final Function<Builder, ConnectHealthException> type;

        private Builder(Function<Builder, ConnectHealthException> type) {
            this.type = type;
        }

        private Builder(ConnectHealthException exception) {
            super(exception);
            type = exception.type;
        }

        @Override
        public ConnectHealthException build() {
            return type.apply(this);
        }

        @Override
        public List<SdkField<?>> sdkFields() {
            return List.of(); // the message is the unmarshaller's own affair
        }

        @Override
        public Map<String, SdkField<?>> sdkFieldNameToField() {
            return Map.of();
        }
    }
}

final class ValidationException extends ConnectHealthException {
    ValidationException(Builder builder) {
        super(builder);
    }
}

final class AccessDeniedException extends ConnectHealthException {
    AccessDeniedException(Builder builder) {
        super(builder);
    }
}

final class ServiceQuotaExceededException extends ConnectHealthException {
    ServiceQuotaExceededException(Builder builder) {
        super(builder);
    }
}

final class ResourceNotFoundException extends ConnectHealthException {
    ResourceNotFoundException(Builder builder) {
        super(builder);
    }
}

final class ThrottlingException extends ConnectHealthException {
    ThrottlingException(Builder builder) {
        super(builder);
    }
}

final class InternalServerException extends ConnectHealthException {
    InternalServerException(Builder builder) {
        super(builder);
    }
}

package connecthealth;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.reactivestreams.Publisher;
import software.amazon.awssdk.awscore.AwsExecutionAttribute;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsDefaultClientBuilder;
import software.amazon.awssdk.awscore.client.config.AwsClientOption;
import software.amazon.awssdk.awscore.client.handler.AwsAsyncClientHandler;
import software.amazon.awssdk.awscore.client.handler.AwsClientHandlerUtils;
import software.amazon.awssdk.awscore.endpoints.AwsEndpointProviderUtils;
import software.amazon.awssdk.awscore.eventstream.EventStreamAsyncResponseTransformer;
import software.amazon.awssdk.awscore.eventstream.EventStreamResponseHandler;
import software.amazon.awssdk.awscore.eventstream.EventStreamTaggedUnionPojoSupplier;
import software.amazon.awssdk.awscore.eventstream.RestEventStreamAsyncResponseTransformer;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.internal.AwsProtocolMetadata;
import software.amazon.awssdk.awscore.internal.AwsServiceProtocol;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.core.client.config.SdkClientConfiguration;
import software.amazon.awssdk.core.client.config.SdkClientOption;
import software.amazon.awssdk.core.client.handler.AsyncClientHandler;
import software.amazon.awssdk.core.client.handler.AttachHttpMetadataResponseHandler;
import software.amazon.awssdk.core.client.handler.ClientExecutionParams;
import software.amazon.awssdk.core.http.HttpResponseHandler;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.SdkInternalExecutionAttribute;
import software.amazon.awssdk.endpoints.Endpoint;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.ProtocolNegotiation;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.auth.aws.scheme.AwsV4AuthScheme;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.scheme.AuthSchemeOption;
import software.amazon.awssdk.identity.spi.IdentityProviders;
import software.amazon.awssdk.protocols.core.OperationInfo;
import software.amazon.awssdk.protocols.json.AwsJsonProtocol;
import software.amazon.awssdk.protocols.json.AwsJsonProtocolFactory;
import software.amazon.awssdk.protocols.json.JsonOperationMetadata;
import software.amazon.awssdk.utils.AttributeMap;
import software.amazon.awssdk.utils.CompletableFutureUtils;

/**
 * A thin operation layer, written for these tests, in place of the generated client of the artifact `connecthealth`.
 *
 * <p>The shapes and the wiring are ours, in the order that generated clients have them; everything that touches a byte
 * is the SDK's own runtime: restJson1 (aws-json-protocol), the event-stream codec and its signatures
 * (http-auth-aws-eventstream), retries, endpoints and the response transformers (sdk-core, aws-core), HTTP/2
 * (netty-nio-client).
 */
public final class ConnectHealthAsyncClient implements SdkClient {
    private static final String SERVICE = "health-agent";
    private static final String OPERATION = "StartMedicalScribeListeningSession";
    private static final OperationInfo BINDING = OperationInfo.builder()
            .requestUri("/medical-scribe-stream/")
            .httpMethod(SdkHttpMethod.POST)
            .hasEventStreamingInput(true)
            .build();

    private final AsyncClientHandler handler;
    private final AwsJsonProtocolFactory protocol;
    private final SdkClientConfiguration configuration;
    private final Executor executor;

    private ConnectHealthAsyncClient(SdkClientConfiguration configuration) {
        this.configuration = configuration;
        handler = new AwsAsyncClientHandler(configuration);
        executor = configuration.option(SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR);
        protocol = AwsJsonProtocolFactory.builder()
                .clientConfiguration(configuration)
                .defaultServiceExceptionSupplier(ConnectHealthException::builder)
                .protocol(AwsJsonProtocol.REST_JSON)
                .protocolVersion("1.1")
                .build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Completes when the service has ended its side, or with what went wrong after all retries. */
    public CompletableFuture<Void> startMedicalScribeListeningSession(
            StartMedicalScribeListeningSessionRequest request,
            Publisher<InputEvent> input,
            EventStreamResponseHandler<StartMedicalScribeListeningSessionResponse, Structure> events) {
        JsonOperationMetadata streaming =
                JsonOperationMetadata.builder().hasStreamingSuccessResponse(true).isPayloadJson(false).build();
        JsonOperationMetadata json =
                JsonOperationMetadata.builder().hasStreamingSuccessResponse(false).isPayloadJson(true).build();
        HttpResponseHandler<StartMedicalScribeListeningSessionResponse> response =
                new AttachHttpMetadataResponseHandler<>(protocol.createResponseHandler(
                        streaming, StartMedicalScribeListeningSessionResponse::builder));
        HttpResponseHandler<Structure> event = protocol.createResponseHandler(
                json,
                EventStreamTaggedUnionPojoSupplier.builder()
                        .putSdkPojoSupplier("transcriptEvent", Shapes::transcriptEvent)
                        .defaultSdkPojoSupplier(Shapes::unknownEvent)
                        .build());
        HttpResponseHandler<AwsServiceException> exception =
                protocol.createErrorResponseHandler(streaming, ConnectHealthException::ofEvent);
        HttpResponseHandler<AwsServiceException> error =
                protocol.createErrorResponseHandler(streaming, ConnectHealthException::ofResponse);

        CompletableFuture<Void> ended = new CompletableFuture<>();
        var transformer = EventStreamAsyncResponseTransformer
                .<StartMedicalScribeListeningSessionResponse, Structure>builder()
                .eventStreamResponseHandler(events)
                .eventResponseHandler(event)
                .initialResponseHandler(response)
                .exceptionResponseHandler(exception)
                .future(ended)
                .executor(executor)
                .serviceName(SERVICE)
                .build();
        var rest = RestEventStreamAsyncResponseTransformer
                .<StartMedicalScribeListeningSessionResponse, Structure>builder()
                .eventStreamAsyncResponseTransformer(transformer)
                .eventStreamResponseHandler(events)
                .build();
        SdkPublisher<ByteBuffer> body = SdkPublisher.adapt(input)
                .map(this::marshall)
                .map(AwsClientHandlerUtils::encodeEventStreamRequestToByteBuffer);
        var call = new ClientExecutionParams<
                        StartMedicalScribeListeningSessionRequest, StartMedicalScribeListeningSessionResponse>()
                .withOperationName(OPERATION)
                .withProtocolMetadata(
                        AwsProtocolMetadata.builder().serviceProtocol(AwsServiceProtocol.REST_JSON).build())
                .withMarshaller(session -> protocol.createProtocolMarshaller(BINDING).marshall(session))
                .withAsyncRequestBody(AsyncRequestBody.fromPublisher(body))
                .withFullDuplex(true)
                .withInitialRequestEvent(false)
                .withResponseHandler(response)
                .withErrorResponseHandler(error)
                .withRequestConfiguration(configuration)
                .withAuthSchemeOptionsResolver(ConnectHealthAsyncClient::authentication)
                .withEndpointResolver(ConnectHealthAsyncClient::endpoint)
                .withInput(request);
        CompletableFuture<Void> executed = handler.execute(call, rest);
        executed.whenComplete((nothing, failure) -> {
            if (failure != null) {
                try {
                    events.exceptionOccurred(failure);
                } finally {
                    ended.completeExceptionally(failure);
                }
            }
        });
        return CompletableFutureUtils.forwardExceptionTo(ended, executed);
    }

    private SdkHttpFullRequest marshall(InputEvent event) {
        OperationInfo binding = OperationInfo.builder()
                .httpMethod(SdkHttpMethod.GET)
                .hasExplicitPayloadMember(event.isBinary())
                .hasPayloadMembers(true)
                .hasImplicitPayloadMembers(!event.isBinary())
                .hasEvent(true)
                .build();
        return protocol.createProtocolMarshaller(binding).marshall(event.value()).toBuilder()
                .putHeader(":message-type", "event")
                .putHeader(":event-type", event.member())
                .putHeader(":content-type", event.isBinary() ? "application/octet-stream" : "application/json")
                .build();
    }

    private static List<AuthSchemeOption> authentication(SdkRequest request, ExecutionAttributes attributes) {
        return List.of(AuthSchemeOption.builder()
                .schemeId(AwsV4AuthScheme.SCHEME_ID)
                .putSignerProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, SERVICE)
                .putSignerProperty(
                        AwsV4HttpSigner.REGION_NAME,
                        attributes.getAttribute(AwsExecutionAttribute.AWS_REGION).id())
                .build());
    }

    private static Endpoint endpoint(SdkRequest request, ExecutionAttributes attributes) {
        Endpoint endpoint = Endpoint.builder()
                .url(attributes.getAttribute(SdkInternalExecutionAttribute.CLIENT_ENDPOINT_PROVIDER).clientEndpoint())
                .build();
        return AwsEndpointProviderUtils.disableHostPrefixInjection(attributes)
                ? endpoint
                : AwsEndpointProviderUtils.addHostPrefix(endpoint, "streaming.");
    }

    @Override
    public String serviceName() {
        return SERVICE;
    }

    @Override
    public void close() {
        handler.close();
    }

    public static final class Builder extends AwsDefaultClientBuilder<Builder, ConnectHealthAsyncClient>
            implements AwsAsyncClientBuilder<Builder, ConnectHealthAsyncClient> {
        private Builder() {}

        @Override
        protected String serviceEndpointPrefix() {
            return SERVICE;
        }

        @Override
        protected String signingName() {
            return SERVICE;
        }

        @Override
        protected String serviceName() {
            return "ConnectHealth";
        }

        @Override
        protected AttributeMap serviceHttpConfig() {
            return AttributeMap.builder()
                    .put(SdkHttpConfigurationOption.PROTOCOL, Protocol.HTTP2)
                    .put(SdkHttpConfigurationOption.PROTOCOL_NEGOTIATION, ProtocolNegotiation.ALPN)
                    .build();
        }

        @Override
        protected SdkClientConfiguration mergeServiceDefaults(SdkClientConfiguration configuration) {
            AwsV4AuthScheme scheme = AwsV4AuthScheme.create();
            return configuration.merge(c -> c.option(SdkClientOption.AUTH_SCHEMES, Map.of(scheme.schemeId(), scheme)));
        }

        @Override
        protected SdkClientConfiguration finalizeServiceConfiguration(SdkClientConfiguration configuration) {
            return configuration.toBuilder()
                    .lazyOption(SdkClientOption.IDENTITY_PROVIDERS, options -> IdentityProviders.builder()
                            .putIdentityProvider(options.get(AwsClientOption.CREDENTIALS_IDENTITY_PROVIDER))
                            .build())
                    .build();
        }

        @Override
        protected ConnectHealthAsyncClient buildClient() {
            return new ConnectHealthAsyncClient(asyncClientConfiguration());
        }
    }
}

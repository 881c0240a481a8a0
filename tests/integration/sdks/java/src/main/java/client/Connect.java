package client;

import connecthealth.ConnectHealthAsyncClient; // stands in for the generated one
// mockscribe env: begin
// Artifacts of software.amazon.awssdk: connecthealth, netty-nio-client
// import software.amazon.awssdk.services.connecthealth.ConnectHealthAsyncClient;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.client.config.SdkAdvancedClientOption;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;

/** Points the AWS SDK for Java at mockscribe. */
final class Connect {
    private Connect() {}

    /** {@code caFile}: the path that `mockscribe ca` prints. An http:// endpoint is HTTP/2 too: by prior knowledge. */
    static ConnectHealthAsyncClient connect(URI endpoint, Path caFile, String accessKeyId) {
        return ConnectHealthAsyncClient.builder()
                .endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKeyId, "test")))
                .overrideConfiguration(c -> c.putAdvancedOption(
                        SdkAdvancedClientOption.DISABLE_HOST_PREFIX_INJECTION, true)) // no streaming.localhost
                .httpClientBuilder(NettyNioAsyncHttpClient.builder() // a finished client would speak HTTP/1.1
                        .protocol(Protocol.HTTP2)
                        .tlsTrustManagersProvider(() -> trusting(caFile)))
                .build();
    }

    private static TrustManager[] trusting(Path caFile) {
        try (InputStream pem = Files.newInputStream(caFile)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry("mockscribe", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (Exception e) {
            throw new IllegalArgumentException("cannot trust " + caFile, e);
        }
    }
}
// mockscribe env: end

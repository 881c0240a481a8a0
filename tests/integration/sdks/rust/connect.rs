// mockscribe env: begin
// cargo add aws-sdk-connecthealth aws-smithy-http-client --features aws-smithy-http-client/rustls-aws-lc
// cargo add aws-smithy-runtime-api
use aws_sdk_connecthealth::Client;
use aws_sdk_connecthealth::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_connecthealth::config::{
    BehaviorVersion, Config, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_connecthealth::error::BoxError;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;

/// Keeps the SDK from calling `streaming.localhost`, which does not resolve; it has no setting for that.
#[derive(Debug)]
struct NoHostPrefix;

impl Intercept for NoHostPrefix {
    fn name(&self) -> &'static str {
        "NoHostPrefix"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}

/// A client of the mock at `endpoint`: `https://…` is HTTP/2, `http://…` is HTTP/1.1, and both stream both ways.
///
/// `ca` is the PEM text of its CA; without it the CA is looked for in the system's store, or in `SSL_CERT_FILE`.
pub fn connect(endpoint: &str, ca: Option<Vec<u8>>) -> Result<Client, BoxError> {
    let mut trust = TrustStore::default();
    if let Some(pem) = ca {
        trust = trust.with_pem_certificate(pem);
    }
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::builder().with_trust_store(trust).build()?)
        .build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "mockscribe"))
        .endpoint_url(endpoint)
        .http_client(http)
        .interceptor(NoHostPrefix)
        .build();
    Ok(Client::from_conf(config))
}
// mockscribe env: end

"""What points the official Python SDK at mockscribe: `client.py` uses it, and `mockscribe env python` shows it."""

# mockscribe env: begin
# Python 3.12 or newer: pip install "aws-sdk-connecthealth[awscrt]"
from aws_sdk_connecthealth.client import AsyncConnectHealthClient
from aws_sdk_connecthealth.config import AsyncConnectHealthConfig
from awscrt.io import ClientTlsContext, TlsContextOptions
from smithy_http.aio.crt import AWSCRTHTTPClient  # the SDK's default transport cannot stream both ways


async def connect(endpoint, ca_file=None, access_key_id="test", secret_access_key="test", plugins=()):
    """A client of the mock at an https:// endpoint: over http:// this SDK sends nothing, and reports success."""

    def trust(config):  # a plugin, because the client copies its configuration, and the copy forgets the CA
        if ca_file is not None:
            options = TlsContextOptions()
            options.override_default_trust_store_from_path(None, str(ca_file))
            config.transport._tls_ctx = ClientTlsContext(options)  # there is no public setting for it

    config = await AsyncConnectHealthConfig.resolve(
        endpoint_uri=endpoint,
        region="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        transport=AWSCRTHTTPClient(),
    )
    return AsyncConnectHealthClient(config, plugins=[trust, *plugins])


# mockscribe env: end

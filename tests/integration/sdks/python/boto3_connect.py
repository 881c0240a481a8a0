"""What points boto3 at mockscribe; `mockscribe env boto3` shows it, and tests/integration/test_env.py uses it."""

# mockscribe env: begin
# pip install boto3; with mockscribe installed too, mockscribe.boto3.enable(client) adds the streaming call
import boto3
from botocore.config import Config


def connect(endpoint="https://localhost:8080", ca_file=None, access_key_id="test"):
    """A client of the mock; an http:// endpoint needs no CA."""
    return boto3.client(
        "connecthealth",
        endpoint_url=endpoint,
        verify=ca_file,  # None: AWS_CA_BUNDLE, or the usual authorities
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False),  # no streaming.localhost, no runtime.localhost
    )


# mockscribe env: end

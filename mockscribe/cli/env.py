"""`mockscribe env SDK`: the lines that point an SDK here, for the shell and for the program."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import click

from mockscribe.config import variable
from mockscribe.endpoints import endpoints_file, read_endpoints
from mockscribe.errors import ConfigError
from mockscribe.truststores import PASSWORD

DEFAULT_ENDPOINT = "https://localhost:8080"


class Sdk(NamedTuple):
    """How one SDK is pointed here; in the texts `{endpoint}` and `{ca}` are quoted for its language."""

    title: str
    tested: str
    host_prefix: str
    variables: Mapping[str, str]
    """What it reads on top of the credentials and the Region; `{endpoint}`, `{ca}` and `{p12}` stand for the values."""
    call: str
    comment: str = "//"


_RUNTIME = "with the SDK's own runtime; in mockscribe's tests a thin layer stands in for the generated client"
_GENERATED = "with the official generated client"

SDKS: Mapping[str, Sdk] = {
    "python": Sdk(
        "the official Python SDK, aws-sdk-connecthealth",
        _GENERATED,
        "this SDK puts none before the host",
        {},
        "client = await connect({endpoint}, {ca})",
        "#",
    ),
    "boto3": Sdk(
        "boto3",
        "with boto3 itself",
        "off by Config(inject_host_prefix=False), or by AWS_DISABLE_HOST_PREFIX_INJECTION",
        {
            "AWS_ENDPOINT_URL_CONNECTHEALTH": "{endpoint}",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_CA_BUNDLE": "{ca}",
        },
        "client = connect({endpoint}, {ca})",
        "#",
    ),
    "java": Sdk(
        "the AWS SDK for Java 2.x",
        _RUNTIME,
        "off by SdkAdvancedClientOption.DISABLE_HOST_PREFIX_INJECTION",
        {},
        'Connect.connect(URI.create({endpoint}), Path.of({ca}), "test")',
    ),
    "go": Sdk(
        "the AWS SDK for Go v2",
        _RUNTIME,
        "off by smithyhttp.DisableEndpointHostPrefix, in a middleware",
        {"SSL_CERT_FILE": "{ca}"},
        "client, err := connect({endpoint}, {ca})",
    ),
    "rust": Sdk(
        "the AWS SDK for Rust, aws-sdk-connecthealth",
        _GENERATED,
        "there is no setting for it: an interceptor takes the prefix away",
        {"SSL_CERT_FILE": "{ca}"},
        "let client = connect({endpoint}, Some(std::fs::read({ca})?))?;",
    ),
    "javascript": Sdk(
        "the AWS SDK for JavaScript v3",
        _RUNTIME,
        "off by disableHostPrefix: true",
        {"NODE_EXTRA_CA_CERTS": "{ca}"},
        "const client = connect({endpoint});",
    ),
    "kotlin": Sdk(
        "the AWS SDK for Kotlin",
        "",
        "there is no setting for it: an interceptor takes the prefix away",
        {
            "JAVA_TOOL_OPTIONS": "-Djavax.net.ssl.trustStore={p12} -Djavax.net.ssl.trustStoreType=PKCS12 "
            f"-Djavax.net.ssl.trustStorePassword={PASSWORD}"
        },
        "val client = connect({endpoint})",
    ),
    "cli": Sdk(
        "the AWS CLI",
        "",
        "off by AWS_DISABLE_HOST_PREFIX_INJECTION",
        {
            "AWS_ENDPOINT_URL_CONNECTHEALTH": "{endpoint}",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_CA_BUNDLE": "{ca}",
        },
        "",
        "#",
    ),
}

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""Any will do; a 12-digit access key id is an account of its own."""

EPILOG = """
\b
Examples:
  mockscribe env java
  mockscribe env go --part code > connect.go
  eval "$(mockscribe env cli)" && aws connecthealth list-domains
  mockscribe env rust --endpoint-url https://mock:8080 --ca-file ./mockscribe-ca.pem
"""


@click.command(epilog=EPILOG)
@click.argument("sdk", type=click.Choice(tuple(SDKS)))
@click.option("--endpoint-url", metavar="URL", help="The server; by default the one that the endpoints file names.")
@click.option("--ca-file", metavar="PATH", help="Its CA; by default the one that the endpoints file names.")
@click.option(
    "--endpoints-file", "path", metavar="PATH", envvar=variable("endpoints_file"),
    help="Where that file is, if `serve` was told.",
)  # fmt: skip
@click.option(
    "--part", type=click.Choice(("all", "shell", "code")), default="all", show_default=True,
    help="The lines for the shell, the code, or both.",
)  # fmt: skip
def env(sdk: str, endpoint_url: str | None, ca_file: str | None, path: str | None, part: str) -> int:
    """Print the lines that point an SDK here: endpoint, CA, credentials, and how it leaves the host's prefix out.

    The lines for the shell come first, then code for the program. For cli it is lines for the shell only.
    """
    endpoint_url, ca_file = _server(endpoint_url, ca_file, path)
    told = SDKS[sdk]
    if part != "code":
        click.echo(shell(sdk, endpoint_url, ca_file))
    if part == "all" and told.call:
        click.echo()
    if part != "shell":
        click.echo(code(sdk, endpoint_url, ca_file), nl=False)
    return 0


def shell(sdk: str, endpoint_url: str, ca_file: str) -> str:
    """Lines that a shell can evaluate: comments and exports."""
    told = SDKS[sdk]
    p12 = str(Path(ca_file).with_suffix(".p12"))
    variables = CREDENTIALS | {
        name: text.format(endpoint=endpoint_url, ca=ca_file, p12=p12) for name, text in told.variables.items()
    }
    lines = [
        f"# {told.title[0].upper()}{told.title[1:]}, pointed at {endpoint_url}.",
        f"# {f'Tested {told.tested}' if told.tested else 'Not tested: written after the documentation'}.",
        f"# Prefix of the host (streaming., runtime.): {told.host_prefix}.",
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
    if any("{p12}" in text for text in told.variables.values()):
        lines.append(f"mockscribe ca --from {shlex.quote(ca_file)} --export p12 {shlex.quote(p12)} >/dev/null")
    return "\n".join(lines)


def code(sdk: str, endpoint_url: str, ca_file: str) -> str:
    """The code for the program, with the call that uses it."""
    told = SDKS[sdk]
    text = resources.files("mockscribe").joinpath("snippets", f"{sdk}.txt").read_text(encoding="utf-8")
    if not told.call:
        return text
    call = told.call.format(endpoint=json.dumps(endpoint_url), ca=json.dumps(ca_file))
    return f"{text}\n{told.comment} {call}\n"


def _server(endpoint_url: str | None, ca_file: str | None, path: str | None) -> tuple[str, str]:
    """Where the server is and what it is trusted by: as told, else that which runs, else what `serve` would be."""
    from mockscribe.ca_files import ca_file as own_ca

    running = {}
    file = endpoints_file(path)
    if endpoint_url is None and (path is not None or file.exists()):
        running = read_endpoints(file)
    try:
        ca = ca_file or running.get("ca") or str(own_ca())
    except FileNotFoundError as error:
        raise ConfigError("--ca-file", f"must be told: {error}") from None
    return endpoint_url or str(running.get("https") or DEFAULT_ENDPOINT), str(ca)

"""`mockscribe healthcheck`: whether a server answers, for HEALTHCHECK and for scripts."""

from __future__ import annotations

import http.client
import os
from urllib.parse import urlsplit

import click

from mockscribe.config import Config, variable
from mockscribe.endpoints import endpoints_file, read_endpoints
from mockscribe.errors import ConfigError

EPILOG = """
\b
Examples:
  mockscribe healthcheck
  until mockscribe healthcheck --url http://localhost:8080; do sleep 0.1; done
"""


@click.command(epilog=EPILOG)
@click.option("--url", help="The server; by default the one that the endpoints file names.")
@click.option(
    "--endpoints-file", "path", metavar="PATH", envvar=variable("endpoints_file"),
    help="Where that file is, if `serve` was told.",
)  # fmt: skip
@click.option("--timeout", default=2.0, show_default=True, help="Seconds to wait for the answer.")
def healthcheck(url: str | None, path: str | None, timeout: float) -> int:
    """Exit 0 when the server is ready, 1 when it is not.

    Without the endpoints file in its usual place (a read-only file system has none) it asks at MOCKSCRIBE_PORT or 8080.
    """
    if url is None:
        file = endpoints_file(path)
        if path is not None or file.exists():
            url = str(read_endpoints(file)["http"])
        else:
            url = f"http://127.0.0.1:{os.environ.get(variable('port')) or Config.port}"
    address = urlsplit(url).netloc
    try:
        connection = http.client.HTTPConnection(address, timeout=timeout)
    except http.client.InvalidURL:
        address = ""
    if not address:
        raise ConfigError("--url", f"{url!r} is no http://HOST:PORT")
    try:
        connection.request("GET", "/_mockscribe/health")
        answer = connection.getresponse()
        healthy = answer.status == 200
        click.echo(answer.read().decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        click.echo(f"mockscribe: {url} does not answer: {error}", err=True)
        return 1
    finally:
        connection.close()
    return 0 if healthy else 1

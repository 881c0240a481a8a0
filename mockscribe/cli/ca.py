"""`mockscribe ca`: the certificate that clients have to trust."""

from __future__ import annotations

from pathlib import Path

import click

from mockscribe.errors import ConfigError

EPILOG = """
\b
Examples:
  export SSL_CERT_FILE="$(mockscribe ca)"          # Go, Rust, Python's ssl
  export NODE_EXTRA_CA_CERTS="$(mockscribe ca)"    # JavaScript
  mockscribe ca --export pem ./mockscribe-ca.pem
"""


@click.command(epilog=EPILOG)
@click.option(
    "--export", nargs=2, type=(click.Choice(["pem"]), click.Path(dir_okay=False)), metavar="pem PATH",
    help="Write the certificate there instead.",
)  # fmt: skip
def ca(export: tuple[str, str] | None) -> int:
    """Print the path of the local CA's certificate, or export it. The CA is made on first use, without network."""
    from mockscribe.authority import Authority

    authority = Authority()
    if authority.unsaved_because is not None:
        raise ConfigError("the CA's folder", f"cannot be used, so each start makes a CA: {authority.unsaved_because}")
    if export is None:
        click.echo(authority.ca_file)
        return 0
    path = Path(export[1])
    try:
        path.write_bytes(authority.ca_pem)
    except OSError as error:
        raise ConfigError("--export", f"{path} cannot be written: {error.strerror}") from None
    click.echo(path)
    return 0

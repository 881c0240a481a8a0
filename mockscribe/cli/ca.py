"""`mockscribe ca`: the certificate that clients have to trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockscribe.errors import ConfigError
from mockscribe.truststores import PASSWORD

if TYPE_CHECKING:
    from cryptography import x509

EPILOG = f"""
\b
Examples:
  export SSL_CERT_FILE="$(mockscribe ca)"          # Go, Rust, Python's ssl
  export NODE_EXTRA_CA_CERTS="$(mockscribe ca)"    # JavaScript
  mockscribe ca --export pem ./mockscribe-ca.pem
  mockscribe ca --export p12 ./mockscribe.p12      # Java: -Djavax.net.ssl.trustStore=mockscribe.p12
  curl -s http://mock:8080/_mockscribe/ca.pem > ca.pem && mockscribe ca --from ca.pem --export jks mockscribe.jks

The password of p12 and jks is {PASSWORD}, as that of the JDK's own trust store.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--export", nargs=2, type=(click.Choice(["pem", "p12", "jks"]), click.Path(dir_okay=False)),
    metavar="pem|p12|jks PATH", help="Write the certificate there instead: as PEM, PKCS #12 or JKS.",
)  # fmt: skip
@click.option(
    "--from", "source", metavar="PEM", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Export this certificate, of a mock that runs elsewhere.",
)  # fmt: skip
def ca(export: tuple[str, str] | None, source: Path | None) -> int:
    """Print the path of the local CA's certificate, or export it. The CA is made on first use, without network."""
    path, pem = _local() if source is None else (source, source.read_bytes())
    if export is None:
        click.echo(path)
        return 0
    target = Path(export[1])
    content = _exported(export[0], pem, path)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise ConfigError("--export", f"{target} cannot be written: {error.strerror}") from None
    click.echo(target)
    return 0


def _local() -> tuple[Path, bytes]:
    from mockscribe.authority import Authority

    authority = Authority()
    if authority.unsaved_because is not None:
        raise ConfigError("the CA's folder", f"cannot be used, so each start makes a CA: {authority.unsaved_because}")
    return authority.ca_file, authority.ca_pem


def _exported(form: str, pem: bytes, source: Path) -> bytes:
    from mockscribe.truststores import jks, pkcs12

    certificate = _certificate(pem, source)
    match form:
        case "p12":
            return pkcs12(certificate)
        case "jks":
            return jks(certificate)
        case _:
            return pem


def _certificate(pem: bytes, source: Path) -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ConfigError(str(source), "is no certificate in PEM") from None

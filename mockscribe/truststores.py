"""A certificate as the stores that Java's world trusts by: PKCS #12 (RFC 7292) and JKS. Pure; needs no keytool."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

PASSWORD = "changeit"
"""What the JDK's own trust store has; there is nothing secret in a store of certificates."""

ALIAS = "mockscribe"

_JKS_MAGIC, _JKS_VERSION, _TRUSTED_CERTIFICATE = 0xFEEDFEED, 2, 2
_JKS_WHITENER = b"Mighty Aphrodite"


def pkcs12(certificate: x509.Certificate) -> bytes:
    """A PKCS #12 store in which Java finds a certificate to trust: the entry carries Oracle's attribute for that."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

    entry = PKCS12Certificate(certificate, ALIAS.encode())
    return serialize_java_truststore([entry], BestAvailableEncryption(PASSWORD.encode()))


def jks(certificate: x509.Certificate) -> bytes:
    """A JKS store with one trusted certificate.

    The format is documented by the JDK's `sun.security.provider.JavaKeyStore` alone: big-endian, strings with a length
    of 16 bits, and in the end SHA-1 over the password in UTF-16, a constant and all before. The entry's date is the
    certificate's, so the same certificate gives the same bytes.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    der = certificate.public_bytes(Encoding.DER)
    created = int(certificate.not_valid_before_utc.timestamp() * 1000)
    body = b"".join(
        (
            struct.pack(">III", _JKS_MAGIC, _JKS_VERSION, 1),
            struct.pack(">I", _TRUSTED_CERTIFICATE),
            _text(ALIAS),
            struct.pack(">Q", created),
            _text("X.509"),
            struct.pack(">I", len(der)),
            der,
        )
    )
    digest = hashlib.sha1(PASSWORD.encode("utf-16-be") + _JKS_WHITENER + body, usedforsecurity=False).digest()
    return body + digest


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")

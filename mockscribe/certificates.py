"""What the local CA signs with and what it signs: keys and X.509 certificates (RFC 5280), as values and as PEM.

Knows no files, no clock and no connections: the moment is an argument. `cryptography` is slow to import, hence imported
on first use only.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

CA_LIFETIME = datetime.timedelta(days=3650)
"""Own choice: longer than a development machine lives."""

CA_RESERVE = datetime.timedelta(days=30)
"""A CA with less time left is made anew, so that none expires under a test run; own choice."""

LEAF_LIFETIME = datetime.timedelta(days=397)
"""What browsers and Apple's platforms accept at most (CA/Browser Forum Baseline Requirements 6.3.2: 398 days)."""

CLOCK_SKEW = datetime.timedelta(days=1)
"""How far a client's clock may be behind ours; own choice: virtual machines wake up late."""


class Signer(NamedTuple):
    """A key and the certificate for it; the CA is one."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def make_ca(now: datetime.datetime) -> Signer:
    """A new CA, named after the machine."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"mockscribe local CA ({socket.gethostname()[:32]})")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate)


def make_leaf(
    ca: Signer, names: Sequence[str], now: datetime.datetime, *, until: datetime.datetime | None = None
) -> Signer:
    """A server's certificate for host names and IP addresses, with a key of its own; `until` when (default: a year)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name) for name in names
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("mockscribe"))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - CLOCK_SKEW, ca.certificate.not_valid_before_utc))
        .not_valid_after(min(until or now + LEAF_LIFETIME, ca.certificate.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return Signer(key, certificate)


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def signer_pem(signer: Signer) -> bytes:
    """Certificate and key as one PEM file, so that they always belong together."""
    from cryptography.hazmat.primitives import serialization

    private = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate_pem(signer.certificate) + private


def read_ca(pem: bytes, now: datetime.datetime) -> Signer | None:
    """The CA in a PEM file, if it can be used for a while longer."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key, certificate = load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
        usable = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - CA_RESERVE
        matches = certificate.public_key() == key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not usable or not matches or not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return Signer(key, certificate)


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

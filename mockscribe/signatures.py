"""Signatures as the mock asks for them: the policy that the settings make, and how the service refuses."""

from __future__ import annotations

from mockscribe.config import Config
from mockscribe.errors import ServiceError, SignatureError, SignatureErrorKind
from mockscribe.service.messages import message
from mockscribe.service.model import service_model
from mockscribe.wire.sigv4_verification import Policy

DEFAULT_SECRET = "test"
"""Own choice, as that of other emulators: the secret of every 12-digit access key id, which is an account."""


def policy(config: Config) -> Policy | None:
    """What signatures are held against; None: they are not looked at."""
    if not config.verify_signatures:
        return None
    secrets = dict(key.split(":", 1) for key in config.access_key)

    def secret(access_key_id: str) -> str | None:
        is_account = len(access_key_id) == 12 and access_key_id.isascii() and access_key_id.isdecimal()
        return secrets.get(access_key_id, DEFAULT_SECRET if is_account else None)

    return Policy(
        secret=secret,
        service=service_model().signing_name,
        region=config.signature_region,
        skew_seconds=config.signature_skew_seconds,
    )


def refusal(error: SignatureError, config: Config) -> ServiceError:
    """The HTTP error for a request whose signature does not hold (facts 7.1 and row 32)."""
    if error.kind not in (SignatureErrorKind.MISSING, SignatureErrorKind.UNKNOWN_KEY):
        return ServiceError("InvalidSignatureException", 403, error.message)
    if config.unknown_access_key == "access-denied":
        return ServiceError("AccessDeniedException", 401, error.message)
    missing = error.kind is SignatureErrorKind.MISSING
    shape = "MissingAuthenticationTokenException" if missing else "UnrecognizedClientException"
    return ServiceError(shape, 403, error.message)


def text(error: SignatureError, config: Config) -> str:
    """What a stream is told whose event signatures do not hold."""
    key = "signature_expired" if error.kind is SignatureErrorKind.EXPIRED else "bad_signature"
    return message(key, config.messages, reason=error.message)


def about(error: SignatureError, offset: int) -> dict[str, object]:
    """A violation for the journal: what was signed, and what was expected."""
    return {
        "rule": f"signature_{error.kind.value}",
        "source": "UG-stream",
        "offset": offset,
        "message": error.message,
        "signed": error.signed,
        "expected": error.expected,
    }

"""A client that signs, with nothing of ours in it: requests by botocore, events as described (`tests/far_end.py`).

At the test's own time, and in whatever wrong way a test needs.
"""

from __future__ import annotations

import datetime
import struct
import zlib
from collections.abc import Iterable
from unittest import mock

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests import far_end

SERVICE = "health-agent"
STREAMING = "STREAMING-AWS4-HMAC-SHA256-EVENTS"


def sign(signer: SigV4Auth, request: AWSRequest, at: float) -> None:
    """Let botocore sign at that time, in seconds since the epoch."""
    now = datetime.datetime.fromtimestamp(at, datetime.UTC)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        signer.add_auth(request)


def signed_head(
    head: Iterable[tuple[str, str]],
    at: float,
    *,
    key: str = "test",
    secret: str = "test",
    token: str | None = None,
    region: str = "us-east-1",
    service: str = SERVICE,
    streaming: bool = True,
    body: bytes = b"",
) -> list[tuple[str, str]]:
    """The head of an HTTP/2 request with a signature in its headers."""
    pseudo = {name: value for name, value in head if name.startswith(":")}
    request = AWSRequest(pseudo[":method"], f"http://{pseudo[':authority']}{pseudo[':path']}", data=body)
    for name, value in head:
        if not name.startswith(":"):
            request.headers[name] = value
    if streaming:
        request.headers["x-amz-content-sha256"] = STREAMING
    sign(SigV4Auth(Credentials(key, secret, token), service, region), request, at)
    return [*pseudo.items(), *((name.lower(), value) for name, value in request.headers.items())]


def seed(head: Iterable[tuple[str, str]]) -> str:
    """What the chain of the events begins with."""
    return dict(head)["authorization"].rpartition("Signature=")[2]


def date_header(date_ms: int) -> bytes:
    return b"\x05:date\x08" + struct.pack("!q", date_ms)


def signature_header(signature: bytes) -> bytes:
    return b"\x10:chunk-signature\x06" + struct.pack("!H", len(signature)) + signature


def frame(block: bytes, payload: bytes) -> bytes:
    """A message with these encoded headers; its CRCs are right."""
    prelude = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack("!I", zlib.crc32(body))


class Chain:
    """Signs the events of one stream; `secret` may change on the way."""

    def __init__(self, seed: str, *, secret: str = "test", region: str = "us-east-1", service: str = SERVICE) -> None:
        self.secret, self.region, self.service = secret, region, service
        self._prior = seed

    def envelope(self, inner: bytes, at: float, *, day: str | None = None, swapped: bool = False) -> bytes:
        """The signed envelope of a message; `swapped`: with its headers as the Rust SDK has them."""
        date_ms = round(at * 1000)
        day = day or datetime.datetime.fromtimestamp(date_ms // 1000, datetime.UTC).strftime("%Y%m%d")
        scope = f"{day}/{self.region}/{self.service}/aws4_request"
        signature = far_end.event_signature(far_end.signing_key(self.secret, scope), scope, self._prior, date_ms, inner)
        self._prior = signature.hex()
        block = [date_header(date_ms), signature_header(signature)]
        return frame(b"".join(reversed(block) if swapped else block), inner)

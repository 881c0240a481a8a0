"""The same app with AWS's own codec for Python in place of mockscribe's, as the peer of Node has AWS's for JavaScript.

botocore decodes, and checks both CRCs; it has no encoder, so that is written as its users would write it.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import AsyncIterator

from botocore.eventstream import EventStreamBuffer
from starlette.requests import Request

from tests.bench.body import SEGMENT
from tests.bench.peers.asgi_app import application

HEADERS = {":event-type": "transcriptEvent", ":content-type": "application/json", ":message-type": "event"}


def transcript_event() -> bytes:
    """The encoded answer."""
    headers = b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()
        for name, value in HEADERS.items()
    )
    payload = json.dumps(SEGMENT, separators=(",", ":")).encode()
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


async def answers(request: Request) -> AsyncIterator[bytes]:
    """A transcript event for each audio event, until the input ends."""
    signed = EventStreamBuffer()
    async for data in request.stream():
        signed.add_data(data)
        for envelope in signed:
            inner = EventStreamBuffer()
            inner.add_data(envelope.payload)
            for event in inner:
                if event.headers[":event-type"] == "binaryAudioEvent":
                    yield transcript_event()


app = application(answers)

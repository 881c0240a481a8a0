"""The request that every server gets: headers, and a body as an SDK would send it.

Encoded here by hand, so that no server is measured against bytes of its own making. A load generator sends one
body again and again, so its signatures cannot hold; they have the right form and no server checks them.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
import zlib

EVENTS = 100
CHUNK = 3_200  # bytes: 100 ms of 16 kHz 16-bit mono

HEADERS = {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-EVENTS",
    "x-amz-date": "20260601T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20260601/us-east-1/health-agent/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=" + "0" * 64,
    "x-amzn-medscribe-session-id": "6f0c1e66-5c3d-4c58-9d0e-3f4c6f1f6d01",
    "x-amzn-medscribe-domain-id": "hai-0123456789abcdef",
    "x-amzn-medscribe-subscription-id": "sub-0123456789abcdefghijk",
    "x-amzn-medscribe-language-code": "en-US",
    "x-amzn-medscribe-sample-rate": "16000",
    "x-amzn-medscribe-media-encoding": "pcm",
}

PATH = "/medical-scribe-stream/"

SEGMENT = {
    "transcriptSegment": {
        "segmentId": "0f3d2c1b-5a49-4e38-8d27-c6b5a4938271",
        "audioBeginOffset": 1.25,
        "audioEndOffset": 2.5,
        "isPartial": True,
        "content": "How have you been since the surgery?",
    }
}
"""What every server answers to each audio event."""

CONFIGURATION = {
    "postStreamActionSettings": {
        "outputS3Uri": "s3://bucket/prefix",
        "clinicalNoteGenerationSettings": {
            "noteTemplateSettings": {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}
        },
    }
}


def frame(headers: bytes, payload: bytes) -> bytes:
    """An event-stream message (ES-SPEC): prelude, its CRC, headers, payload, CRC of it all."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def text_header(name: str, value: str) -> bytes:
    return struct.pack(f">B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()


def event(name: str, content_type: str, payload: bytes) -> bytes:
    """An input event in the header order of the official Python SDK."""
    headers = text_header(":message-type", "event") + text_header(":event-type", name)
    return frame(headers + text_header(":content-type", content_type), payload)


def envelope(inner: bytes) -> bytes:
    """The signed envelope: a date in milliseconds (type 8) and 32 bytes of signature (type 6)."""
    date = struct.pack(">B5sBq", 5, b":date", 8, 1_780_272_000_123)
    signature = struct.pack(">B16sBH", 16, b":chunk-signature", 6, 32) + hashlib.sha256(inner).digest()
    return frame(date + signature, inner)


def audio(chunks: int, size: int = CHUNK) -> bytes:
    """So many signed audio events, of the same noise: the samples do not matter, their number does."""
    noise = random.Random(1).randbytes(size)
    return envelope(event("binaryAudioEvent", "application/octet-stream", noise)) * chunks


def body(events: int = EVENTS, size: int = CHUNK) -> bytes:
    """A whole session: configuration, audio, END_OF_SESSION, the empty frame."""
    return configuration() + audio(events, size) + ending()


def configuration() -> bytes:
    """The first event of a session."""
    return envelope(event("configurationEvent", "application/json", json.dumps(CONFIGURATION).encode()))


def ending() -> bytes:
    """What ends a session: END_OF_SESSION, and the empty frame."""
    return envelope(event("sessionControlEvent", "application/json", b'{"type":"END_OF_SESSION"}')) + envelope(b"")


def answer() -> bytes:
    """A transcript event, for the servers that compute none."""
    return event("transcriptEvent", "application/json", json.dumps(SEGMENT).encode())

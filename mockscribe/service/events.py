"""The events of StartMedicalScribeListeningSession as values: what a client sends, and what the service says.

The members of the operation's two unions (model.json: MedicalScribeInputStream, MedicalScribeOutputStream); how they
stand in frames, `event_frames.py` knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, final

import msgspec

# ---- what the client sent


class ConfigurationReceived(msgspec.Struct, frozen=True, kw_only=True):
    """`configurationEvent`: the JSON object as it came; what it must satisfy, `configuration.violations` tells."""

    configuration: Mapping[str, Any]


class AudioReceived(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`audioEvent` (base64 in JSON, decoded here) or `binaryAudioEvent` (raw; `binary` is True).

    `encoded_octets` is the size of the base64 text, or of the raw audio.
    """

    audio: bytes
    encoded_octets: int
    binary: bool


class AudioPayload(msgspec.Struct, rename="camel"):
    """The JSON of an `audioEvent`; msgspec takes the base64 off."""

    audio_chunk: bytes


class SessionControlReceived(msgspec.Struct, frozen=True, kw_only=True):
    """`sessionControlEvent`; `type` is END_OF_SESSION, or None when the client left it out."""

    type: Literal["END_OF_SESSION"] | None = None


class InputCompleted(msgspec.Struct, frozen=True, kw_only=True):
    """The signed empty frame that ends a client's event stream."""


InputEvent = ConfigurationReceived | AudioReceived | SessionControlReceived | InputCompleted


# ---- what the service says


@final
class TranscriptSegment(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`transcriptEvent.transcriptSegment`. Offsets are session-wide audio microseconds until they are encoded.

    `role` is who speaks, where that is known; it is not streamed, artifacts have it.
    """

    segment_id: str
    begin_us: int
    end_us: int
    is_partial: bool
    content: str
    channel_id: str | None = None
    role: str | None = None


@final
class OutputEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Any other output event of the model: the union's member and its content, sent as they are."""

    member: str
    content: Mapping[str, Any]


class OutputException(msgspec.Struct, frozen=True, kw_only=True):
    """An in-stream exception: the union's member and its message. It ends the stream."""

    member: str
    message: str


class OutputError(msgspec.Struct, frozen=True, kw_only=True):
    """An unmodeled error (`:message-type: error`): its code and message. It ends the stream."""

    code: str
    message: str

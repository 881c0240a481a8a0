"""The texts of exceptions that the mock raises on its own, by key.

What Connect Health says is not public, with few exceptions. Where Transcribe streaming, its predecessor, is quoted in
public issues, its wording stands here; all other texts are ours. Every text can be replaced (`Config.messages`).
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mockscribe.errors import ConfigError

NOT_PUBLIC = "not public: own text"


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text, where it comes from, and what may stand in it as `{name}` (it need not)."""

    text: str
    values: tuple[str, ...] = ()
    source: str = NOT_PUBLIC


MESSAGES: Mapping[str, Text] = MappingProxyType(
    {
        # ---- in the stream
        "idle_timeout": Text(
            text="Your request timed out because no new audio was received for {seconds} seconds.",
            values=("seconds",),
            source="Transcribe: awslabs/amazon-transcribe-streaming-sdk#118, #36",
        ),
        "chunk_too_big": Text(
            text="Your stream is too big. Reduce the frame size and try your request again.",
            values=("size", "limit"),
            source="Transcribe: aws/aws-sdk-java-v2#2550, aws/aws-sdk-js-v3#6338",
        ),
        "missing_empty_frame": Text(
            text="A complete signal was sent without the preceding empty frame.",
            source="Transcribe: recorded traffic in smithy-rs (transcribestreaming tests, error.json)",
        ),
        "signature_expired": Text(
            text="{reason}",
            values=("reason",),
            source='Transcribe, "Signature expired: …": awslabs/amazon-transcribe-streaming-sdk#17, #19',
        ),
        "bad_signature": Text(text="{reason}", values=("reason",)),
        "unexpected_event": Text(text="{reason}", values=("reason",)),
        "bad_frame": Text(
            text="The request body is no valid event stream at byte {offset}: {reason}", values=("offset", "reason")
        ),
        "empty_chunk": Text(text="An audio event must carry audio."),
        "bad_audio": Text(text="The audio is not what mediaEncoding announces: {reason}", values=("reason",)),
        "audio_limit": Text(
            text="The session has received more than {seconds} seconds of audio.",
            values=("seconds",),
            source="not public: own text; HealthScribe's limit",
        ),
        "changed_configuration": Text(
            text="A resumed session must be given the configuration that it was started with."
        ),
        "changed_parameters": Text(text="A resumed session must be given the parameters that it was started with."),
        "replaced": Text(
            text="This stream was ended because a new stream started with the same session ID.",
            source="HealthScribe's ConflictException says so in other words",
        ),
        "shut_down": Text(text="The server is shutting down.", source="not public: own text; mockscribe's own SIGTERM"),
        # ---- instead of a stream
        "second_stream": Text(
            text="Another stream is in progress with the same session ID", source="aws/aws-sdk-js-v3#3720"
        ),
        "session_over": Text(text="The session is {status} and cannot be resumed.", values=("status",)),
        "low_sample_rate": Text(text="mediaSampleRateHertz must be 16000 or more."),
        "no_scenario": Text(text="No scenario matches this stream. Nearest: {nearest}", values=("nearest",)),
        "no_body": Text(
            text="The request has no event stream. A client that speaks HTTP/1.1 may report success all the same: "
            "point it at the https:// endpoint, so that it speaks HTTP/2."
        ),
    }
)


def message(key: str, overrides: Mapping[str, str] = MappingProxyType({}), /, **values: object) -> str:
    """The text of a key, from `overrides` if it is there, with its values filled in."""
    text = overrides.get(key)
    return (MESSAGES[key].text if text is None else text).format_map(values)


def check(overrides: Mapping[str, str]) -> None:
    """Make sure that `message` can use them.

    Raises:
        ConfigError: there is no such key, or the text has a placeholder that is no value of it.
    """
    for key, text in overrides.items():
        source = f"messages: {key}"
        if key not in MESSAGES:
            raise ConfigError(source, f"there is no such text; the keys are {', '.join(MESSAGES)}")
        values = MESSAGES[key].values
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ConfigError(source, f"{text!r} is no template: {error}; write {{{{ and }}}} for braces") from None
        for _, name, specification, conversion in parts:
            if name is not None and (name not in values or specification or conversion):
                known = ", ".join(f"{{{value}}}" for value in values) or "no placeholder"
                raise ConfigError(source, f"{text!r} may have {known}, and nothing else in braces")

"""Every exception of mockscribe.

An exception means that mockscribe or its caller is wrong. What a script asks for (faults, service exceptions) is a
value and is never raised.

    MockscribeError
    ├── ConfigError            a flag, variable or configuration file is wrong; names the source
    ├── ScriptError            a scenario is wrong; source, line, column, path in the document
    ├── ServiceError           a modeled HTTP error of the API: shape name, status, message
    ├── ClientProtocolError    the client broke the wire rules
    │   ├── FrameError           event-stream bytes; .kind, .offset
    │   ├── SignatureError       .kind, what was signed, what was expected
    │   ├── EventError           a well-formed frame that is no event of this operation
    │   └── SequenceError        a legal event in the wrong state; carries state, event, what was legal
    ├── ServerError            what the server at the other end answered our client with
    ├── ControlError           a control call cannot be done; HTTP status, path in what was sent
    ├── UnreachableError       the mock is closed, or nobody answers where it should be
    └── VerificationError      (also AssertionError) unmet expectations, with nearest misses

This module knows nothing of the others.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any


class MockscribeError(Exception):
    """The base of every exception that mockscribe raises on purpose."""


class ConfigError(MockscribeError):
    """A setting cannot be used.

    `source` names where it came from: a flag (`--port`), a variable (`MOCKSCRIBE_PORT`), or a file and a key.
    """

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source
        self.message = message


class ScriptError(MockscribeError):
    """A scenario cannot be used.

    `message` says what is wrong, `path` at which place of the document (`steps[2].at`), empty for the whole, and
    `placed` both; `line` and `column` count from 1.
    `errors` are all that are wrong with the same text, this one among them.
    """

    def __init__(self, message: str, *, source: str, line: int, column: int, path: str = "") -> None:
        self.placed = f"{path}: {message}" if path else message
        super().__init__(f"{source}:{line}:{column}: {self.placed}")
        self.message = message
        self.source = source
        self.line = line
        self.column = column
        self.path = path
        self.errors: tuple[ScriptError, ...] = (self,)

    @staticmethod
    def of(errors: Sequence[ScriptError]) -> ScriptError:
        """The first of several errors, which knows of the others."""
        errors[0].errors = tuple(errors)
        return errors[0]


class ServiceError(MockscribeError):
    """An error of the API that is answered over HTTP: `shape` is its name, `status` the HTTP status."""

    def __init__(self, shape: str, status: int, message: str) -> None:
        super().__init__(message)
        self.shape = shape
        self.status = status
        self.message = message


class ClientProtocolError(MockscribeError):
    """The client broke the rules of the wire; `message` is what it may be told."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FrameErrorKind(enum.Enum):
    """What is wrong with a run of event-stream bytes."""

    PRELUDE_CRC = "prelude_crc"
    MESSAGE_CRC = "message_crc"
    TOTAL_LENGTH = "total_length"
    HEADERS_LENGTH = "headers_length"
    PAYLOAD_LENGTH = "payload_length"
    HEADER_NAME = "header_name"
    HEADER_TYPE = "header_type"
    HEADER_VALUE = "header_value"
    DUPLICATE_HEADER = "duplicate_header"
    TRUNCATED = "truncated"


class FrameError(ClientProtocolError):
    """Bytes that are no event-stream message; `offset` is the absolute byte position of the fault in the stream."""

    def __init__(self, kind: FrameErrorKind, offset: int, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.offset = offset


class SignatureErrorKind(enum.Enum):
    """What is wrong with a signature."""

    MISSING = "missing"
    UNKNOWN_KEY = "unknown_key"
    MALFORMED = "malformed"
    SCOPE = "scope"
    EXPIRED = "expired"
    UNSIGNED = "unsigned"
    MISMATCH = "mismatch"


class SignatureError(ClientProtocolError):
    """A signature does not hold: `signed` is the string to sign as the server sees it, `expected` its signature."""

    def __init__(
        self,
        message: str,
        *,
        kind: SignatureErrorKind = SignatureErrorKind.MISMATCH,
        signed: str = "",
        expected: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.signed = signed
        self.expected = expected


class EventError(ClientProtocolError):
    """A well-formed frame that is no event of the operation, or an event whose payload breaks the model."""


class SequenceError(ClientProtocolError):
    """A legal event in the wrong state."""

    def __init__(self, state: str, event: str, legal: Sequence[str]) -> None:
        allowed = " or ".join(legal) if legal else "nothing more"
        super().__init__(f"{event} is not allowed {state}; expected {allowed}.")
        self.state = state
        self.event = event
        self.legal = tuple(legal)


class ServerErrorKind(enum.Enum):
    """At what a call to a server failed: on the way there, by the server's silence, or in what it answered."""

    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    TIMEOUT = "timeout"
    ANSWER = "answer"


class ServerError(MockscribeError):
    """A server refused our client's call or broke its stream.

    `shape` is the exception's name as the server gave it (`ValidationException`, `validationException` in a stream, or
    empty when there was none), `status` the HTTP status (0 when none was received).
    """

    def __init__(
        self, message: str, *, shape: str = "", status: int = 0, kind: ServerErrorKind = ServerErrorKind.ANSWER
    ) -> None:
        super().__init__(f"{shape}: {message}" if shape else message)
        self.message = message
        self.shape = shape
        self.status = status
        self.kind = kind


class ControlError(MockscribeError):
    """A control call cannot be done.

    `status` is what HTTP answers it with, `path` the place in what was sent (`where.session`; empty for the whole), and
    `details` is what else is told of it, as plain data.
    """

    def __init__(self, status: int, message: str, *, path: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.status = status
        self.message = message
        self.path = path
        self.details = dict(details or {})


class UnreachableError(MockscribeError):
    """The mock that is to do something is closed, or does not answer where it should be."""


class VerificationError(MockscribeError, AssertionError):
    """What a test expected did not happen; the message carries the nearest misses and timelines."""

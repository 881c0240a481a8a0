"""h2, reduced to what is asked of it: what it makes of header blocks, and what it writes."""

import hpack
import pytest
from hyperframe.frame import Frame

from mockscribe.wire.http2_frames import ErrorCode, RuleError
from mockscribe.wire.http2_states import Block, H2States, Part
from tests.unit.wire.peer import (
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    POST,
    PRIORITY,
    SETTINGS,
    settings,
)

FIELDS = [(name.encode(), value.encode()) for name, value in POST]
BLOCK = hpack.Encoder().encode(POST)
WEIGHT = bytes(5)


class Harness:
    def __init__(self) -> None:
        self.out: list[bytes | memoryview] = []
        self.states = H2States(self.out, 100, 65_536)
        self.states.receive(SETTINGS, 0, 0, b"")
        self.out.clear()

    def headers(self, stream: int, flags: int, block: bytes = BLOCK, kind: int = HEADERS) -> Block | None:
        return self.states.receive_headers(kind, flags, stream, memoryview(block))

    def written(self) -> list[str]:
        """Types and flags of the frames that h2 wrote."""
        data, found = memoryview(b"".join(self.out)), []
        while data:
            frame, length = Frame.parse_frame_header(data[:9])
            found.append(f"{type(frame).__name__} {' '.join(sorted(frame.flags))}".strip())
            data = data[9 + length :]
        self.out.clear()
        return found


def test_a_block_is_a_request_or_trailers() -> None:
    harness = Harness()
    assert harness.headers(1, END_HEADERS) == Block(Part.REQUEST, FIELDS, ended=False)
    assert harness.headers(3, END_HEADERS | END_STREAM) == Block(Part.REQUEST, FIELDS, ended=True)
    assert harness.headers(1, END_HEADERS | END_STREAM, b"") == Block(Part.TRAILERS, [], ended=True)


def test_a_block_is_nothing_until_it_is_complete() -> None:
    harness = Harness()
    assert harness.headers(1, END_STREAM, BLOCK[:2]) is None
    assert harness.headers(1, END_HEADERS, BLOCK[2:], CONTINUATION) == Block(Part.REQUEST, FIELDS, ended=True)


def test_a_priority_with_a_block_is_of_no_interest() -> None:
    harness = Harness()
    assert harness.headers(1, END_HEADERS | 0x20, WEIGHT + BLOCK) == Block(Part.REQUEST, FIELDS, ended=False)
    harness.states.receive(PRIORITY, 0, 1, WEIGHT)
    assert harness.written() == []


def test_a_block_on_a_stream_that_had_ended_is_neither_and_h2_does_not_answer() -> None:
    harness = Harness()
    harness.headers(1, END_HEADERS | END_STREAM)
    assert harness.headers(1, END_HEADERS | END_STREAM) == Block(Part.NEITHER, (), ended=True)
    assert harness.written() == []


def test_a_block_on_a_stream_that_is_over_is_neither_and_h2_does_not_answer() -> None:
    harness = Harness()
    harness.headers(1, END_HEADERS)
    harness.states.close(1)
    harness.states.close(1)
    assert harness.headers(1, END_STREAM) is None
    assert harness.headers(1, END_HEADERS, b"", CONTINUATION) == Block(Part.NEITHER, (), ended=True)
    harness.headers(3, END_HEADERS)  # upon which h2 tidies up
    assert harness.headers(1, END_HEADERS | END_STREAM) == Block(Part.NEITHER, (), ended=True)
    assert harness.written() == []


def test_the_clients_settings_are_told() -> None:
    harness = Harness()
    assert harness.states.client_settings() == (65_535, 16_384)
    harness.states.receive(SETTINGS, 0, 0, settings({INITIAL_WINDOW_SIZE: 5, MAX_FRAME_SIZE: 20_000})[9:])
    assert harness.states.client_settings() == (5, 20_000)
    assert harness.written() == ["SettingsFrame ACK"]


def test_what_h2_says_of_a_broken_rule_replaces_its_goaway() -> None:
    harness = Harness()
    with pytest.raises(RuleError) as caught:
        harness.states.receive(SETTINGS, 0, 0, bytes(5))
    assert (caught.value.rule, caught.value.clause) == ("settings_frame", "6.5")
    assert caught.value.code == ErrorCode.FRAME_SIZE_ERROR
    assert caught.value.stream is None
    assert harness.written() == []

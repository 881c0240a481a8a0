"""Findings: each by a client that does just that, and none by a client that does as documented."""

import pytest

from mockscribe.inspection.findings import Finding, findings
from tests.wire import (
    CONFIGURATION,
    EMPTY_FRAME,
    END_OF_SESSION,
    Wire,
    audio,
    configuration,
    envelope,
    request_headers,
    silence,
)


def found(wire: Wire) -> tuple[Finding, ...]:
    (session,) = wire.account.sessions.values()
    return findings(wire.account, session)


def rules(wire: Wire) -> list[str]:
    return [each.rule for each in found(wire)]


def documented(wire: Wire, *, chunks: int = 5, seconds: float = 0.7, every: float = 0.7, **headers: str | None) -> int:
    """A client that does as UG-stream says, but for what a test changes; its input stays open."""
    stream = wire.open(headers=request_headers(**headers))
    wire.send(stream, envelope(configuration()))
    for _ in range(chunks):
        wire.send(stream, envelope(audio(silence(seconds, rate=int(headers.get("sample_rate") or 16_000)))))
        wire.advance(every)
    return stream


def test_a_client_that_does_as_documented_gives_rise_to_none() -> None:
    wire = Wire()
    wire.send(documented(wire), envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
    assert rules(wire) == []


def test_a_pause_with_the_empty_frame_gives_rise_to_none() -> None:
    wire = Wire()
    wire.send(documented(wire), EMPTY_FRAME, end=True)
    assert rules(wire) == []


def test_chunks_over_the_recommended_size() -> None:
    wire = Wire()
    stream = documented(wire)
    wire.send(stream, envelope(audio(bytes(30_720))), envelope(audio(bytes(30_722))), envelope(audio(bytes(32_000))))
    (finding,) = [each for each in found(wire) if each.rule == "chunk_bytes"]
    assert (finding.count, finding.source) == (2, "UG-stream")
    assert "32,000" in finding.message
    assert finding.seq == next(
        entry.seq for entry in wire.account.journal if len(getattr(entry.about, "audio", b"")) == 30_722
    )


def test_chunks_longer_than_a_second() -> None:
    wire = Wire()
    documented(wire, sample_rate="8000", seconds=1.1, every=1.1)
    assert rules(wire) == ["sample_rate", "chunk_seconds", "send_cycle"]


@pytest.mark.parametrize(
    ("seconds", "every", "expected"),
    [
        (0.7, 0.7, []),
        (0.5, 0.5, []),
        (0.1, 0.1, ["send_cycle"]),
        (0.9, 0.7, ["pace_fast"]),
        (0.5, 0.8, ["pace_slow"]),
        (0.8, 0.8, []),
    ],
)
def test_the_cadence(seconds: float, every: float, expected: list[str]) -> None:
    wire = Wire()
    documented(wire, chunks=30, seconds=seconds, every=every)
    assert rules(wire) == expected


def test_the_cadence_is_judged_by_mock_time() -> None:
    wire = Wire(clock="x10")
    documented(wire, chunks=30, seconds=0.7, every=0.07)
    assert rules(wire) == []


def test_a_short_stream_is_not_judged_by_its_cadence() -> None:
    wire = Wire()
    documented(wire, chunks=2, seconds=0.9, every=0.0)
    assert rules(wire) == []


def test_unsigned_events() -> None:
    wire = Wire()
    stream = wire.open()
    wire.send(stream, configuration(CONFIGURATION))
    assert rules(wire) == ["unsigned"]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/vnd.amazon.eventstream", []),
        ("Application/VND.amazon.eventstream; charset=binary", []),
        ("application/json", ["content_type"]),
        (None, ["content_type_missing"]),
    ],
)
def test_the_content_type_of_the_request(content_type: str | None, expected: list[str]) -> None:
    wire = Wire()
    documented(wire, content_type=content_type)
    assert rules(wire) == expected


def test_a_low_sample_rate() -> None:
    wire = Wire()
    documented(wire, sample_rate="8000")
    (finding,) = found(wire)
    assert (finding.rule, finding.source, finding.attempt, finding.count) == ("sample_rate", "UG-ambient", 1, 1)


def test_audio_events_without_audio() -> None:
    wire = Wire()
    wire.send(documented(wire), envelope(audio(b"")), envelope(audio(b"")))
    (finding,) = [each for each in found(wire) if each.rule == "empty_chunk"]
    assert finding.count == 2


def test_a_missing_empty_frame() -> None:
    wire = Wire()
    wire.end(documented(wire))
    assert rules(wire) == ["missing_empty_frame"]


def test_the_input_that_nobody_read_to_its_end_is_not_judged() -> None:
    wire = Wire()
    wire.send(documented(wire), envelope(END_OF_SESSION), end=True)  # the response is over before the input ends
    assert rules(wire) == []


def test_each_stream_has_its_own() -> None:
    wire = Wire()
    wire.end(documented(wire))
    wire.end(documented(wire))
    assert [(each.rule, each.attempt) for each in found(wire)] == [
        ("missing_empty_frame", 1),
        ("missing_empty_frame", 2),
    ]

"""Findings: what a client did that the service tolerates, as far as is known, but documents against.

A finding is no violation: it ends no stream and fails no test. `source` names the document that it rests on: UG-… are
pages of the user guide, MODEL is botocore's service model, RJ1-SPEC Smithy's protocol, RS-SIG and REC the Rust SDK.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mockscribe.account import Account
from mockscribe.entries import Entry, Kind
from mockscribe.inspection.audio import Heard, chunks, heard
from mockscribe.inspection.sessions import entries as entries_of
from mockscribe.inspection.sessions import streams
from mockscribe.live import Session
from mockscribe.service.events import InputCompleted

EVENT_STREAM = "application/vnd.amazon.eventstream"

RECOMMENDED_CHUNK_BYTES = 30_720
"""UG-stream: recommended at most; the hard maximum is 32,000."""

RECOMMENDED_CHUNK_SECONDS = 1.0
"""UG-stream: about a second of audio or less for each message."""

SEND_CYCLE_SECONDS = (0.5, 1.0)
"""UG-stream: a send cycle of 500 to 1000 ms."""

RECOMMENDED_RATE = 16_000
"""UG-ambient: 16,000 Hz or higher."""

FASTEST_PACE, SLOWEST_PACE = 1.25, 0.8
"""UG-stream asks for about real time; how much is about, is our own choice."""

PACED_SECONDS = 2.0
"""Audio from which on a pace is judged; own choice: a shorter stream says little."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding: `rule` is its stable name, `count` how often it was seen on the stream, `seq` the first entry."""

    rule: str
    source: str
    message: str
    stream: str
    attempt: int
    count: int
    seq: int


def findings(account: Account, session: Session) -> tuple[Finding, ...]:
    """What there is to say of a session's streams so far, in their order."""
    audio = heard(entries_of(account, session))
    by_stream: dict[str, list[Entry]] = {each.stream: [] for each in streams(account, session)}
    for entry in account.journal:
        if entry.origin.stream in by_stream:
            by_stream[entry.origin.stream].append(entry)
    found: list[Finding] = []
    for name, own in by_stream.items():
        heard_here = audio.get(name, [])
        for rule, source, message, hits in (
            *_of_the_request(own[0], session),
            *_of_the_events(own, heard_here),
            *_of_the_pace(heard_here, account.clock.factor),
        ):
            origin = hits[0].origin
            found.append(
                Finding(
                    rule=rule,
                    source=source,
                    message=message,
                    stream=name,
                    attempt=origin.attempt,
                    count=len(hits),
                    seq=hits[0].seq,
                )
            )
    return tuple(found)


_Told = tuple[str, str, str, Sequence[Entry]]


def _of_the_request(request: Entry, session: Session) -> Iterator[_Told]:
    if request.kind is not Kind.REQUEST:
        return  # the journal has forgotten it
    about, hits = request.about, (request,)
    content_type = about["headers"].get("content-type")
    if content_type is None:
        yield "content_type_missing", "RJ1-SPEC", f"The request has no content-type; it is {EVENT_STREAM}.", hits
    elif content_type.partition(";")[0].strip().lower() != EVENT_STREAM:
        yield "content_type", "RJ1-SPEC", f"The content-type is {content_type!r:.100}, not {EVENT_STREAM}.", hits
    if about["version"] != "2":
        text = f"The stream came over HTTP/{about['version']}; the service's event streams require HTTP/2."
        yield "http_version", "MODEL protocolSettings", text, hits
    rate = int(session.parameters.get("mediaSampleRateHertz", RECOMMENDED_RATE))
    if rate < RECOMMENDED_RATE:
        yield "sample_rate", "UG-ambient", f"The sample rate is {rate} Hz; 16,000 Hz or higher is asked for.", hits


def _of_the_events(entries: Sequence[Entry], audio: Sequence[Heard]) -> Iterator[_Told]:
    if hits := [entry for entry in entries if isinstance(entry.about, dict) and entry.about.get("signed") is False]:
        yield "unsigned", "UG-stream", "Events are not signed; each is to be wrapped in a signed envelope.", hits
    if hits := [each.entry for each in audio if len(each.audio) > RECOMMENDED_CHUNK_BYTES]:
        largest = max(len(each.audio) for each in audio)
        text = f"Audio chunks of up to {largest:,} bytes; at most {RECOMMENDED_CHUNK_BYTES:,} are recommended."
        yield "chunk_bytes", "UG-stream", text, hits
    if hits := [each.entry for each in audio if each.seconds > RECOMMENDED_CHUNK_SECONDS]:
        longest = max(each.seconds for each in audio)
        yield "chunk_seconds", "UG-stream", f"Audio chunks of up to {longest:.3f} s; a second or less is advised.", hits
    if hits := [each.entry for each in audio if not len(each.audio)]:
        yield "empty_chunk", "not public (facts 14 row 26)", "Audio events without audio.", hits
    ended = [entry for entry in entries if entry.kind is Kind.STREAM_ENDED and entry.about["inputClosed"]]
    if ended and not any(isinstance(entry.about, InputCompleted) for entry in entries):
        yield "missing_empty_frame", "RS-SIG, REC", "The input ended without the signed empty frame.", ended


def _of_the_pace(audio: Sequence[Heard], factor: float) -> Iterator[_Told]:
    """How the audio was paced, by mock time as far as that passes evenly: a leap or a stopped clock says nothing."""
    measured = chunks([audio])
    if measured.pace is None or measured.cycle is None or not factor:
        return
    seconds = (audio[-1].entry.audio_us - audio[0].begin_us) / 1_000_000
    pace, cycle = measured.pace / factor, measured.cycle * factor
    hits = [audio[0].entry]
    if seconds < PACED_SECONDS:
        return
    if pace > FASTEST_PACE:
        yield "pace_fast", "UG-stream", f"Audio came {pace:.1f} times as fast as speech, not at about real time.", hits
    elif pace < SLOWEST_PACE:
        yield "pace_slow", "UG-stream", f"Audio came {pace:.2f} times as fast as speech, not at about real time.", hits
    elif not SEND_CYCLE_SECONDS[0] <= cycle <= SEND_CYCLE_SECONDS[1]:
        text = f"An audio event each {cycle * 1000:.0f} ms; a cycle of 500 to 1000 ms is recommended."
        yield "send_cycle", "UG-stream", text, hits

"""The audio of a session as it was heard: chunks, joins over reconnects, WAV."""

import hashlib
import io
import pathlib
import random
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockscribe.errors import ControlError
from mockscribe.inspection import audio as heard_audio
from mockscribe.inspection import sessions
from mockscribe.inspection.audio import PROBE_BYTES, AudioSummary
from tests.wire import END_OF_SESSION, TWO_CHANNELS, Wire, audio, configuration, request_headers, silence

RECORDINGS = pathlib.Path(__file__).parents[3] / "fixtures" / "recordings"


def noise(seconds: float, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(round(seconds * 32_000))


def summary(wire: Wire) -> AudioSummary:
    (session,) = wire.account.sessions.values()
    return heard_audio.summary(session, sessions.entries(wire.account, session))


def wav(wire: Wire) -> bytes:
    (session,) = wire.account.sessions.values()
    return heard_audio.wav(session, sessions.entries(wire.account, session))


def stream(wire: Wire, *parts: bytes, every: float = 0.0) -> None:
    """One stream that pauses at its end; `every` seconds an audio event."""
    number = wire.open()
    wire.send(number, configuration())
    for part in parts:
        wire.send(number, audio(part))
        wire.advance(every)
    wire.end(number)


def test_sizes_and_lengths_of_the_chunks() -> None:
    wire = Wire()
    stream(wire, silence(0.1), silence(0.5), silence(0.3))
    found = summary(wire)
    assert found.seconds == pytest.approx(0.9)
    assert found.bytes == 28_800
    assert (found.chunks.count, found.chunks.smallest, found.chunks.largest) == (3, 3_200, 16_000)
    assert found.chunks.mean == 9_600
    assert found.chunks.longest_seconds == pytest.approx(0.5)


def test_cadence_is_measured_between_the_events_of_a_stream() -> None:
    wire = Wire()
    stream(wire, *[silence(0.5)] * 5, every=0.25)
    chunks = summary(wire).chunks
    assert chunks.cycle == pytest.approx(0.25)
    assert chunks.longest_pause == pytest.approx(0.25)
    assert chunks.pace == pytest.approx(2.0)


def test_the_time_between_two_streams_is_no_pause_of_either() -> None:
    wire = Wire()
    stream(wire, silence(0.5), silence(0.5), every=0.5)
    wire.advance(60)
    stream(wire, silence(0.5), silence(0.5), every=0.5)
    assert summary(wire).chunks.longest_pause == pytest.approx(0.5)


def test_one_event_has_no_cadence() -> None:
    wire = Wire()
    stream(wire, silence(0.5))
    assert (summary(wire).chunks.cycle, summary(wire).chunks.pace) == (None, None)


def test_the_digest_is_of_all_bytes_in_order() -> None:
    wire = Wire()
    stream(wire, noise(0.3, 1), noise(0.2, 2))
    stream(wire, noise(0.1, 3))
    assert summary(wire).sha256 == hashlib.sha256(noise(0.3, 1) + noise(0.2, 2) + noise(0.1, 3)).hexdigest()


def test_a_gap_is_the_mock_time_in_which_no_audio_came() -> None:
    wire = Wire()
    stream(wire, noise(0.5))
    wire.advance(7)
    stream(wire, noise(0.5, 2))
    (join,) = summary(wire).joins
    assert join.gap == pytest.approx(7)
    assert join.attempt == 2
    assert (join.overlap, join.overlap_bytes) == (0, 0)


def test_audio_that_was_sent_again_overlaps() -> None:
    wire, source = Wire(), noise(3)
    stream(wire, source[:32_000], source[32_000:64_000])
    stream(wire, source[48_000:80_000], source[80_000:])
    (join,) = summary(wire).joins
    assert join.overlap_bytes == 16_000
    assert join.overlap == pytest.approx(0.5)


def test_audio_that_was_sent_again_after_silence_overlaps_with_it() -> None:
    wire, source = Wire(), noise(0.5) + silence(0.5) + noise(1, 2)
    stream(wire, source[:30_000], source[30_000:50_000])
    stream(wire, source[20_000:45_000], source[45_000:64_000])  # begins in the middle of the silence
    (join,) = summary(wire).joins
    assert join.overlap_bytes == 50_000 - 20_000


def test_silence_alone_is_no_overlap() -> None:
    wire = Wire()
    stream(wire, silence(1))
    stream(wire, silence(1))
    (join,) = summary(wire).joins
    assert join.overlap_bytes == 0


def test_a_beginning_that_only_resembles_the_end_is_no_overlap() -> None:
    wire, source = Wire(), noise(1)
    stream(wire, source[:32_000])
    stream(wire, source[16_000:30_000], noise(1, 9))
    (join,) = summary(wire).joins
    assert join.overlap_bytes == 0


@given(
    before=st.binary(max_size=300),
    shared=st.binary(max_size=10) | st.binary(min_size=PROBE_BYTES, max_size=300),
    after=st.binary(max_size=300),
    silent=st.integers(0, 99),
)
@settings(max_examples=200, deadline=None)
def test_the_overlap_is_the_longest_there_is(before: bytes, shared: bytes, after: bytes, silent: int) -> None:
    first, second = before + bytes(silent) + shared, bytes(silent) + shared + after
    sizes = (size for size in range(min(len(first), len(second)), 0, -1) if first.endswith(second[:size]))
    longest = next(sizes, 0)
    if len(second[:longest].lstrip(b"\x00")) < PROBE_BYTES:
        longest = 0  # silence is no overlap, and so little sound is chance
    assert heard_audio._repeated(first, second) == longest


def test_the_wav_file_holds_the_samples_of_all_streams() -> None:
    wire = Wire()
    stream(wire, noise(0.5))
    stream(wire, noise(0.25, 2))
    with wave.open(io.BytesIO(wav(wire))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 16_000, 2)
        assert file.readframes(file.getnframes()) == noise(0.5) + noise(0.25, 2)


def test_half_a_sample_at_a_pause_is_left_out_as_the_audio_clock_does() -> None:
    wire = Wire()
    stream(wire, b"\x01\x02\x03")
    stream(wire, b"\x04\x05")
    with wave.open(io.BytesIO(wav(wire))) as file:
        assert file.readframes(2) == b"\x01\x02\x04\x05"


def test_two_channels_stay_interleaved() -> None:
    wire, number = Wire(), 0
    number = wire.open()
    wire.send(number, configuration(TWO_CHANNELS), audio(noise(0.5)), END_OF_SESSION)
    with wave.open(io.BytesIO(wav(wire))) as file:
        assert file.getnchannels() == 2
        assert file.readframes(file.getnframes()) == noise(0.5)


@pytest.mark.parametrize("name", ["visit-mono", "visit-stereo"])
def test_flac_is_decoded(name: str) -> None:
    wire = Wire()
    flac = (RECORDINGS / f"{name}.flac").read_bytes()
    with wave.open(str(RECORDINGS / f"{name}.wav")) as twin:
        expected, rate, channels = twin.readframes(twin.getnframes()), twin.getframerate(), twin.getnchannels()
    number = wire.open(headers=request_headers(media_encoding="flac", sample_rate=str(rate)))
    wire.send(number, configuration(), *[audio(flac[at : at + 20_000]) for at in range(0, len(flac), 20_000)])
    with wave.open(io.BytesIO(wav(wire))) as file:
        assert (file.getframerate(), file.getnchannels()) == (rate, channels)
        assert file.readframes(file.getnframes()) == expected


def test_no_audio_is_no_file() -> None:
    wire = Wire()
    stream(wire)
    with pytest.raises(ControlError, match="has no audio") as caught:
        wav(wire)
    assert caught.value.status == 409


def test_audio_that_the_journal_has_forgotten_is_told_of_but_its_digest_stands() -> None:
    wire = Wire(journal_bytes=50_000)
    stream(wire, *[noise(0.5, seed) for seed in range(8)])
    with pytest.raises(ControlError, match=r"forgotten the first \d+ bytes.*--journal-bytes"):
        wav(wire)
    assert summary(wire).sha256 == hashlib.sha256(b"".join(noise(0.5, seed) for seed in range(8))).hexdigest()

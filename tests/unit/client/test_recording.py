"""Recordings, against what the standard library and the reference FLAC encoder write."""

import contextlib
import io
import itertools
import shutil
import struct
import subprocess
import wave
from pathlib import Path

import pytest

from mockscribe.client.recording import Recording, open_recording
from mockscribe.errors import ConfigError
from tests.requirements import require


def samples(count: int, channels: int = 1) -> bytes:
    return struct.pack(f"<{count * channels}h", *(each * 37 % 20_000 - 10_000 for each in range(count * channels)))


def wav(pcm: bytes, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def flac(pcm: bytes, folder: Path, *, rate: int, channels: int, piped: bool = False) -> bytes:
    """What the reference encoder makes of it; piped, it cannot come back to write how long it became."""
    tool = shutil.which("flac")
    require("flac", tool is not None, "the reference encoder is not installed")
    source = folder / "in.raw"
    source.write_bytes(pcm)
    shape = ["--endian=little", "--sign=signed", "--bps=16", f"--channels={channels}", f"--sample-rate={rate}"]
    command = [str(tool), "--silent", "--force-raw-format", *shape]
    if piped:
        return subprocess.run([*command, "--stdout", "-"], input=pcm, capture_output=True, check=True).stdout
    subprocess.run([*command, "-o", folder / "out.flac", source], check=True)
    return (folder / "out.flac").read_bytes()


def joined(recording: Recording, chunk_ms: int) -> tuple[bytes, float]:
    pieces = list(recording.chunks(chunk_ms))
    return b"".join(data for data, _ in pieces), sum(seconds for _, seconds in pieces)


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_file_is_streamed_without_its_header(channels: int) -> None:
    pcm = samples(20_050, channels)
    recording = open_recording(wav(pcm, channels=channels), name="visit.wav")
    assert (recording.encoding, recording.rate, recording.channels) == ("pcm", 16_000, channels)
    assert recording.seconds == 20_050 / 16_000
    pieces = list(recording.chunks(100))
    assert [len(data) for data, _ in pieces] == [*[1600 * 2 * channels] * 12, 850 * 2 * channels]
    assert [seconds for _, seconds in pieces] == pytest.approx([*[0.1] * 12, 850 / 16_000])
    assert b"".join(data for data, _ in pieces) == pcm


def test_other_chunks_around_the_samples_are_passed_over() -> None:
    pcm = samples(100)
    format_ = struct.pack("<HHIIHH", 1, 1, 8_000, 16_000, 2, 16)
    data = riff(chunk(b"JUNK", b"odd"), chunk(b"fmt ", format_), chunk(b"LIST", b"INFOodd"), chunk(b"data", pcm))
    recording = open_recording(data + chunk(b"id3 ", b"after"), name="visit.wav")
    assert recording.rate == 8_000
    assert joined(recording, 5) == (pcm, pytest.approx(100 / 8_000))


def test_an_extensible_format_of_16_bit_pcm_is_pcm() -> None:
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    format_ = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 16_000, 64_000, 4, 16, 22, 16, 3) + guid
    recording = open_recording(riff(chunk(b"fmt ", format_), chunk(b"data", samples(10, 2))), name="visit.wav")
    assert (recording.rate, recording.channels, recording.seconds) == (16_000, 2, 10 / 16_000)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_file_that_was_written_into_a_pipe_is_read_to_its_end(size: int) -> None:
    data = bytearray(wav(samples(300)))
    data[40:44] = struct.pack("<I", size)
    assert joined(open_recording(bytes(data), name="visit.wav"), 10)[0] == samples(300)


def test_a_wav_file_that_was_cut_short_is_streamed_as_far_as_it_goes() -> None:
    assert joined(open_recording(wav(samples(300))[:-200], name="visit.wav"), 10)[0] == samples(200)


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2)])
def test_a_flac_file_is_streamed_whole_and_its_pieces_share_its_duration(
    rate: int, channels: int, tmp_path: Path
) -> None:
    data = flac(samples(rate * 2, channels), tmp_path, rate=rate, channels=channels)
    recording = open_recording(data, name="visit.flac")
    assert (recording.encoding, recording.rate, recording.channels) == ("flac", rate, channels)
    assert recording.seconds == 2.0
    pieces = list(recording.chunks(100))
    assert len(pieces) == 20
    assert joined(recording, 100) == (data, pytest.approx(2.0))
    assert max(seconds for _, seconds in pieces) < 0.11


def test_a_flac_file_that_was_written_into_a_pipe_is_paced_by_an_estimate(tmp_path: Path) -> None:
    data = flac(samples(32_000), tmp_path, rate=16_000, channels=1, piped=True)
    recording = open_recording(data, name="visit.flac")
    assert recording.seconds is None
    audio, seconds = joined(recording, 100)
    assert audio == data
    assert seconds == pytest.approx(len(data) / 16_000)


def test_a_flac_file_of_more_than_two_channels_is_refused(tmp_path: Path) -> None:
    data = flac(samples(100, 3), tmp_path, rate=16_000, channels=3)
    with pytest.raises(ConfigError, match="has 3 channels"):
        open_recording(data, name="visit.flac")


@pytest.mark.parametrize("name", ["mic.pcm", "mic.RAW", "mic"])
def test_raw_pcm_takes_its_rate_from_the_flag(name: str) -> None:
    recording = open_recording(samples(80, 2), name=name, rate=8_000, channels=2)
    assert (recording.encoding, recording.rate, recording.channels, recording.seconds) == ("pcm", 8_000, 2, 0.01)
    assert joined(recording, 1)[0] == samples(80, 2)


def test_chunks_are_never_empty_however_short_they_are_asked_for() -> None:
    low = open_recording(samples(3), name="mic.pcm", rate=500)
    assert [len(data) for data, _ in low.chunks(1)] == [2, 2, 2]
    short = Recording(data=b"fLaC", encoding="flac", rate=8_000, channels=1, seconds=60.0)
    assert [len(data) for data, _ in short.chunks(1)] == [1, 1, 1, 1]


FORMATS = {
    "8-bit PCM": struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8),
    "24-bit PCM": struct.pack("<HHIIHH", 1, 1, 8_000, 24_000, 3, 24),
    "format 0x0003": struct.pack("<HHIIHH", 3, 1, 8_000, 32_000, 4, 32),
    "6 channels": struct.pack("<HHIIHH", 1, 6, 8_000, 96_000, 12, 16),
    "sample rate is 0": struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16),
    "cut short": b"\x01\x00",
}


@pytest.mark.parametrize(("said", "format_"), FORMATS.items(), ids=list(FORMATS))
def test_a_wav_file_of_another_kind_is_refused_by_name_and_reason(said: str, format_: bytes) -> None:
    with pytest.raises(ConfigError, match=rf"^visit\.wav: .*{said}"):
        open_recording(riff(chunk(b"fmt ", format_), chunk(b"data", b"\0" * 64)), name="visit.wav")


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"ID3\x04" + bytes(64), "visit.mp3", "neither WAV nor FLAC: convert it with: ffmpeg -i visit.mp3 .* --rate"),
        (bytes(64), "mic.pcm", "give --rate"),
        (riff(chunk(b"data", bytes(8))), "visit.wav", "before their format"),
        (riff(), "visit.wav", "without samples"),
        (wav(b""), "visit.wav", "holds no audio"),
        (b"fLaC" + bytes(10), "visit.flac", "cut short"),
        (b"fLaC\x04" + bytes(64), "visit.flac", "STREAMINFO"),
    ],
)
def test_what_cannot_be_streamed_is_refused_with_a_cure(data: bytes, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: .*{said}"):
        open_recording(data, name=name)


@pytest.mark.parametrize(("flag", "given"), [("--rate", {"rate": 8_000}), ("--channels", {"channels": 2})])
def test_a_flag_that_contradicts_the_file_is_refused(flag: str, given: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=rf"^{flag}: {next(iter(given.values()))} contradicts visit\.wav"):
        open_recording(wav(samples(10)), name="visit.wav", **given)
    assert open_recording(wav(samples(10)), name="visit.wav", rate=16_000, channels=1).rate == 16_000


def test_any_cut_of_a_file_is_a_recording_or_a_configuration_error() -> None:
    """Nothing else escapes, wherever a download broke off."""
    whole = [wav(samples(40)), b"fLaC\0\0\0\x22" + bytes(10) + bytes.fromhex("03e800f000000010") + bytes(16)]
    for data, end in itertools.product(whole, range(64)):
        with contextlib.suppress(ConfigError):
            list(open_recording(data[:end], name="x").chunks(10))

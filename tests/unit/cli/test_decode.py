"""`mockscribe decode`: every file of fixtures/frames, and how frames look to a person."""

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockscribe.cli import cli
from tests.far_end import message

FRAMES = Path(__file__).parents[3] / "fixtures" / "frames"
FILES = sorted(FRAMES.glob("*.bin"))

EVENT = message({":message-type": "event", ":event-type": "sessionControlEvent"}, b'{"type":"END_OF_SESSION"}')


def envelope(inner: bytes) -> bytes:
    """A signed envelope by hand: `:date` 2026-09-21T14:13:20.250Z and 32 bytes of signature."""
    headers = b"\x05:date\x08" + struct.pack(">q", 1_790_000_000_250)
    headers += b"\x10:chunk-signature\x06\x00\x20" + bytes(range(32))
    return with_headers(headers, inner)


def with_headers(block: bytes, payload: bytes) -> bytes:
    """A message around an encoded block of headers."""
    lengths = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + block + payload
    return body + struct.pack(">I", zlib.crc32(body))


def decode(*arguments: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, ["decode", *map(str, arguments)], input=stdin, standalone_mode=False)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_json_is_what_the_vectors_say(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    result = decode(file, "--json")
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    for each in shown:
        if "error" in each:
            assert each["error"].pop("message")
    assert shown == expected
    assert result.return_value == (1 if "error" in expected[-1] else 0)


def test_there_are_vectors() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_person_gets_every_good_frame_and_the_place_of_the_fault(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    result = decode(file)
    good = [frame for frame in expected if "error" not in frame]
    titles = [line for line in result.stdout.splitlines() if line.startswith("frame at byte")]
    assert [int(title.split()[3].rstrip(",")) for title in titles] == [frame["offset"] for frame in good]
    for frame in good:
        for header in frame["headers"]:
            assert f"  {header['type']}" in result.stdout
    if len(good) < len(expected):
        error = expected[-1]["error"]
        assert result.stderr.startswith(f"mockscribe: byte {error['offset']}: ")
        assert result.stderr.endswith(f"({error['kind']})\n")


def test_the_frame_inside_an_envelope_is_shown_indented() -> None:
    result = decode("-", stdin=envelope(EVENT))
    assert result.return_value == 0
    assert result.stdout == (
        "frame at byte 0, 180 bytes\n"
        "  :date             timestamp  2026-09-21T14:13:20.250Z\n"
        "  :chunk-signature  bytes      000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "  frame at byte 79, 97 bytes\n"
        "    :message-type  string  event\n"
        "    :event-type    string  sessionControlEvent\n"
        "    payload, 25 bytes:\n"
        '      {"type": "END_OF_SESSION"}\n'
    )


def test_frames_are_set_apart_and_their_offsets_count_on() -> None:
    result = decode("-", stdin=EVENT + envelope(b""))
    assert "\n\nframe at byte 97, 83 bytes\n" in result.stdout
    assert result.stdout.endswith("  no payload\n")


def test_an_error_inside_the_second_envelope_has_its_absolute_offset() -> None:
    damaged = bytearray(EVENT)
    damaged[-1] ^= 1
    first = envelope(EVENT)
    lines = decode("--json", "-", stdin=first + envelope(bytes(damaged))).stdout.splitlines()
    assert len(lines) == 2
    error = json.loads(lines[1])["error"]
    assert (error["kind"], error["offset"]) == ("message_crc", len(first) + 79 + len(EVENT) - 4)


def test_long_json_is_laid_out_on_lines_that_end() -> None:
    value = {"audioChunk": "A" * 1000, "list": list(range(100))}
    shown = decode("-", stdin=message({}, json.dumps(value).encode())).stdout.splitlines()
    assert shown[2] == "    {"
    assert shown[3].startswith('      "audioChunk": "AAAA')
    assert shown[3].endswith("more characters)")
    assert len(shown[3]) < 220
    assert shown[-1] == "    … 65 more lines"


def test_audio_is_dumped_in_part() -> None:
    shown = decode("-", stdin=message({}, bytes(range(0x30, 0x40)) + b"\xff" * 3184)).stdout.splitlines()
    assert shown[1:3] == [
        "  payload, 3,200 bytes:",
        "    0000  30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f  0123456789:;<=>?",
    ]
    assert shown[-1] == "    … 3,136 more bytes"
    assert len(shown) == 2 + 4 + 1


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"<html>\r\n gone</html>", ["    <html>", "     gone</html>"]),
        ("größer".encode(), ["    größer"]),
        (b"bell\x07", ["    0000  62 65 6c 6c 07                                   bell."]),
        (b'{"a":', ['    {"a":']),
        (b'"' + "\x9b[2J".encode() + b'"', ['    " [2J"']),
    ],
)
def test_other_payloads_are_text_where_they_can_be(payload: bytes, shown: list[str]) -> None:
    assert decode("-", stdin=message({}, payload)).stdout.splitlines()[2:] == shown


def test_a_payload_of_deep_json_is_no_fault() -> None:
    result = decode("-", stdin=message({}, b"[" * 100_000 + b"]" * 100_000))
    assert result.return_value == 0
    assert "payload, 200,000 bytes:" in result.stdout


def test_headers_cannot_move_the_cursor() -> None:
    result = decode("-", stdin=message({"evil\x1b[2J": "\x1b[31mred"}, b""))
    assert "\x1b" not in result.stdout
    assert "evil [2J  string   [31mred" in result.stdout


@pytest.mark.parametrize("milliseconds", [2**63 - 1, -(2**63)])
def test_a_timestamp_that_no_date_can_express_is_a_number(milliseconds: int) -> None:
    data = with_headers(b"\x01t\x08" + struct.pack(">q", milliseconds), b"")
    (line,) = decode("--json", "-", stdin=data).stdout.splitlines()
    assert json.loads(line)["headers"] == [{"name": "t", "type": "timestamp", "value": milliseconds}]


def test_nothing_at_all_is_no_frame_and_no_error() -> None:
    result = decode("-", stdin=b"")
    assert (result.return_value, result.stdout, result.stderr) == (0, "", "")


def test_a_frame_is_shown_before_the_next_one_has_come() -> None:
    """A real process and a pipe that stays open: the first frame must not wait for its end."""
    command = [sys.executable, "-m", "mockscribe", "decode", "--json", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert isinstance(process.stdin, io.RawIOBase)
        assert process.stdout is not None
        process.stdin.write(EVENT + EVENT[:50])
        assert json.loads(process.stdout.readline())["offset"] == 0
        process.stdin.write(EVENT[50:])
        assert json.loads(process.stdout.readline())["offset"] == len(EVENT)
        process.stdin.close()
        assert process.stdout.readline() == b""
        assert process.wait() == 0


def test_a_reader_that_leaves_is_no_error_worth_words(tmp_path: Path) -> None:
    file = tmp_path / "many.bin"
    file.write_bytes(EVENT * 20_000)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mockscribe", "decode", str(file)]
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert done.returncode != 0
    assert done.stderr == b""


def test_a_file_that_is_not_there_is_named() -> None:
    command = [sys.executable, "-m", "mockscribe", "decode", "absent.bin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "absent.bin" in done.stderr

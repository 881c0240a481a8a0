"""Every file of fixtures/frames: decoded, encoded, a byte at a time, one after another, with bytes behind it.

The files come from a script that knows the specification and not this codec. Two oracles of others' making: crcmod for
every checksum, botocore's parser for every message that it reads right (it lets some broken headers pass).
"""

import base64
import datetime
import json
import runpy
import struct
import uuid
from pathlib import Path
from typing import Any

import botocore.eventstream
import crcmod.predefined
import pytest

from mockscribe.errors import FrameError
from mockscribe.wire.eventstream import Decoder, encode, open_envelope
from mockscribe.wire.eventstream_frame import Frame, Header, Headers, HeaderType

FOLDER = Path(__file__).parents[2] / "fixtures" / "frames"
VALID = sorted(path.stem for path in FOLDER.glob("valid_*.bin"))
INVALID = sorted(path.stem for path in FOLDER.glob("invalid_*.bin"))
INVALID_INSIDE = [name for name in INVALID if name.startswith("invalid_inner")]  # the frame in an envelope
INVALID_OUTSIDE = [name for name in INVALID if name not in INVALID_INSIDE]
PRELUDE_FAULTS = ("invalid_prelude", "invalid_total", "invalid_headers_length", "invalid_payload_length")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MILLISECOND = datetime.timedelta(milliseconds=1)

crc32 = crcmod.predefined.mkCrcFun("crc-32")

Described = dict[str, Any]


def load(name: str) -> tuple[bytes, list[Described]]:
    return (FOLDER / f"{name}.bin").read_bytes(), json.loads((FOLDER / f"{name}.json").read_bytes())


def read(decoder: Decoder) -> list[Described]:
    """What the decoder has, described as `mockscribe decode --json` does it."""
    described: list[Described] = []
    try:
        while (frame := decoder.next_frame()) is not None:
            described.append(describe(frame))
    except FrameError as error:
        described.append(describe_error(error))
    return described


def decode(data: bytes) -> list[Described]:
    """All that is in `data`; an end inside a frame is an error."""
    decoder = Decoder()
    decoder.feed(data)
    described = read(decoder)
    if not described or "error" not in described[-1]:
        try:
            decoder.end()
        except FrameError as error:
            described.append(describe_error(error))
    return described


def describe(frame: Frame) -> Described:
    inner = None
    assert frame.signed == any(header.name == ":chunk-signature" for header in frame.headers)
    if frame.signed and frame.payload:
        inner = describe(open_envelope(frame))
    return {
        "offset": frame.offset,
        "headers": [describe_header(header) for header in frame.headers],
        "payload": base64.b64encode(frame.payload).decode(),
        "inner": inner,
    }


def describe_header(header: Header) -> Described:
    match header.type, header.value:
        case ((HeaderType.TRUE | HeaderType.FALSE), value):
            return {"name": header.name, "type": "bool", "value": value}
        case HeaderType.TIMESTAMP, int(milliseconds):
            moment = EPOCH + milliseconds * MILLISECOND
            text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return {"name": header.name, "type": "timestamp", "value": text}
        case HeaderType.BYTES, bytes(raw):
            return {"name": header.name, "type": "bytes", "value": base64.b64encode(raw).decode()}
        case HeaderType.UUID, value:
            return {"name": header.name, "type": "uuid", "value": str(value)}
        case kind, value:
            return {"name": header.name, "type": kind.name.lower(), "value": value}


def describe_error(error: FrameError) -> Described:
    assert error.message
    return {"error": {"kind": error.kind.value, "offset": error.offset}}


def headers_of(described: Described) -> Headers:
    """The other way round: a description's headers as values to encode."""
    return tuple(header_of(each["name"], each["type"], each["value"]) for each in described["headers"])


def header_of(name: str, kind: str, value: Any) -> Header:
    match kind:
        case "bool":
            return Header(name, HeaderType.TRUE if value else HeaderType.FALSE, value)
        case "timestamp":
            return Header(name, HeaderType.TIMESTAMP, (datetime.datetime.fromisoformat(value) - EPOCH) // MILLISECOND)
        case "bytes":
            return Header(name, HeaderType.BYTES, base64.b64decode(value))
        case "uuid":
            return Header(name, HeaderType.UUID, uuid.UUID(value))
        case _:
            return Header(name, HeaderType[kind.upper()], value)


def test_the_files_are_those_that_the_script_writes() -> None:
    made = runpy.run_path(str(FOLDER / "make.py"))["files"]()
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in (".bin", ".json")} == made


@pytest.mark.parametrize("name", VALID + INVALID_OUTSIDE)
def test_a_file_is_decoded_to_its_description(name: str) -> None:
    data, described = load(name)
    assert decode(data) == described


@pytest.mark.parametrize("name", INVALID_INSIDE)
def test_a_fault_inside_an_envelope_is_told_at_its_absolute_offset(name: str) -> None:
    data, described = load(name)
    decoder = Decoder()
    decoder.feed(data)
    outer = decoder.next_frame()
    assert outer is not None
    with pytest.raises(FrameError) as caught:
        describe(outer)
    assert [describe_error(caught.value)] == described


@pytest.mark.parametrize("name", VALID)
def test_a_description_is_encoded_to_its_file(name: str) -> None:
    data, described = load(name)
    encoded = b"".join(encode(headers_of(each), base64.b64decode(each["payload"])) for each in described)
    assert encoded == data


@pytest.mark.parametrize("name", VALID + INVALID_OUTSIDE)
def test_a_byte_at_a_time_gives_the_same(name: str) -> None:
    data, described = load(name)
    decoder, got = Decoder(), list[Described]()
    for at in range(len(data)):
        decoder.feed(data[at : at + 1])
        got += read(decoder)
        if got and "error" in got[-1]:
            break
    else:
        try:
            decoder.end()
        except FrameError as error:
            got.append(describe_error(error))
    assert got == described


@pytest.mark.parametrize("name", [name for name in INVALID if name.startswith(PRELUDE_FAULTS)])
def test_a_bad_prelude_is_refused_at_its_twelfth_byte(name: str) -> None:
    data, described = load(name)
    decoder = Decoder()
    decoder.feed(data[:11])
    assert read(decoder) == []
    decoder.feed(data[11:12])
    assert read(decoder) == described


def test_all_valid_files_one_after_another_are_one_stream() -> None:
    data, expected = b"", list[Described]()
    for name in VALID:
        for each in load(name)[1]:
            expected.append(moved(each, len(data)))
        data += load(name)[0]
    assert decode(data) == expected


def moved(described: Described, by: int) -> Described:
    inner = described["inner"]
    return {**described, "offset": described["offset"] + by, "inner": inner and moved(inner, by)}


@pytest.mark.parametrize("name", VALID)
def test_bytes_behind_a_message_wait_for_more(name: str) -> None:
    data, described = load(name)
    decoder = Decoder()
    decoder.feed(data + data[:7])
    assert read(decoder) == described
    with pytest.raises(FrameError) as caught:
        decoder.end()
    assert describe_error(caught.value) == {"error": {"kind": "truncated", "offset": len(data) + 7}}


@pytest.mark.parametrize("name", VALID)
def test_the_checksums_are_those_of_crcmod(name: str) -> None:
    data, at = load(name)[0], 0
    while at < len(data):
        total, _, of_prelude = struct.unpack_from(">III", data, at)
        (of_message,) = struct.unpack_from(">I", data, at + total - 4)
        assert of_prelude == crc32(data[at : at + 8])
        assert of_message == crc32(data[at : at + total - 4])
        at += total


@pytest.mark.parametrize("name", VALID)
def test_botocore_reads_the_same_names_values_and_payloads(name: str) -> None:
    data, _ = load(name)
    theirs = botocore.eventstream.EventStreamBuffer()
    theirs.add_data(data)
    ours = Decoder()
    ours.feed(data)
    for message in theirs:
        frame = ours.next_frame()
        assert frame is not None
        values = {
            header.name: header.value.bytes if isinstance(header.value, uuid.UUID) else header.value
            for header in frame.headers
        }
        assert values == message.headers
        assert list(values) == list(message.headers)
        assert frame.payload == message.payload
    assert ours.next_frame() is None


BOTOCORE_ERRORS = {
    "prelude_crc": botocore.eventstream.ChecksumMismatch,
    "message_crc": botocore.eventstream.ChecksumMismatch,
    "duplicate_header": botocore.eventstream.DuplicateHeader,
    "headers_length_over_limit": botocore.eventstream.InvalidHeadersLength,
    "payload_length": botocore.eventstream.InvalidPayloadLength,
}


@pytest.mark.parametrize("name", [name for name in INVALID if any(kind in name for kind in BOTOCORE_ERRORS)])
def test_botocore_refuses_the_same_checksums_lengths_and_duplicates(name: str) -> None:
    (expected,) = (error for kind, error in BOTOCORE_ERRORS.items() if kind in name)
    theirs = botocore.eventstream.EventStreamBuffer()
    theirs.add_data(load(name)[0])
    with pytest.raises(expected):
        next(theirs)

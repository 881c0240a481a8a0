"""`mockscribe decode`: event-stream bytes, frame by frame, for reading by a person or a program."""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import click
import msgspec

from mockscribe.cli.transcript import printable
from mockscribe.errors import ConfigError, FrameError
from mockscribe.wire.eventstream import Decoder, open_envelope
from mockscribe.wire.eventstream_frame import Frame, Header, HeaderType

EPILOG = """
\b
Examples:
  mockscribe decode body.bin
  tail -c +1 -f body.bin | mockscribe decode -
  mockscribe decode body.bin --json | jq '.inner // .'

With --json every frame is a line {"offset", "headers": [{"name", "type", "value"}], "payload", "inner"}: payload and
values of type bytes in base64, a timestamp in RFC 3339 (as milliseconds where no date is that far), inner the frame
inside a signed envelope, or null. Types are bool, byte, short, int, long, bytes, string, timestamp and uuid.

Exit code 1: the bytes are broken. The frames before that are shown; with --json the last line is then
{"error": {"kind", "offset", "message"}}.
"""

READ_BYTES = 65_536

MAX_LINE = 160
MAX_LINES = 40
MAX_DUMPED_BYTES = 64
"""What is shown of a payload; own choices: about a screen of it. With --json nothing is left out."""

ONE_LINE = 90
"""JSON of up to so many characters stays on one line; own choice, beside the indent in 100 columns."""

MAX_NAME_COLUMNS = 32
"""Headers stand in columns as wide as the longest name up to this; own choice: twice the service's longest."""


Described = dict[str, Any]


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a frame, with nothing left out.")
def decode(file: str, as_json: bool) -> int:
    """Show the frames in event-stream bytes, also the one inside each signed envelope.

    FILE holds the body of a request or a response; - is standard input. Frames are shown as they arrive.
    """
    try:
        with _opened(file) as source:
            first = True
            for frame, inner in _frames(source):
                if as_json:
                    click.echo(json.dumps(_described(frame, inner), ensure_ascii=False))
                else:
                    click.echo("\n".join([*([] if first else [""]), *_lines(frame, inner)]))
                first = False
    except FrameError as error:
        if as_json:
            failure = {"kind": error.kind.value, "offset": error.offset, "message": error.message}
            click.echo(json.dumps({"error": failure}))
        else:
            click.echo(f"mockscribe: byte {error.offset}: {error.message} ({error.kind.value})", err=True)
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise ConfigError(file, f"cannot be read: {error.strerror}") from None
    return 0


def _opened(file: str) -> contextlib.AbstractContextManager[BinaryIO]:
    return contextlib.nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb")


def _frames(source: Any) -> Iterator[tuple[Frame, Frame | None]]:
    """Each frame, and the one inside it if it is a signed envelope.

    Raises:
        FrameError: the bytes are broken, those of an inner frame included.
    """
    decoder = Decoder()
    while data := source.read1(READ_BYTES):
        decoder.feed(data)
        while (frame := decoder.next_frame()) is not None:
            inner = None
            if frame.signed and frame.begin != frame.end:
                inner = open_envelope(frame)
            yield frame, inner
    decoder.end()


# ---- for a program


def _described(frame: Frame, inner: Frame | None = None) -> Described:
    return {
        "offset": frame.offset,
        "headers": [{"name": header.name, "type": _type(header), "value": _plain(header)} for header in frame.headers],
        "payload": base64.b64encode(frame.payload).decode(),
        "inner": None if inner is None else _described(inner),
    }


def _type(header: Header) -> str:
    return "bool" if header.type in (HeaderType.TRUE, HeaderType.FALSE) else header.type.name.lower()


def _plain(header: Header) -> bool | int | str:
    match header.value:
        case bytes() as value:
            return base64.b64encode(value).decode()
        case uuid.UUID() as value:
            return str(value)
        case int() as value if header.type is HeaderType.TIMESTAMP:
            return _moment(value)
        case value:
            return value


def _moment(milliseconds: int) -> str | int:
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- for a person


def _lines(frame: Frame, inner: Frame | None = None) -> Iterator[str]:
    yield click.style(f"frame at byte {frame.offset}, {frame.size:,} bytes", bold=True)
    names = max((len(header.name) for header in frame.headers if len(header.name) <= MAX_NAME_COLUMNS), default=0)
    types = max((len(_type(header)) for header in frame.headers), default=0)
    for header in frame.headers:
        yield f"  {printable(header.name):{names}}  {_type(header):{types}}  {_cut(_shown(header))}"
    for line in _payload(frame.payload) if inner is None else _lines(inner):
        yield f"  {line}"


def _shown(header: Header) -> str:
    match header.value:
        case bytes() as value:
            return value.hex()
        case bool() as value:
            return "true" if value else "false"
        case _:
            return printable(str(_plain(header)))


def _payload(payload: bytes) -> Iterator[str]:
    size = f"{len(payload):,} bytes"
    if not payload:
        yield "no payload"
    elif (text := _text(payload)) is not None:
        yield f"payload, {size}:"
        lines = text.splitlines()
        for line in lines[:MAX_LINES]:
            yield _cut(f"  {line}")
        if len(lines) > MAX_LINES:
            yield f"  … {len(lines) - MAX_LINES:,} more lines"
    else:
        yield f"payload, {size}:"
        yield from _dump(payload)


def _text(payload: bytes) -> str | None:
    """JSON, on several lines if it is long, or other text; None for neither."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        msgspec.json.decode(payload)
        text = msgspec.json.format(text, indent=0 if len(text) <= ONE_LINE else 2)
        return "\n".join(printable(line) for line in text.split("\n"))
    if all(character.isprintable() or character in "\r\n\t" for character in text):
        return "\n".join(printable(line) for line in text.splitlines())
    return None


def _dump(payload: bytes) -> Iterator[str]:
    """The first bytes in hexadecimal and, where they are ASCII, as characters."""
    for at in range(0, min(len(payload), MAX_DUMPED_BYTES), 16):
        row = payload[at : at + 16]
        characters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"  {at:04x}  {row.hex(' '):47}  {characters}"
    if len(payload) > MAX_DUMPED_BYTES:
        yield f"  … {len(payload) - MAX_DUMPED_BYTES:,} more bytes"


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}… ({len(line) - MAX_LINE:,} more characters)"

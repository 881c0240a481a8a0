"""A message of the AWS event-stream encoding as a value, and its headers: bytes ⇄ headers, the wire type of each kept.

Specification (ES-SPEC): smithy, `docs/source-2.0/aws/amazon-eventstream.rst`. A header is

    length of the name u8 │ name │ type u8 │ value

big-endian, where values of bytes and strings have a length u16 before them. Headers that are the same from one message
to the next are parsed and encoded once. Knows nothing of the message around them (`eventstream.py`).
"""

from __future__ import annotations

import enum
import struct
import uuid
from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr

from mockscribe.errors import FrameError, FrameErrorKind

PRELUDE_BYTES: Final = 12
"""What stands before a message's headers: total length, headers length, CRC."""


class HeaderType(enum.IntEnum):
    """The wire type of a header value; the number is the type byte."""

    TRUE = 0
    FALSE = 1
    BYTE = 2
    SHORT = 3
    INT = 4
    LONG = 5
    BYTES = 6
    STRING = 7
    TIMESTAMP = 8
    UUID = 9


Value = bool | int | bytes | str | uuid.UUID


class Header(NamedTuple):
    """A header. Integers carry their width in `type`; a timestamp's value is milliseconds since the epoch."""

    name: str
    type: HeaderType
    value: Value


Headers = tuple[Header, ...]


def string(name: str, value: str) -> Header:
    """A header of type string."""
    return Header(name, HeaderType.STRING, value)


@mypyc_attr(acyclic=True)
class Frame:
    """One message, checked. `offset` is where it began in its stream and `size` how many bytes it took there.

    `block` is its encoded headers; `signed` says that `:chunk-signature` is among them, so that the payload is a
    message of its own. The payload is `data[begin:end]`, `view` being of `data`; a frame keeps all of it alive.
    """

    __slots__ = ("begin", "block", "data", "end", "offset", "signed", "size", "view")

    def __init__(
        self, block: bytes, data: bytes, view: memoryview, begin: int, end: int, signed: bool, offset: int, size: int
    ) -> None:
        self.block: Final = block
        self.data: Final = data
        self.view: Final = view
        self.begin: Final = begin
        self.end: Final = end
        self.signed: Final = signed
        self.offset: Final = offset
        self.size: Final = size

    @property
    def payload(self) -> bytes:
        """A copy of the payload."""
        return self.data[self.begin : self.end]

    @property
    def headers(self) -> Headers:
        """The headers in their order, made when they are asked for.

        Raises:
            FrameError: of a frame that an envelope held: those of others were looked at.
        """
        return decode_headers(self.block, self.offset + PRELUDE_BYTES)

    def value(self, name: str) -> Value | None:
        """The value of a header, or None."""
        for header in self.headers:
            if header[0] == name:
                return header[2]
        return None


# ---- decoding

_INTEGERS = {
    HeaderType.BYTE: struct.Struct(">b"),
    HeaderType.SHORT: struct.Struct(">h"),
    HeaderType.INT: struct.Struct(">i"),
    HeaderType.LONG: struct.Struct(">q"),
    HeaderType.TIMESTAMP: struct.Struct(">q"),
}

_KNOWN_BLOCKS: dict[bytes, Headers] = {}  # of strings, none of them a signature
_ENCODED_BLOCKS: dict[Headers, bytes] = {}
_MAX_KNOWN_BLOCKS = 512
_MAX_KNOWN_BLOCK_BYTES = 256


def decode_headers(block: bytes, offset: int) -> Headers:
    """The headers of a block that stands at `offset`.

    Raises:
        FrameError: it does not hold headers, whole and each once.
    """
    known = _KNOWN_BLOCKS.get(block)
    if known is not None:
        return known
    headers = _parse_headers(block, offset)
    if len(block) <= _MAX_KNOWN_BLOCK_BYTES and all(
        header.type is HeaderType.STRING and header.name != ":chunk-signature" for header in headers
    ):
        if len(_KNOWN_BLOCKS) >= _MAX_KNOWN_BLOCKS:
            _KNOWN_BLOCKS.clear()
        _KNOWN_BLOCKS[block] = headers
    return headers


def has_signature(block: bytes, offset: int) -> bool:
    """Whether `:chunk-signature` is among the headers of a block that stands at `offset`.

    Raises:
        FrameError: it does not hold headers.
    """
    return block not in _KNOWN_BLOCKS and any(
        header.name == ":chunk-signature" for header in decode_headers(block, offset)
    )


def _parse_headers(block: bytes, offset: int) -> Headers:
    headers: list[Header] = []
    names: set[str] = set()
    at = 0
    while at < len(block):
        start = offset + at
        name_bytes = block[at]
        name_end = at + 1 + name_bytes
        if name_bytes == 0:
            raise FrameError(FrameErrorKind.HEADER_NAME, start, "A header has an empty name.")
        if name_end >= len(block):
            raise FrameError(FrameErrorKind.HEADER_NAME, start, "A header's name reaches beyond the headers.")
        try:
            name = block[at + 1 : name_end].decode()
        except UnicodeDecodeError:
            raise FrameError(FrameErrorKind.HEADER_NAME, start + 1, "A header's name is not UTF-8.") from None
        if name in names:
            raise FrameError(FrameErrorKind.DUPLICATE_HEADER, start, f"The header {name!r} stands twice.")
        names.add(name)
        try:
            type_ = HeaderType(block[name_end])
        except ValueError:
            text = f"The header {name!r} has the unknown type {block[name_end]}."
            raise FrameError(FrameErrorKind.HEADER_TYPE, offset + name_end, text) from None
        value, at = _parse_value(block, name_end + 1, name, type_, offset)
        headers.append(Header(name, type_, value))
    return tuple(headers)


def _parse_value(block: bytes, at: int, name: str, type_: HeaderType, offset: int) -> tuple[Value, int]:
    """The value that begins at `at`, and where it ends."""
    match type_:
        case HeaderType.TRUE | HeaderType.FALSE:
            return type_ is HeaderType.TRUE, at
        case HeaderType.BYTES | HeaderType.STRING:
            if at + 2 > len(block):
                raise _short(name, offset + at)
            begin = at + 2
            end = begin + int.from_bytes(block[at:begin], "big")
        case HeaderType.UUID:
            begin, end = at, at + 16
        case _:
            begin, end = at, at + _INTEGERS[type_].size
    if end > len(block):
        raise _short(name, offset + at)
    raw = block[begin:end]
    match type_:
        case HeaderType.BYTES:
            return raw, end
        case HeaderType.STRING:
            try:
                return raw.decode(), end
            except UnicodeDecodeError:
                text = f"The value of the header {name!r} is not UTF-8."
                raise FrameError(FrameErrorKind.HEADER_VALUE, offset + begin, text) from None
        case HeaderType.UUID:
            return uuid.UUID(bytes=raw), end
        case _:
            number: int = _INTEGERS[type_].unpack(raw)[0]
            return number, end


def _short(name: str, offset: int) -> FrameError:
    text = f"The value of the header {name!r} reaches beyond the headers."
    return FrameError(FrameErrorKind.HEADER_VALUE, offset, text)


# ---- encoding


def encode_headers(headers: Headers) -> bytes:
    """The headers' block.

    Raises:
        ValueError: a name of no or over 255 bytes, a value of over 65,535 bytes or out of its type's range.
    """
    known = _ENCODED_BLOCKS.get(headers)
    if known is not None:
        return known
    block = b"".join(_encode_header(header) for header in headers)
    if len(block) <= _MAX_KNOWN_BLOCK_BYTES and all(header.type is HeaderType.STRING for header in headers):
        if len(_ENCODED_BLOCKS) >= _MAX_KNOWN_BLOCKS:
            _ENCODED_BLOCKS.clear()
        _ENCODED_BLOCKS[headers] = block
    return block


def _encode_header(header: Header) -> bytes:
    name = header.name.encode()
    if not 1 <= len(name) <= 255:
        raise ValueError(f"the header name {header.name!r} takes {len(name)} bytes: 1 to 255 are allowed")
    return bytes((len(name),)) + name + bytes((header.type,)) + _encode_value(header)


def _encode_value(header: Header) -> bytes:
    value = header.value
    match header.type, value:
        case (HeaderType.TRUE, True) | (HeaderType.FALSE, False):
            return b""
        case (HeaderType.BYTES, bytes()) | (HeaderType.STRING, str()):
            raw = value if isinstance(value, bytes) else str(value).encode()
            if len(raw) > 0xFFFF:
                raise ValueError(f"the value of {header.name!r} takes {len(raw)} bytes: at most 65,535 are allowed")
            return struct.pack(">H", len(raw)) + raw
        case HeaderType.UUID, uuid.UUID():
            return value.bytes
        case type_, int() if type_ in _INTEGERS and not isinstance(value, bool):
            try:
                return _INTEGERS[type_].pack(value)
            except struct.error:
                raise ValueError(f"{value} is out of range for {header.name!r} of type {type_.name}") from None
        case _:
            raise ValueError(f"{value!r} is no value of type {header.type.name} ({header.name!r})")

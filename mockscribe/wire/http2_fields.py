"""Header fields of HTTP/2: the rules of RFC 9113, 8.2 and 8.3, for requests, and the blocks of responses.

h2 has these rules too, but ends the whole connection over one of them; here a malformed request costs its own stream
only, as section 8.1.1 of the RFC has it. Knows no frames and no streams.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Final

from hpack.hpack import encode_integer

from mockscribe.wire.exchange import Headers, RequestHead
from mockscribe.wire.http2_frames import RuleError, stream_error

Fields = Iterable[tuple[bytes, bytes]]

_NAME: Final = re.compile(rb"[\x21-\x39\x3b-\x40\x5b-\x7e]+")  # 8.2.1: visible ASCII, no capitals, no colon
_VALUE: Final = re.compile(rb"(?![ \t])[^\x00\r\n]*(?<![ \t])")  # 8.2.1: no NUL, CR, LF; no white space around it
_PSEUDO: Final = frozenset((b":method", b":scheme", b":authority", b":path"))
_HOP_BY_HOP: Final = frozenset((b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"))


NO_TABLE: Final = b"\x20"
"""What the first block after each SETTINGS of a client begins with: our dynamic table holds 0 bytes (RFC 7541, 6.3)."""

_NEVER_INDEXED: Final = b"\x10"
_KNOWN_FIELDS: Final = 512


def encode_fields(fields: Headers) -> bytes:
    """A response's header block: literals that are never indexed, their names written out (RFC 7541, 6.2.3).

    What is long in a response's head differs from one to the next, so that a table would cost more than it saves; and
    what does not differ is encoded once for all connections.
    """
    return b"".join([_encode_field(name, value) for name, value in fields])


@functools.lru_cache(_KNOWN_FIELDS)
def _encode_field(name: str, value: str) -> bytes:
    return b"".join((_NEVER_INDEXED, _literal(name), _literal(value)))


def _literal(text: str) -> bytes:
    """A string without Huffman's code (RFC 7541, 5.2)."""
    octets = text.encode("latin-1")
    size = bytes((len(octets),)) if len(octets) < 127 else encode_integer(len(octets), 7)
    return b"".join((size, octets))


def _malformed(clause: str, message: str, stream_id: int) -> RuleError:
    return stream_error(stream_id, "malformed_request", clause, message)


def _check_field(name: bytes, value: bytes, stream_id: int) -> None:
    if _NAME.fullmatch(name) is None:
        raise _malformed("8.2.1", f"The field name {name!r} is not allowed", stream_id)
    if _VALUE.fullmatch(value) is None:
        raise _malformed("8.2.1", f"The value of the field {name!r} has characters that are not allowed", stream_id)
    if name in _HOP_BY_HOP:
        raise _malformed("8.2.2", f"The field {name!r} belongs to one connection of HTTP/1.1", stream_id)
    if name == b"te" and value.lower() != b"trailers":
        raise _malformed("8.2.2", f"The field 'te' may only say 'trailers', not {value!r}", stream_id)


def check_trailers(fields: Fields, stream_id: int) -> None:
    """Hold trailer fields against the rules.

    Raises:
        RuleError: of the stream.
    """
    for name, value in fields:
        if name[:1] == b":":
            raise _malformed("8.1", f"The pseudo-header field {name!r} is not allowed in trailers", stream_id)
        _check_field(name, value, stream_id)


def request_head(fields: Fields, stream_id: int) -> RequestHead:
    """The head that a request's fields make.

    Raises:
        RuleError: of the stream.
    """
    pseudo: dict[bytes, bytes] = {}
    headers: list[tuple[str, str]] = []
    host: str | None = None
    for name, value in fields:
        if name[:1] == b":":
            if headers:
                raise _malformed("8.3", f"The pseudo-header field {name!r} stands after a regular field", stream_id)
            if name not in _PSEUDO:
                raise _malformed("8.3", f"The pseudo-header field {name!r} is not one of a request", stream_id)
            if name in pseudo:
                raise _malformed("8.3", f"The pseudo-header field {name!r} is given twice", stream_id)
            if _VALUE.fullmatch(value) is None:
                raise _malformed("8.2.1", f"The value of {name!r} has characters that are not allowed", stream_id)
            pseudo[name] = value
            continue
        _check_field(name, value, stream_id)
        text = value.decode("latin-1")
        if name == b"host":
            if host is not None:
                raise _malformed("8.3.1", "The field 'host' is given twice", stream_id)
            host = text
        headers.append((name.decode("latin-1"), text))
    _check_pseudo(pseudo, stream_id)
    authority = pseudo[b":authority"].decode("latin-1") if b":authority" in pseudo else host or ""
    if host is not None and host.lower() != authority.lower():
        raise _malformed("8.3.1", f"':authority' says {authority!r} and 'host' {host!r}", stream_id)
    return RequestHead(
        method=pseudo[b":method"].decode("latin-1"),
        target=pseudo.get(b":path", b"").decode("latin-1") or authority,  # CONNECT has no path (8.5)
        scheme=pseudo.get(b":scheme", b"").decode("latin-1"),
        authority=authority,
        version="2",
        headers=tuple(headers),
    )


def _check_pseudo(pseudo: Mapping[bytes, bytes], stream_id: int) -> None:
    method = pseudo.get(b":method")
    if not method:
        raise _malformed("8.3.1", "The request has no ':method'", stream_id)
    if method == b"CONNECT":
        if b":scheme" in pseudo or b":path" in pseudo or not pseudo.get(b":authority"):
            raise _malformed("8.5", "CONNECT takes ':authority' and neither ':scheme' nor ':path'", stream_id)
        return
    if not pseudo.get(b":scheme"):
        raise _malformed("8.3.1", "The request has no ':scheme'", stream_id)
    path = pseudo.get(b":path")
    if not path:
        raise _malformed("8.3.1", "The request has no ':path'", stream_id)
    if path[:1] != b"/" and not (path == b"*" and method == b"OPTIONS"):
        raise _malformed("8.3.1", f"The ':path' {path!r} does not begin with '/'", stream_id)

"""The rules that a client can break: what a violation in the journal names, and what a test may forgive."""

from __future__ import annotations

from mockscribe.errors import FrameErrorKind, SignatureErrorKind
from mockscribe.spelling import did_you_mean

RULES = (
    # connections
    "connections",
    "slow_start",
    "unread_output",
    "tls",
    # HTTP
    "content_length",
    "first_frame",
    "flood",
    "flow_control",
    "frame_size",
    "goaway_frame",
    "head_size",
    "header_block",
    "header_list_size",
    "headers_frame",
    "malformed_request",
    "max_concurrent_streams",
    "padding",
    "ping_frame",
    "preface",
    "priority_frame",
    "push_promise_frame",
    "rst_stream_frame",
    "settings_frame",
    "slow_head",
    "stalled_stream",
    "stream_state",
    "trailers",
    "two_lengths",
    "window_update_frame",
    # requests
    "body_size",
    "slow_body",
    "request",
    "changed_parameters",
    *(f"signature_{kind.value}" for kind in SignatureErrorKind),
    # event streams
    *(f"frame_{kind.value}" for kind in FrameErrorKind),
    "missing_empty_frame",
    "event",
    "sequence",
    "configuration",
    "changed_configuration",
    "audio",
    "chunk_size",
    "empty_chunk",
    "session_audio",
)
"""All of them, by the layer that watches over them."""


def unknown(name: str) -> str | None:
    """What is said of a name that is no rule's, with those that come nearest; None when it is one."""
    if name in RULES:
        return None
    parts = [each for each in RULES if name and name in each]
    otherwise = f"did you mean {' or '.join(parts)}?" if parts else f"there are {', '.join(RULES)}"
    return f"there is no rule {name!r:.100}; {did_you_mean(name, RULES, otherwise, count=3)}"

"""Violations in the log: one line each, with nothing in it that a client may want kept to itself.

Pure: the time is an argument, and `later` is whoever can call back after some seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from mockscribe.entries import Origin

LINES_A_SECOND = 10
"""How many violations a process logs in a second, the others are counted; own choice: one person reads no more, and a
client that does nothing else makes a megabyte of log in ten minutes and not in one second."""

MAX_CHARACTERS = 1000
"""How long a line may be; own choice: the messages on configurations list all that is wrong."""

OWN_WORDS = frozenset(
    (
        *("sequence", "chunk_size", "empty_chunk", "audio", "session_audio", "missing_empty_frame"),
        *("changed_configuration", "changed_parameters"),
        # These quote members of the model, without the values of those that it calls sensitive (`validation.failure`).
        *("configuration", "request"),
        *("frame_prelude_crc", "frame_message_crc", "frame_total_length", "frame_headers_length"),
        *("frame_payload_length", "frame_truncated"),
        *("signature_missing", "signature_unknown_key", "signature_unsigned"),
        *("body_size", "slow_body", "connections", "slow_start", "unread_output", "tls"),
        *("head_size", "slow_head", "stalled_stream", "two_lengths"),
        *("preface", "first_frame", "flood", "flow_control", "frame_size", "padding", "stream_state", "trailers"),
        *("content_length", "header_block", "header_list_size", "max_concurrent_streams"),
        *("settings_frame", "window_update_frame", "goaway_frame", "priority_frame", "rst_stream_frame"),
        *("push_promise_frame", "ping_frame"),
    )
)
"""Rules whose messages consist of our words and of numbers, so that they hold no secret, no audio and no transcript.

Of all others the log has no message, at any level, for what they quote is not known to be harmless: a field line that
is malformed may be that of Authorization, the string to sign has a session's token in it, and the name of an event is
any text that the client has put there. A new rule is one of these until somebody has looked at its messages.
"""


class ViolationLog:
    """What `tell` is told goes to `log`, at most `LINES_A_SECOND`; of the others their number does."""

    def __init__(self, log: logging.Logger, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._log = log
        self._later = later
        self._ends = 0.0  # of the second that counts
        self._lines = 0
        self._left_out = 0

    def tell(self, origin: Origin, about: Mapping[str, object], now: float) -> None:
        """A client broke a rule; `about` is what the journal has of it."""
        if now >= self._ends:
            self._ends = now + 1.0
            self._lines = 0
        if self._lines >= LINES_A_SECOND:
            self._left_out += 1
            if self._left_out == 1:
                self._later(self._ends - now, self.tell_left_out)
            return
        self._lines += 1
        rule, message = about["rule"], about["message"]
        cause = message if rule in OWN_WORDS else "its message may quote the client, and is in the journal"
        what = f"violation {rule} ({about['source']}) at byte {about['offset']} of {_where(origin)}: {cause}"
        self._log.warning("%s", _printable(what))

    def tell_left_out(self) -> None:
        """Say how many were not told."""
        if self._left_out:
            self._log.warning("%d more violations were not logged; the journal has them", self._left_out)
            self._left_out = 0


def _where(origin: Origin) -> str:
    if not origin.stream:
        return f"connection {origin.connection}"
    return f"stream {origin.stream}" + (f", session {origin.session}" if origin.session else "")


def _printable(text: str) -> str:
    """Text as one line that a terminal takes for nothing else."""
    shown = text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
    if shown.isprintable():
        return shown
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)

"""A whole `Connection` against any bytes in any cut at any time: what the fuzzer does by coverage, by structure.

`tests/fuzz/connection.py` has the belt and what must hold: no exception, no deadline that its tick does not clear, an
end without the client's help, and nothing left of the streams.
"""

import functools

import h2.config
import h2.connection
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.connection import PAYLOADS, PREFACE, Step, play, steps
from tests.wire import EMPTY_FRAME, END_OF_SESSION, audio, configuration, envelope, request_headers, silence

TIMES = st.one_of(st.floats(0, 1), st.floats(0, 100), st.sampled_from([0.0, 15.0, 30.0, 60.0, 300.0]))
DOINGS: st.SearchStrategy[Step] = st.one_of(
    TIMES, st.sampled_from(["eof", "drain", "wake", "go away", "shut down", "pause", "resume"])
)


@functools.cache
def visit() -> bytes:
    """What h2 sends in a visit of two streams, one of which it resets."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    client.initiate_connection()
    for stream in (1, 3):
        client.send_headers(stream, request_headers())
        client.send_data(stream, b"".join(map(envelope, (configuration(), audio(silence(0.05))))))
    client.ping(bytes(8))
    client.reset_stream(1)
    client.send_data(3, envelope(END_OF_SESSION) + EMPTY_FRAME, end_stream=True)
    return client.data_to_send()


@functools.cache
def http1() -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in [("host", "localhost"), *request_headers()[4:]])
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in PAYLOADS)
    request = f"POST /medical-scribe-stream/ HTTP/1.1\r\n{head}transfer-encoding: chunked\r\n\r\n".encode()
    return request + chunks + b"0\r\n\r\nGET /_mockscribe/health HTTP/1.1\r\nhost: a\r\n\r\n"


def _place(cut: tuple[int, Step]) -> int:
    return cut[0]


@st.composite
def conversations(draw: st.DrawFn) -> list[Step]:
    """A good conversation with some damage, cut anywhere, with anything happening in between."""
    data = bytearray(draw(st.sampled_from([visit(), visit(), http1()])))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                data[at] ^= draw(st.integers(1, 255))
            case 1:
                del data[at : at + draw(st.integers(1, 40))]
            case 2:
                data[at:at] = draw(st.binary(max_size=20))
            case _:
                del data[at:]
        if not data:
            break
    program: list[Step] = []
    before = 0
    for at, what in sorted(draw(st.lists(st.tuples(st.integers(0, len(data)), DOINGS), max_size=10)), key=_place):
        program += [bytes(data[before:at]), what]
        before = at
    program.append(bytes(data[before:]))
    return program


@settings(max_examples=200, deadline=None)
@given(conversations())
def test_a_damaged_conversation_comes_to_an_end_and_leaves_nothing(program: list[Step]) -> None:
    play(program)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), DOINGS), max_size=8), st.booleans())
def test_any_bytes_at_any_time_come_to_an_end_and_leave_nothing(program: list[Step], greeted: bool) -> None:
    play([PREFACE, *program] if greeted else program)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.binary(max_size=20)), max_size=25))
def test_any_run_of_frames_comes_to_an_end_and_leaves_nothing(codes: list[tuple[int, bytes]]) -> None:
    play(steps(b"\x01\x00" + b"".join(bytes((code, len(rest))) + rest for code, rest in codes)))


def test_the_programs_reach_the_stream_itself() -> None:
    """Else they would prove little: a visit without damage is heard and answered."""
    belt = play([visit()])
    kinds = [entry.kind.value for account in belt.mock.accounts for entry in account.journal]
    assert kinds.count("event_received") == 2 + 4
    assert "event_sent" in kinds
    assert kinds.count("stream_ended") == 2
    assert "violation" not in kinds

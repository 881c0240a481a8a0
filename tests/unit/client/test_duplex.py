"""The face with a thread for its input, over real loopback sockets, against a server that is not ours."""

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace

import h2.errors
import pytest

from mockscribe.client import duplex as duplex_module
from mockscribe.client.duplex import Duplex
from mockscribe.client.exchange import Event, SignedExchange, audio_event
from mockscribe.client.http2 import BodyReceived, Ended, HeadReceived
from mockscribe.errors import ServerError, ServerErrorKind
from mockscribe.wire.sigv4 import Credentials, EventSigner, sign_request
from tests.far_end import FarEnd, listening

PATH = "/medical-scribe-stream/"


def begun(port: int, events: Iterable[Event], *, timeout_seconds: float | None = 60.0, buffer: int = 0) -> Duplex:
    """A call to that port."""
    authority = f"127.0.0.1:{port}"
    credentials = Credentials("test", "test")
    signed = sign_request(
        method="POST", path=PATH, authority=authority, headers=(("content-type", "x"),), credentials=credentials,
        region="us-east-1", service="health-agent", now=time.time(),
    )  # fmt: skip
    pseudo = ((":method", "POST"), (":scheme", "http"), (":authority", authority), (":path", PATH))
    signer = EventSigner(credentials, region="us-east-1", service="health-agent", seed=signed.signature)
    connection = socket.create_connection(("127.0.0.1", port))
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    exchange = SignedExchange((*pseudo, *signed.headers), signer)
    return Duplex(connection, exchange, events, timeout_seconds=timeout_seconds)


def once(far_end: FarEnd, name: str) -> bool:
    """Whether this is asked for the first time."""
    asked = vars(far_end).setdefault("asked", set())
    first = name not in asked
    asked.add(name)
    return first


def echoing(far_end: FarEnd) -> None:
    """200 to the head, a word to every event, and the end after the last."""
    if not far_end.headers or far_end.terminated:
        return
    if once(far_end, "head"):
        far_end.respond()
    for number in range(len(far_end.events)):
        if once(far_end, f"event {number}") and far_end.members[number]:
            far_end.say(b"heard %d." % number)
    if far_end.ended and once(far_end, "end"):
        far_end.end()


def chunk(size: int = 100) -> Event:
    return audio_event(bytes(size), binary=True)


def body(observed: Iterable[object]) -> str:
    return b"".join(each.data for each in observed if isinstance(each, BodyReceived)).decode()


def test_the_input_is_drawn_in_its_own_thread_while_the_response_is_read() -> None:
    """Each event is given only after the answer to the one before."""
    answers = threading.Semaphore(1)
    threads = set()

    def events() -> Iterator[Event]:
        for _ in range(4):
            assert answers.acquire(timeout=10)
            threads.add(threading.current_thread())
            yield chunk()

    heard = ""
    with listening(far_end := FarEnd(echoing)) as port:
        for observed in begun(port, events()).observe():
            heard += body([observed])
            if heard.endswith("."):
                answers.release()
    assert heard == "heard 0.heard 1.heard 2.heard 3."
    assert far_end.members == ["binaryAudioEvent"] * 4 + [""]
    assert isinstance(observed, Ended)
    assert threading.current_thread() not in threads


def test_the_head_comes_first_and_may_be_left_and_taken_up_again() -> None:
    with listening(FarEnd(echoing)) as port:
        observed = begun(port, [chunk(), chunk()]).observe()
        assert isinstance(next(observed), HeadReceived)
        for _ in observed:
            break
        assert any(isinstance(each, Ended) for each in observed)


def test_an_event_is_drawn_only_when_there_is_room_for_it() -> None:
    """The server's window takes less than one event; it is opened each time it is full."""
    drawn: list[int] = []
    settled = threading.Event()

    def react(far_end: FarEnd) -> None:
        if far_end.headers and not far_end.ended and far_end.h2.remote_flow_control_window(1) == 0:
            far_end.h2.increment_flow_control_window(900, 1)
        echoing(far_end)

    def events() -> Iterator[Event]:
        assert settled.wait(10)  # until the server's SETTINGS have come, a client takes the window that RFC 9113 names
        for _ in range(4):
            drawn.append(len(far_end.events))
            yield chunk(2000)

    far_end = FarEnd(react, window=900)
    with listening(far_end) as port:
        for _ in begun(port, events()).observe():
            settled.set()
    assert far_end.audio == bytes(8000)
    assert all(received >= number - 1 for number, received in enumerate(drawn)), drawn  # one is on its way, no more


def test_a_connection_that_takes_little_at_a_time_gets_everything() -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        list(begun(port, [chunk(1_000_000)] * 3, buffer=4096).observe())
    assert far_end.audio == bytes(3_000_000)


def test_a_consumer_that_stops_leaves_the_servers_words_with_the_server() -> None:
    words, said = 1_000_000, 0

    def react(far_end: FarEnd) -> None:
        nonlocal said
        if not far_end.headers or said == words:
            return
        if once(far_end, "head"):
            far_end.respond()
        room = min(far_end.h2.local_flow_control_window(1), words - said)
        for at in range(0, room, 16_384):
            far_end.say(bytes(min(16_384, room - at)))
        said += room
        if said == words:
            far_end.end()

    with listening(FarEnd(react)) as port:
        observed = begun(port, [chunk()] * 3).observe()
        next(observed)
        assert said < words // 2  # a window and what one read has freed of it, not all that there is
        assert len(body(observed)) == words


@pytest.mark.parametrize("after", [0, 2])
def test_what_the_input_raises_aborts_the_stream_and_is_raised(after: int) -> None:
    answered = threading.Semaphore(0)

    def events() -> Iterator[Event]:
        for _ in range(after):
            yield chunk()
            assert answered.acquire(timeout=10)
        raise OSError("the microphone was unplugged")

    def heard(port: int) -> None:
        for observed in begun(port, events()).observe():
            if body([observed]):
                answered.release()

    with listening(far_end := FarEnd(echoing)) as port, pytest.raises(OSError, match="unplugged"):
        heard(port)
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL
    assert "" not in far_end.members  # no clean end of the input
    assert len(far_end.members) == after


def test_an_input_that_cannot_be_iterated_is_raised_too() -> None:
    with listening(FarEnd(echoing)) as port, pytest.raises(TypeError, match="not iterable"):
        list(begun(port, 5).observe())  # type: ignore[arg-type]


def waiting(released: threading.Event) -> Iterator[Event]:
    """An input that has nothing to say until then."""
    yield chunk()
    assert released.wait(10)
    yield chunk()


def test_closing_wakes_the_reader_and_tells_the_server() -> None:
    released, seen = threading.Event(), []
    with listening(far_end := FarEnd(echoing)) as port:
        call = begun(port, waiting(released))
        observed = call.observe()
        while not body(seen):
            seen.append(next(observed))
        reader = threading.Thread(target=lambda: seen.extend(observed))
        reader.start()
        call.close()
        call.close()  # a second time is nothing
        reader.join(10)
        assert not reader.is_alive()
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL
    released.set()
    call._thread.join(10)
    assert far_end.members == ["binaryAudioEvent"]  # what was drawn after the end went nowhere
    assert body(seen) == "heard 0."


def test_a_call_that_nobody_holds_any_more_is_given_up() -> None:
    released = threading.Event()
    with listening(far_end := FarEnd(echoing)) as port:
        observed = begun(port, waiting(released)).observe()
        next(observed)
        del observed
        gc.collect()
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL
    released.set()


def cut(far_end: FarEnd) -> None:
    if far_end.headers and once(far_end, "head"):
        far_end.respond()
        far_end.h2.reset_stream(1, h2.errors.ErrorCodes.INTERNAL_ERROR)


def test_a_stream_that_is_cut_is_a_server_error() -> None:
    released = threading.Event()
    with (
        listening(FarEnd(cut)) as port,
        pytest.raises(ServerError, match=r"^The server reset the stream \(INTERNAL_ERROR\)\.$") as raised,
    ):
        list(begun(port, waiting(released)).observe())
    assert raised.value.kind is ServerErrorKind.ANSWER
    released.set()


@pytest.mark.parametrize(("size", "said"), [(100, "said nothing"), (100_000, "took no data")])
def test_a_server_that_keeps_silent_is_given_up_after_the_timeout(size: int, said: str) -> None:
    far_end = FarEnd()
    far_end.grants = False  # it keeps to the window of 65,535
    with (
        listening(far_end) as port,
        pytest.raises(ServerError, match=rf"^The server {said} for 0\.05 s\.$") as raised,
    ):
        list(begun(port, [chunk(size)], timeout_seconds=0.05).observe())
    assert raised.value.kind is ServerErrorKind.TIMEOUT


@pytest.mark.parametrize("whose", ["input", "consumer"])
def test_time_that_others_take_is_not_the_servers_silence(whose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [50.0]
    monkeypatch.setattr(duplex_module, "time", SimpleNamespace(monotonic=lambda: clock[0], time=time.time))

    def late(who: str) -> None:
        clock[0] += 1000 * (who == whose)

    def events() -> Iterator[Event]:
        for _ in range(3):
            late("input")
            yield chunk()

    heard = ""
    with listening(FarEnd(echoing)) as port:
        for observed in begun(port, events(), timeout_seconds=60).observe():
            late("consumer")
            heard += body([observed])
    assert heard == "heard 0.heard 1.heard 2."


def test_no_timeout_is_no_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Callable[[], float] = iter(range(0, 10**9, 10**6)).__next__
    monkeypatch.setattr(duplex_module, "time", SimpleNamespace(monotonic=clock, time=time.time))
    with listening(FarEnd(echoing)) as port:
        assert body(begun(port, [chunk()], timeout_seconds=None).observe()) == "heard 0."

"""The asyncio face, over real loopback sockets and TLS, against a server that is not ours."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import h2.errors
import pytest

from mockscribe.client import asynchronous
from mockscribe.client.asynchronous import Call, listen
from mockscribe.client.core import EventReceived, Parameters, ResponseStarted
from mockscribe.errors import ConfigError, ServerError, ServerErrorKind
from mockscribe.wire.sigv4 import Credentials
from tests import far_end as far_end_module
from tests.far_end import FarEnd, exception, listening, server_context, transcript

PARAMETERS = Parameters(
    session_id="0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
    domain_id="hai-0123456789abcdef",
    subscription_id="sub-0123456789abcdefghijk",
)
CONFIGURATION = {"configurationEvent": {"postStreamActionSettings": {"outputS3Uri": "s3://bucket"}}}
END = {"sessionControlEvent": {"type": "END_OF_SESSION"}}
EVENTS = [CONFIGURATION, {"audioEvent": {"audioChunk": b"\xff\xfe"}}, {"binaryAudioEvent": {"audioChunk": b"12"}}, END]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return far_end_module.certificate(tmp_path_factory.mktemp("tls"))


def started(port: int, scheme: str = "http", **settings: Any) -> Awaitable[Call]:
    url = f"{scheme}://127.0.0.1:{port}"
    return listen(url, PARAMETERS, credentials=Credentials("test", "test"), **settings)


def run(far_end: FarEnd, events: Any, **settings: Any) -> list[Any]:
    """All that a call of these events observes."""

    async def main(port: int) -> list[Any]:
        async with await started(port, **settings) as call:
            return [observed async for observed in call.run(events)]

    with listening(far_end) as port:
        return asyncio.run(main(port))


def echoing(far_end: FarEnd) -> None:
    """200 to the head, a segment to every event but the last, and the end after it."""
    if not far_end.headers or far_end.terminated:
        return
    answered = vars(far_end).setdefault("answered", -1)
    if answered < 0:
        far_end.respond()
        answered = 0
    members = [member for member in far_end.members if member]
    for number in range(answered, len(members)):
        far_end.say(transcript(f"{number} {members[number]}", number, number + 1))
    far_end.answered = len(members)  # type: ignore[attr-defined]
    if far_end.ended and not vars(far_end).setdefault("done", False):
        far_end.done = True  # type: ignore[attr-defined]
        far_end.end()


def contents(observed: list[Any]) -> list[str]:
    return [each.value["transcriptSegment"]["content"] for each in observed if isinstance(each, EventReceived)]


async def later(events: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        await asyncio.sleep(0)
        yield event


@pytest.mark.parametrize("events", [list, iter, later], ids=["a list", "an iterator", "an async iterator"])
def test_the_input_is_any_iterable_of_events(events: Callable[[Any], Any]) -> None:
    far_end = FarEnd(echoing)
    observed = run(far_end, events(EVENTS))
    assert isinstance(observed[0], ResponseStarted)
    assert contents(observed) == [f"{number} {next(iter(event))}" for number, event in enumerate(EVENTS)]
    assert far_end.members == [*(next(iter(event)) for event in EVENTS), ""]
    assert [payload for _, _, payload in far_end.events[1:3]] == [b'{"audioChunk":"//4="}', b"12"]
    assert far_end.reset is None
    assert far_end.terminated


def test_one_event_is_a_stream_of_one_event() -> None:
    far_end = FarEnd(echoing)
    run(far_end, CONFIGURATION)
    assert far_end.members == ["configurationEvent", ""]


def test_a_call_runs_over_tls(certificate: Path) -> None:
    async def main(port: int) -> list[Any]:
        async with await started(port, "https", ca_files=[certificate]) as call:
            return [observed async for observed in call.run(EVENTS)]

    with listening(far_end := FarEnd(echoing), server_context(certificate, "h2")) as port:
        assert len(contents(asyncio.run(main(port)))) == 4
    assert far_end.terminated


def test_events_come_while_the_input_is_still_to_come() -> None:
    """Each event is given only after the answer to the one before."""

    async def main(port: int) -> list[str]:
        answers: asyncio.Queue[str] = asyncio.Queue()

        async def events() -> AsyncIterator[dict[str, Any]]:
            yield CONFIGURATION
            for _ in range(3):
                await answers.get()
                yield {"binaryAudioEvent": {"audioChunk": b"12"}}

        heard = []
        async with await started(port) as call:
            async for observed in call.run(events()):
                if content := contents([observed]):
                    heard += content
                    answers.put_nowait(content[0])
        return heard

    with listening(FarEnd(echoing)) as port:
        heard = asyncio.run(main(port))
    assert heard == ["0 configurationEvent", *(f"{number} binaryAudioEvent" for number in (1, 2, 3))]


def test_back_pressure_holds_the_next_event_back() -> None:
    drawn: list[int] = []

    def react(far_end: FarEnd) -> None:
        if far_end.headers and not far_end.ended and far_end.h2.remote_flow_control_window(1) == 0:
            far_end.h2.increment_flow_control_window(30_000, 1)
            far_end.h2.increment_flow_control_window(30_000)
        echoing(far_end)

    def events() -> Iterator[dict[str, Any]]:
        for _ in range(8):
            drawn.append(len(far_end.events))
            yield {"binaryAudioEvent": {"audioChunk": bytes(100_000)}}

    far_end = FarEnd(react)
    far_end.grants = False
    run(far_end, events())
    assert len(far_end.audio) == 800_000
    assert all(received >= number - 1 for number, received in enumerate(drawn)), drawn  # one is on its way, no more


@pytest.mark.parametrize("events", [EVENTS[:2], [{"a": {}, "b": {}}], [{}]], ids=["raises", "two keys", "no key"])
def test_what_the_input_raises_is_raised_and_the_call_given_up(events: list[dict[str, Any]]) -> None:
    async def broken() -> AsyncIterator[dict[str, Any]]:
        for event in events:
            yield event
        raise ValueError("one key: the microphone")

    far_end = FarEnd(echoing)
    with pytest.raises(ValueError, match="one key"):
        run(far_end, broken())
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL
    assert "" not in far_end.members


def refusing(far_end: FarEnd) -> None:
    if far_end.headers and not vars(far_end).setdefault("done", False):
        far_end.done = True  # type: ignore[attr-defined]
        far_end.respond(400, x_amzn_errortype="ValidationException")
        far_end.say(b'{"message":"Bad id."}', end=True)


def raising(far_end: FarEnd) -> None:
    if far_end.headers and not vars(far_end).setdefault("done", False):
        far_end.done = True  # type: ignore[attr-defined]
        far_end.respond()
        far_end.say(exception("validationException", "Enough."), end=True)


async def forever() -> AsyncIterator[dict[str, Any]]:
    yield CONFIGURATION
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("react", "said"), [(refusing, r"^ValidationException: Bad id\.$"), (raising, r"^validationException: Enough\.$")]
)
def test_what_ends_a_call_is_raised_while_the_input_waits(react: Callable[[FarEnd], None], said: str) -> None:
    with pytest.raises(ServerError, match=said):
        run(FarEnd(react), forever())


@pytest.mark.parametrize(("size", "said"), [(100, "said nothing"), (200_000, "took no data")])
def test_a_server_that_keeps_silent_is_given_up_after_the_timeout(size: int, said: str) -> None:
    far_end = FarEnd()
    far_end.grants = False
    with pytest.raises(ServerError, match=rf"^The server {said} for 0\.05 s\.$") as raised:
        run(far_end, [{"binaryAudioEvent": {"audioChunk": bytes(size)}}] * 2, timeout_seconds=0.05)
    assert raised.value.kind is ServerErrorKind.TIMEOUT


def test_cancelling_tells_the_server() -> None:
    async def main(port: int) -> None:
        begun = asyncio.Event()

        async def call_it() -> None:
            async with await started(port) as call:
                async for observed in call.run(forever()):
                    if contents([observed]):
                        begun.set()

        task = asyncio.create_task(call_it())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with listening(far_end := FarEnd(echoing)) as port:
        asyncio.run(main(port))
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL


def test_leaving_the_iteration_and_the_block_tells_the_server() -> None:
    async def main(port: int) -> None:
        async with await started(port) as call:
            async for observed in call.run(forever()):
                if contents([observed]):
                    break
        await call.close()  # a second time is nothing
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with listening(far_end := FarEnd(echoing)) as port:
        asyncio.run(main(port))
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL


def test_a_certificate_that_is_not_trusted_is_told_with_the_cure(certificate: Path) -> None:
    with (
        listening(FarEnd(), server_context(certificate, "h2")) as port,
        pytest.raises(ServerError, match=r"is not trusted: .* ca_files=\[…\]") as raised,
    ):
        asyncio.run(started(port, "https"))  # type: ignore[arg-type]
    assert raised.value.kind is ServerErrorKind.TLS


def test_a_server_that_chose_another_protocol_is_told(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(chosen: str | None) -> None:
        raise ServerError(f"chose {chosen}")

    monkeypatch.setattr(asynchronous, "check_protocol", refuse)
    with (
        listening(FarEnd(), server_context(certificate, "h2")) as port,
        pytest.raises(ServerError, match="chose h2"),
    ):
        asyncio.run(started(port, "https", ca_files=[certificate]))  # type: ignore[arg-type]


def test_nobody_there_and_nobody_answering_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ServerError, match=r"did not answer within 0\.01 s") as raised:
            asyncio.run(started(port, "https", connect_timeout_seconds=0.01))  # type: ignore[arg-type]
        assert raised.value.kind is ServerErrorKind.CONNECT_TIMEOUT
    with pytest.raises(ServerError, match=r"^Nothing listens on .*mockscribe serve$") as raised:
        asyncio.run(started(port))  # type: ignore[arg-type]
    assert raised.value.kind is ServerErrorKind.UNREACHABLE
    with pytest.raises(ConfigError, match="is no endpoint"):
        asyncio.run(listen("localhost", PARAMETERS, credentials=Credentials("test", "test")))


def test_events_are_dated_when_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1_790_000_000, 1_790_001_000))
    monkeypatch.setattr(asynchronous, "time", type("Time", (), {"time": lambda: float(next(now))}))
    far_end = FarEnd(echoing)
    run(far_end, EVENTS)
    assert far_end.dates == [1_790_000_000_000 + 1000 * number for number in range(1, 6)]

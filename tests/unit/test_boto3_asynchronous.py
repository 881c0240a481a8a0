"""The call on boto3 from asyncio, against a server that is not ours."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import boto3
import h2.errors
import pytest
from botocore.config import Config
from botocore.exceptions import EventStreamError, ParamValidationError

from mockscribe.boto3.asynchronous import start_medical_scribe_listening_session
from tests.far_end import FarEnd, exception, listening, transcript

PARAMETERS: dict[str, Any] = {
    "sessionId": "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
    "domainId": "hai-0123456789abcdef",
    "subscriptionId": "sub-0123456789abcdefghijk",
    "languageCode": "en-US",
    "mediaSampleRateHertz": 16_000,
    "mediaEncoding": "pcm",
}
AUDIO = {"audioEvent": {"audioChunk": b"\xff\xfe"}}
END = {"sessionControlEvent": {"type": "END_OF_SESSION"}}


def started(port: int, stream: Any) -> Awaitable[dict[str, Any]]:
    client = boto3.client(
        "connecthealth", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(inject_host_prefix=False, proxies={}, read_timeout=10),
    )  # fmt: skip
    return start_medical_scribe_listening_session(client, **PARAMETERS, inputStream=stream)


def once(far_end: FarEnd, name: str) -> bool:
    asked = vars(far_end).setdefault("asked", set())
    first = name not in asked
    asked.add(name)
    return first


def echoing(far_end: FarEnd) -> None:
    """200 to the head, a segment to every event, and the end after the last."""
    if not far_end.headers or far_end.terminated:
        return
    if once(far_end, "head"):
        far_end.respond()
    for number, member in enumerate(far_end.members):
        if member and once(far_end, f"event {number}"):
            far_end.say(transcript(member, number, number + 1))
    if far_end.ended and once(far_end, "end"):
        far_end.end()


def run(far_end: FarEnd, main: Callable[[int], Any]) -> Any:
    with listening(far_end) as port:
        return asyncio.run(main(port))


async def contents(response: dict[str, Any]) -> list[str]:
    async with response["responseStream"] as stream:
        return [event["transcriptEvent"]["transcriptSegment"]["content"] async for event in stream]


def test_an_asynchronous_input_and_the_response_go_both_ways_at_once() -> None:
    """Each event is given only after the answer to the one before, by the same event loop."""

    async def main(port: int) -> list[str]:
        answers: asyncio.Queue[None] = asyncio.Queue()

        async def events() -> AsyncIterator[dict[str, Any]]:
            assert threading.current_thread() is threading.main_thread()
            yield AUDIO
            for _ in range(2):
                await answers.get()
                yield AUDIO
            yield END

        heard = []
        response = await started(port, events())
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
        async for event in response["responseStream"]:
            heard.append(event["transcriptEvent"]["transcriptSegment"]["content"])
            answers.put_nowait(None)
        return heard

    far_end = FarEnd(echoing)
    assert run(far_end, main) == ["audioEvent"] * 3 + ["sessionControlEvent"]
    assert far_end.members == ["audioEvent"] * 3 + ["sessionControlEvent", ""]


@pytest.mark.parametrize(
    ("stream", "members"), [(AUDIO, ["audioEvent"]), (iter([AUDIO, END]), ["audioEvent", "sessionControlEvent"])]
)
def test_plain_inputs_are_taken_as_by_the_method_itself(stream: Any, members: list[str]) -> None:
    async def main(port: int) -> list[str]:
        return await contents(await started(port, stream))

    assert run(FarEnd(echoing), main) == members


async def broken() -> AsyncIterator[dict[str, Any]]:
    yield AUDIO
    raise OSError("the microphone was unplugged")


async def wrong() -> AsyncIterator[dict[str, Any]]:
    yield AUDIO
    yield {**AUDIO, **END}


@pytest.mark.parametrize(
    ("stream", "error", "said"), [(broken, OSError, "unplugged"), (wrong, ParamValidationError, r"inputStream\[1\]")]
)
def test_what_the_input_raises_aborts_the_stream_and_is_the_callers_own(stream: Any, error: Any, said: str) -> None:
    async def main(port: int) -> None:
        await contents(await started(port, stream()))

    far_end = FarEnd(echoing)
    with pytest.raises(error, match=said):
        run(far_end, main)
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL


async def forever() -> AsyncIterator[dict[str, Any]]:
    yield AUDIO
    await asyncio.Event().wait()


def test_an_exception_in_the_stream_is_botocores() -> None:
    def react(far_end: FarEnd) -> None:
        if far_end.headers and once(far_end, "head"):
            far_end.respond()
            far_end.say(exception("validationException", "Enough."), end=True)

    async def main(port: int) -> None:
        await contents(await started(port, forever()))

    with pytest.raises(EventStreamError, match=r"\(validationException\) .*: Enough\."):
        run(FarEnd(react), main)


@pytest.mark.parametrize("responds", [False, True], ids=["before the head", "between events"])
def test_cancelling_gives_the_call_up(responds: bool) -> None:
    arrived = threading.Event()

    def react(far_end: FarEnd) -> None:
        if responds:
            echoing(far_end)
        if far_end.members:
            arrived.set()

    async def main(port: int) -> None:
        heard = asyncio.Event()

        async def call() -> None:
            response = await started(port, forever())
            async for _ in response["responseStream"]:
                heard.set()

        task = asyncio.create_task(call())
        assert await asyncio.to_thread(arrived.wait, 10)
        if responds:
            await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    far_end = FarEnd(react)
    run(far_end, main)
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL


def test_leaving_the_block_tells_the_server() -> None:
    async def main(port: int) -> None:
        response = await started(port, forever())
        async with response["responseStream"] as stream:
            async for _ in stream:
                break
        assert [event async for event in stream] == []

    far_end = FarEnd(echoing)
    run(far_end, main)
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL


def test_a_plain_generator_may_block_without_holding_the_loop_up() -> None:
    ticks = threading.Semaphore(0)

    def events() -> Iterator[dict[str, Any]]:
        yield AUDIO
        assert ticks.acquire(timeout=10)  # the loop runs meanwhile
        yield END

    async def main(port: int) -> list[str]:
        response = await started(port, events())
        asyncio.get_running_loop().call_soon(ticks.release)
        return await contents(response)

    assert run(FarEnd(echoing), main) == ["audioEvent", "sessionControlEvent"]

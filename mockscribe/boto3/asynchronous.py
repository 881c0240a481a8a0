"""The call from asyncio: the same keywords, awaited, with a stream for `async for`.

    response = await start_medical_scribe_listening_session(client, sessionId=..., ..., inputStream=events())
    async with response["responseStream"] as stream:
        async for event in stream:
            ...

boto3 knows no asyncio, and its own work (credentials, event handlers) may block; so the call runs in threads, and the
event loop only waits for them. An asynchronous `inputStream` is drawn from on the loop. Cancelling gives the call up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from mockscribe.boto3.call import Call
from mockscribe.boto3.output import ResponseStream

T = TypeVar("T")

_END: Any = object()


async def start_medical_scribe_listening_session(client: Any, **parameters: Any) -> dict[str, Any]:
    """Start a Medical Scribe listening session with a boto3 client, whether it was enabled or not.

    `inputStream` may be an asynchronous iterable too. A plain one is drawn from in a thread of its own.
    """
    call = Call(client)
    parameters = {
        name: _drawn(value, asyncio.get_running_loop()) if isinstance(value, AsyncIterable) else value
        for name, value in parameters.items()
    }
    response = await _in_thread(call.close, call.run, parameters)
    return {name: _asynchronous(value) for name, value in response.items()}


class AsyncResponseStream:
    """The events of the response; an asynchronous context manager."""

    def __init__(self, stream: ResponseStream) -> None:
        self._stream = stream
        self._events = iter(stream)

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self

    async def __anext__(self) -> dict[str, Any]:
        event = await _in_thread(self._stream.close, next, self._events, _END)
        if event is _END:
            raise StopAsyncIteration
        return event  # type: ignore[no-any-return]

    def close(self) -> None:
        """Give up what still runs of the call."""
        self._stream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)


def _asynchronous(value: Any) -> Any:
    return AsyncResponseStream(value) if isinstance(value, ResponseStream) else value


async def _in_thread(give_up: Callable[[], None], work: Callable[..., T], *arguments: Any) -> T:
    """Work in a thread, which is woken by `give_up` when the wait for it is cancelled."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except asyncio.CancelledError:
        give_up()
        raise


def _drawn(events: AsyncIterable[Any], loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """The events of an asynchronous iterable, one at a time, for another thread than the loop's."""
    iterator = aiter(events)

    async def draw() -> Any:
        return await anext(iterator, _END)

    while (event := asyncio.run_coroutine_threadsafe(draw(), loop).result()) is not _END:
        yield event

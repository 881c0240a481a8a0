"""The same service as anybody would write it first: a Starlette app, for every ASGI server that speaks HTTP/2.

It reads the stream while it arrives and answers each audio event with a transcript event, like the scenario that
mockscribe plays beside it. Frames are decoded, checked (both CRCs) and encoded by mockscribe's own codec, so that what
is compared is the server and not the codec; unlike mockscribe it validates nothing and remembers nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mockscribe.service import event_frames
from mockscribe.service.events import AudioReceived, InputEvent, OutputEvent
from mockscribe.wire.eventstream import Decoder
from tests.bench.body import PATH, SEGMENT


class DuplexResponse(StreamingResponse):
    """Streams while the request is still read.

    Starlette's own response listens for a disconnect beside streaming, by the same `receive` that brings the body (on
    servers of ASGI below 2.4, as hypercorn is): it would eat the request.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


ANSWER = OutputEvent(member="transcriptEvent", content=SEGMENT)


def input_events(decoder: Decoder, data: bytes) -> Iterator[InputEvent]:
    """The events that `data` completes."""
    decoder.feed(data)
    while (frame := decoder.next_frame()) is not None:
        yield event_frames.from_frame(frame)


async def answers(request: Request) -> AsyncIterator[bytes]:
    """A transcript event for each audio event, until the input ends."""
    decoder = Decoder()
    async for data in request.stream():
        for event in input_events(decoder, data):
            if isinstance(event, AudioReceived):
                yield event_frames.to_frame_bytes(ANSWER)


def application(answers: Callable[[Request], AsyncIterator[bytes]]) -> Starlette:
    """An app that answers at once with the settings echoed, and streams."""

    async def listen(request: Request) -> DuplexResponse:
        settings = {name: value for name, value in request.headers.items() if name.startswith("x-amzn-medscribe-")}
        headers = {"x-amzn-request-id": "0", "x-amzn-requestid": "0", **settings}
        return DuplexResponse(answers(request), media_type="application/vnd.amazon.eventstream", headers=headers)

    return Starlette(routes=[Route(PATH, listen, methods=["POST"])])


app = application(answers)

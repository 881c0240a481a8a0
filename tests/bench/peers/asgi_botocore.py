"""The same app with AWS's own codec for Python in place of mockscribe's, as the peer of Node has AWS's for JavaScript.

botocore decodes, and checks both CRCs; it has no encoder, so that is the one of the bodies sent here, written by hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from botocore.eventstream import EventStreamBuffer
from starlette.requests import Request

from tests.bench.body import answer
from tests.bench.peers.asgi_app import application


async def answers(request: Request) -> AsyncIterator[bytes]:
    """A transcript event for each audio event, until the input ends."""
    signed = EventStreamBuffer()
    async for data in request.stream():
        signed.add_data(data)
        for envelope in signed:
            inner = EventStreamBuffer()
            inner.add_data(envelope.payload)
            for event in inner:
                if event.headers[":event-type"] == "binaryAudioEvent":
                    yield answer()


app = application(answers)

"""What comes back: the response's body as botocore reads it, and the event stream that callers iterate over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from botocore.eventstream import EventStream

from mockscribe.client.duplex import Duplex
from mockscribe.client.http2 import BodyReceived, Observed
from mockscribe.errors import ServerError


class Body:
    """The response's bytes, in the shape of urllib3's response that botocore reads from."""

    def __init__(
        self, duplex: Duplex, observed: Iterator[Observed], failure: Callable[[ServerError], Exception]
    ) -> None:
        self._duplex = duplex
        self._observed = observed
        self._failure = failure

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """The bytes as they arrive.

        Raises:
            HTTPClientError: the connection broke, or the server kept silent for too long.
        """
        try:
            for each in self._observed:
                if isinstance(each, BodyReceived):
                    yield each.data
        except ServerError as error:
            raise self._failure(error) from None

    def close(self) -> None:
        self._duplex.close()


class ResponseStream(EventStream):  # type: ignore[misc]  # botocore has no types
    """botocore's event stream, as a context manager; what ends it closes the connection."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__(stream._raw_stream, stream._output_shape, stream._parser, stream._operation_name)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            yield from super().__iter__()
        except GeneratorExit:
            raise  # left by `break`: it can be taken up again, until it is closed
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

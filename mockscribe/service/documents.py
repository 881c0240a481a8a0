"""The documents that finished work leaves in S3, as values: where, what, for which work. Nothing is written here."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from mockscribe.service.call import Call
from mockscribe.service.resources import Work
from mockscribe.service.store import Store


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file: an `s3://` URI, its bytes, and the work that it is the result of."""

    work: Work
    uri: str
    body: bytes


def settle(store: Store, document: Document, failure: str | None = None) -> None:
    """The document is where it belongs, so its work is over; or it could not be written, and the work failed."""
    work = store.get(type(document.work), document.work.key)
    if work is not None:  # unless it was forgotten meanwhile
        store.put(replace(work, settled=True, failure=failure))


def uri(path: str, *names: str) -> str:
    """A file below an S3 path, which may end in a slash or not (SAMPLE passes both forms)."""
    return "/".join((path.removesuffix("/"), *names))


def unusable(call: Call, path: str) -> str | None:
    """Why the bucket of an S3 path cannot be used; None: it can."""
    bucket = path.removeprefix("s3://").partition("/")[0]
    if bucket != call.config.failing_bucket:
        return None
    return f"The S3 location in bucket {bucket} cannot be used."

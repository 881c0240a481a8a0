"""`start_medical_scribe_listening_session` on boto3, as its documentation has it.

    import boto3, mockscribe.boto3

    client = mockscribe.boto3.enable(boto3.client("connecthealth"))
    response = client.start_medical_scribe_listening_session(sessionId=..., ..., inputStream=events())
    with response["responseStream"] as stream:
        for event in stream:
            ...

botocore removes the method, since it needs HTTP/2, which botocore does not speak. Everything but that is botocore's
own here: the request is built, signed and told to event handlers by the client's own pipeline, and what comes back is
parsed by its own parsers into its own exceptions. Only the events of the input and the connection are ours.

`inputStream` is one event (a dict with one key) or an iterable of them. It is drawn from in a thread of its own while
the response is read: as soon as the server has room for another event, and no sooner. Between threads of one's own a
generator that reads a `queue.Queue` is all that is needed. As in the official SDKs the call is never retried. Close a
response that is not read to its end, by `close()` or a `with` block: that tells the server.

From asyncio, and with an asynchronous input: `mockscribe.boto3.asynchronous`.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from mockscribe.boto3.call import METHOD, OPERATION, SERVICE, method
from mockscribe.errors import ConfigError

T = TypeVar("T")

__all__ = ["enable"]


def enable(client_or_session: T) -> T:
    """Put the method back on a connecthealth client, or on every one that a session makes from now on.

    Returns what it was given. Where botocore has the method itself it is left alone, with a warning that says so.

    Raises:
        ConfigError: it is neither, or a client of another service, or botocore does not know the operation.
    """
    if hasattr(client_or_session, "meta"):
        _enable_client(client_or_session)
    else:
        _events(client_or_session).register_last(f"creating-client-class.{SERVICE}", _on_client_class, unique_id=METHOD)
    return client_or_session


def _enable_client(client: Any) -> None:
    model: Any = getattr(client.meta, "service_model", None)
    if (name := getattr(model, "service_name", repr(client))) != SERVICE:
        raise ConfigError("mockscribe.boto3.enable", f"takes a client of {SERVICE} or a session, not of {name}")
    if OPERATION not in model.operation_names:
        raise ConfigError("mockscribe.boto3.enable", f"this botocore does not know {OPERATION}: pip install -U boto3")
    if _is_free(getattr(type(client), METHOD, None)):
        setattr(type(client), METHOD, method)  # botocore makes a class for every client


def _on_client_class(class_attributes: dict[str, Any], **_: Any) -> None:
    if _is_free(class_attributes.get(METHOD)):
        class_attributes[METHOD] = method


def _is_free(present: Any) -> bool:
    """Whether the method is missing; says so where botocore has it."""
    if present is None:
        return True
    if present is not method:
        warnings.warn(
            f"This botocore has {METHOD} itself: mockscribe.boto3.enable leaves it alone and is not needed any more.",
            stacklevel=4,
        )
    return False


def _events(session: Any) -> Any:
    """The event emitter of a boto3 or a botocore session."""
    if hasattr(session, "get_component"):
        return session.get_component("event_emitter")
    if hasattr(session, "events"):
        return session.events
    raise ConfigError("mockscribe.boto3.enable", f"takes a client of {SERVICE} or a session, not {session!r}")

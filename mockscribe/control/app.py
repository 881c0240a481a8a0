"""The control API as an ASGI application: each command of the table is a route."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from mockscribe.commands import COMMANDS, Command, Context, record
from mockscribe.commands.command import PREFIX, decode, unknown
from mockscribe.control import live
from mockscribe.control.answers import answer, refusal
from mockscribe.control.guard import Guard
from mockscribe.control.openapi import document
from mockscribe.errors import ControlError
from mockscribe.mock import DEFAULT_ACCOUNT

log = logging.getLogger("mockscribe")


class _AnyName(PathConvertor):
    regex = "(?s:.*)"  # a scenario's name may have slashes, and a client may give any characters


register_url_convertor("any", _AnyName())

UNCACHED = {"cache-control": "no-store"}


def application(
    context: Callable[[str], Context], wake: Callable[[], None], names: Iterable[str], closing: asyncio.Event
) -> ASGIApp:
    """The application; `context` is that of an account, `wake` ticks the streams that a command has given work.

    `names` are further host names that requests may come by; `closing` ends what would go on for ever.
    """
    described = document(COMMANDS)
    by_path: dict[str, dict[str, Command[Any, Any]]] = {}
    for command in COMMANDS:
        by_path.setdefault(command.path, {})[command.method] = command

    def route(path: str, by_method: Mapping[str, Command[Any, Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            command = by_method["GET" if request.method == "HEAD" else request.method]
            try:
                account, arguments = await _arguments(command, request)
                return await _do(command, arguments, context(account), request, closing)
            except ControlError as error:
                return refusal(error)
            except Exception as error:
                log.error("a fault of mockscribe itself", exc_info=error)
                return refusal(ControlError(500, f"a fault of mockscribe itself: {error!r}"))
            finally:
                wake()

        return Route(PREFIX + path.replace("{name}", "{name:any}"), endpoint, methods=list(by_method))

    async def openapi(_: Request) -> Response:
        return answer(described)

    routes = [*(route(*each) for each in by_path.items()), Route(f"{PREFIX}/openapi.json", openapi)]
    return Guard(Starlette(routes=routes, exception_handlers={HTTPException: _not_here}), names)


async def _not_here(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: a path that is none, a method that it does not take."""
    assert isinstance(error, HTTPException)
    text = f"{request.method} {request.url.path}: {error.detail}; {PREFIX}/openapi.json tells what there is"
    response = refusal(ControlError(error.status_code, text))
    response.headers.update(error.headers or {})
    return response


async def _do(
    command: Command[Any, Any], arguments: Any, context: Context, request: Request, closing: asyncio.Event
) -> Response:
    if command is record.JOURNAL and "text/event-stream" in request.headers.get("accept", ""):
        query = live.resumed(arguments, request.headers)
        return StreamingResponse(
            live.entries(context, query, closing), media_type="text/event-stream", headers=UNCACHED
        )
    result = command.run(context, arguments)
    if inspect.isawaitable(result):
        result = await _unless(closing, result)
    return Response(result, media_type=command.media) if isinstance(result, bytes) else answer(result)


async def _unless(closing: asyncio.Event, result: Awaitable[Any]) -> Any:
    """What a command that waits comes to, unless the server closes before."""
    waiting, end = asyncio.ensure_future(result), asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait((waiting, end), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise ControlError(503, "the mock is being closed")
        return waiting.result()
    finally:
        waiting.cancel()
        end.cancel()


# ---- from a request to a command's arguments


async def _arguments(command: Command[Any, Any], request: Request) -> tuple[str, Any]:
    """The account and the command's arguments.

    Raises:
        ControlError: something does not fit.
    """
    query = _query(request)
    account = query.pop("account", DEFAULT_ACCOUNT)
    if not re.fullmatch("[0-9]{12}", account, re.ASCII):
        raise ControlError(400, f"{account!r:.100} is no account: 12 digits", path="account")
    places = {name: request.path_params[name] for name in command.path_fields}
    in_body = command.method in ("PUT", "POST") and command.text is None
    known = ("account",) if in_body else (*command.other_fields, "account")
    for name in query:
        if name in places:
            raise ControlError(400, "belongs into the path", path=name)
        if name == command.text or (in_body and name in command.other_fields):
            raise ControlError(400, "belongs into the body", path=name)
        if name not in known:
            raise unknown(name, known)
    body = await request.body()
    if command.text is not None:
        query[command.text] = _text(body)
    elif in_body:
        return account, command.convert_arguments({**_object(body, command), **places}, strict=True)
    elif body.strip() not in (b"", b"{}"):
        raise ControlError(400, f"{command.method} takes no body; its query takes {', '.join(known)}")
    return account, command.convert_arguments({**query, **places}, strict=False)


def _query(request: Request) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in query:
            raise ControlError(400, "is given more than once", path=name)
        query[name] = value
    return query


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ControlError(400, f"the text is not UTF-8 (byte {error.start})") from None


def _object(body: bytes, command: Command[Any, Any]) -> dict[str, Any]:
    value = decode(body) if body else {}
    if not isinstance(value, dict):
        raise ControlError(400, "the body must be a JSON object")
    for name in value:
        if name in command.path_fields:
            raise ControlError(400, "belongs into the path", path=name)
        if name not in command.other_fields:
            raise unknown(name, command.other_fields)
    return value

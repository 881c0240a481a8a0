"""Lists page by page: maxResults and an opaque nextToken (row 35 of facts.md 14).

A token names the last item of a page by its number, so that it holds whatever is created or goes between two pages.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import TypeVar

from mockscribe.service.call import Call, Input, refusal
from mockscribe.service.resources import Resource

PAGE_SIZE = 100
"""MODEL, ListDatasetsInput.maxResults: the default; the other lists do not say theirs."""

R = TypeVar("R", bound=Resource)


def page(call: Call, items: Iterable[R], values: Input, scope: str) -> tuple[list[R], str | None]:
    """One page of `items`, which stand in the order of creation, and the token of the next one.

    `scope` names the list: another one's token is as wrong as any.

    Raises:
        ServiceError: ValidationException for a token that is none of ours. ListDomains models no error at all; it
            refuses such a token like the others.
    """
    newest_first = call.config.list_order == "newest-first"
    ordered = sorted(items, key=lambda item: item.number, reverse=newest_first)
    if (token := values.get("nextToken")) is not None:
        last = _decode(token, scope)
        ordered = [item for item in ordered if (item.number < last if newest_first else item.number > last)]
    size = values.get("maxResults") or PAGE_SIZE
    shown = ordered[:size]
    return shown, _encode(shown[-1].number, scope) if len(ordered) > size else None


def _encode(number: int, scope: str) -> str:
    return base64.urlsafe_b64encode(f"{scope}:{number}".encode()).decode()


def _decode(token: str, scope: str) -> int:
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    found = re.fullmatch(rf"{re.escape(scope)}:([0-9]{{1,18}})", text)
    if found is None:
        raise refusal("ValidationException", "The nextToken is not one that this list returned.")
    return int(found[1])

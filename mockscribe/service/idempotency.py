"""clientToken: the same request again gets the first result, another one with the same token a ConflictException.

A token belongs to an operation, over all domains of the account: the domain is one of the parameters (own choice; the
model speaks of a "previous request" only). It is remembered as long as its result is.
"""

from __future__ import annotations

import hashlib

import msgspec

from mockscribe.service.call import Call, Input, refusal
from mockscribe.service.model import service_model
from mockscribe.service.resources import Token
from mockscribe.service.serialisation import known_input


def earlier(call: Call, operation: str, values: Input) -> str | None:
    """The key of what the first request with this clientToken made; None: there is no token, or this is the first.

    Raises:
        ServiceError: ConflictException, the first request had other parameters.
    """
    token = seen(call, operation, values)
    if token is None:
        return None
    if token.fingerprint != _fingerprint(operation, values):
        raise refusal("ConflictException", "The clientToken was used before in a request with other parameters.")
    return token.result


def seen(call: Call, operation: str, values: Input) -> Token | None:
    """What is known of this request's clientToken."""
    return call.store.get(Token, f"{operation}/{values.get('clientToken')}")


def remember(call: Call, operation: str, values: Input, result: str) -> str | None:
    """Keep the request's clientToken, if it has one, with the key of what it made; the token's own key."""
    if values.get("clientToken") is None:
        return None
    token = Token(
        number=call.store.next_number(),
        operation=operation,
        client_token=values["clientToken"],
        fingerprint=_fingerprint(operation, values),
        result=result,
    )
    call.store.put(token)
    return token.key


def _fingerprint(operation: str, values: Input) -> str:
    cleaned = known_input(service_model().operations[operation].input, values)
    return hashlib.sha256(msgspec.json.encode(cleaned, order="sorted")).hexdigest()

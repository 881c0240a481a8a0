"""Who calls, by a request's head: the access key, the Region, and what of the head may be remembered."""

from __future__ import annotations

import re

from mockscribe.service.call import DEFAULT_REGION
from mockscribe.wire.exchange import RequestHead

_CREDENTIAL = re.compile(
    r"(?:Credential=|X-Amz-Credential=)([A-Za-z0-9_]+)(?:(?:/|%2F)\d{8}(?:/|%2F)([a-z0-9-]{1,32}))?"
)

_SECRETS = frozenset(("authorization", "x-amz-security-token", "cookie"))


def access_key_id(head: RequestHead) -> str:
    """The access key id that signed the request, by header or by presigned query; empty when there is none."""
    match = _CREDENTIAL.search(head.header("authorization") or head.target)
    return match.group(1) if match else ""


def region(head: RequestHead) -> str:
    """The Region of the request's credential scope; the default one without a signature."""
    match = _CREDENTIAL.search(head.header("authorization") or head.target)
    return (match.group(2) if match else None) or DEFAULT_REGION


def about(head: RequestHead) -> dict[str, object]:
    """The head for the journal, without what could be used to sign."""
    return {
        "method": head.method,
        "target": re.sub(r"(X-Amz-(?:Signature|Security-Token)=)[^&]*", r"\1(redacted)", head.target),
        "authority": head.authority,
        "version": head.version,
        "headers": {name: "(redacted)" if name in _SECRETS else value for name, value in head.headers},
    }

"""Operations and shapes of Connect Health, as objects.

`model.json` beside this file holds the facts of botocore's model of the API (connecthealth, 2025-01-29) and none of its
prose. `python -m tests.distil` writes it; a test fails when the installed botocore says something else. This module
knows what a model is made of, and nothing of any one operation.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

Type = Literal["structure", "list", "map", "string", "blob", "integer", "long", "double", "boolean", "timestamp"]
Location = Literal["header", "uri", "querystring"]


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member of a structure: the name of its shape, and how it is bound to HTTP (`location` None: the body)."""

    shape: str
    location: Location | None = None
    wire_name: str | None = None
    idempotency_token: bool = False
    event_payload: bool = False


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shape; which fields say something depends on `type`.

    `minimum` and `maximum` bound the length of a string (code points), a list or a blob (bytes), and the value of a
    number. `pattern` is in the model's own dialect (see `validation.py`). `item` is a list's shape, `key` and `value`
    are a map's. `payload` names the member that takes the whole body. `status` is an exception's HTTP status.
    """

    name: str
    type: Type
    members: Mapping[str, Member] = {}
    required: tuple[str, ...] = ()
    item: str | None = None
    key: str | None = None
    value: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    timestamp_format: str | None = None
    payload: str | None = None
    status: int | None = None
    exception: bool = False
    sensitive: bool = False
    union: bool = False
    event: bool = False
    event_stream: bool = False


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operation. `path` is the URI template; `input`, `output` and `errors` are names of shapes."""

    name: str
    method: str
    path: str
    status: int
    host_prefix: str = ""
    input: str
    output: str | None = None
    errors: tuple[str, ...] = ()


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The API: `operations` and `shapes` by name."""

    api_version: str
    protocol: str
    signing_name: str
    endpoint_prefix: str
    operations: Mapping[str, Operation]
    shapes: Mapping[str, Shape]


@functools.cache
def service_model() -> Model:
    """The model of Connect Health, read on first use."""
    return msgspec.json.decode(Path(__file__).with_name("model.json").read_bytes(), type=Model)

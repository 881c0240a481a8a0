"""Commands on the server and an account's own state: health, reset, clock, standing faults."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from mockscribe import __version__
from mockscribe.commands.command import Arguments, Command, Context, Duration, Nothing, seconds
from mockscribe.config import Config
from mockscribe.errors import ConfigError, ControlError, ScriptError
from mockscribe.live import StandingFault
from mockscribe.scenario.faults import keys_of
from mockscribe.scenario.script import parse_standing

LONGEST_ADVANCE_SECONDS = 10 * 365 * 86_400.0
"""Own choice: ten years."""


# ---- the server and the account


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is ready, and where; `ca` is the CA's file on its machine."""

    status: str
    version: str
    http: str
    https: str
    control: str | None
    ca: str
    pid: int


def _health(context: Context, _: Nothing) -> Health:
    return msgspec.convert({"status": "running", "version": __version__, **context.endpoints()}, Health)


def _ca(context: Context, _: Nothing) -> bytes:
    return context.mock.ca_pem()


def _reset(context: Context, _: Nothing) -> Nothing:
    context.mock.reset(context.account_id, context.now())
    return Nothing()


# ---- the clock


class ClockState(msgspec.Struct, frozen=True, kw_only=True):
    """An account's mock time: its mode, and seconds since the account began."""

    mode: str
    time: float


class ClockMode(Arguments, frozen=True, kw_only=True):
    """How mock time goes on: real, xN (N times as fast), manual or autojump."""

    mode: str


class Advance(Arguments, frozen=True, kw_only=True):
    """How much mock time passes at once."""

    advance: Duration


def _clock(context: Context, _: Nothing) -> ClockState:
    clock = context.account.clock
    return ClockState(mode=clock.mode, time=clock.time(context.now()))


def _set_clock(context: Context, arguments: ClockMode) -> ClockState:
    try:
        Config(clock=arguments.mode)
    except ConfigError as error:
        raise ControlError(400, error.message, path="mode") from None
    context.account.set_clock_mode(arguments.mode, context.now())
    return _clock(context, Nothing())


def _advance(context: Context, arguments: Advance) -> ClockState:
    context.account.advance(seconds(arguments.advance, "advance", LONGEST_ADVANCE_SECONDS), context.now())
    return _clock(context, Nothing())


# ---- standing faults


class FaultSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A standing fault; `fired` counts the streams (or handshakes) that it has hit, of `times` (None: all)."""

    id: int
    fault: dict[str, dict[str, Any]]
    times: int | None
    fired: int


class NewFault(Arguments, frozen=True, kw_only=True):
    """A fault that stands for each stream that begins, or (`tls_…`) for each handshake of the server; `times` of them.

    `match` says for which streams, in the form of a scenario's `match`; `lasts` for how much mock time.
    """

    fault: dict[str, dict[str, Any]]
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    match: dict[str, Any] | None = None
    lasts: str | None = None


class FaultId(Arguments, frozen=True, kw_only=True):
    """Which standing fault."""

    id: int


def _faults(context: Context, _: Nothing) -> tuple[FaultSummary, ...]:
    return tuple(_fault_summary(each) for each in context.account.faults.values())


def _fault_summary(standing: StandingFault) -> FaultSummary:
    return FaultSummary(
        id=standing.number,
        fault={standing.fault.name: keys_of(standing.fault)},
        times=standing.times,
        fired=standing.fired,
    )


def _add_fault(context: Context, arguments: NewFault) -> FaultSummary:
    given = {"times": arguments.times, "match": arguments.match, "lasts": arguments.lasts}
    spelled = {**arguments.fault, **{name: value for name, value in given.items() if value is not None}}
    try:
        standing = parse_standing(msgspec.json.encode(spelled).decode(), "<fault>")
    except ScriptError as error:
        place = error.path if error.path.partition(".")[0] in given else f"fault.{error.path}".rstrip(".")
        raise ControlError(400, error.message, path=place) from None
    account = context.account
    account.last_fault += 1
    made = StandingFault.of(account.last_fault, standing, account.clock.time(context.now()))
    account.faults[made.number] = made
    return _fault_summary(made)


def _delete_faults(context: Context, _: Nothing) -> Nothing:
    context.account.faults.clear()
    return Nothing()


def _delete_fault(context: Context, arguments: FaultId) -> Nothing:
    if context.account.faults.pop(arguments.id, None) is None:
        raise ControlError(404, f"there is no standing fault {arguments.id}", path="id")
    return Nothing()


HEALTH = Command(
    name="getHealth",
    method="GET",
    path="/health",
    about="Whether the server is ready, and its addresses.",
    arguments=Nothing,
    result=Health,
    run=_health,
)
CA = Command(
    name="getCa",
    method="GET",
    path="/ca.pem",
    about="The certificate that clients must trust.",
    arguments=Nothing,
    result=bytes,
    run=_ca,
    media="application/x-pem-file",
)
RESET = Command(
    name="reset",
    method="POST",
    path="/reset",
    about="The account back to its start: running streams are reset, all that it had is gone.",
    arguments=Nothing,
    result=Nothing,
    run=_reset,
)
CLOCK = Command(
    name="getClock",
    method="GET",
    path="/clock",
    about="The account's mock time.",
    arguments=Nothing,
    result=ClockState,
    run=_clock,
)
SET_CLOCK = Command(
    name="setClock",
    method="PUT",
    path="/clock",
    about="Let mock time go on in another way.",
    arguments=ClockMode,
    result=ClockState,
    run=_set_clock,
)
ADVANCE = Command(
    name="advanceClock",
    method="POST",
    path="/clock",
    about="Let mock time pass at once; whatever is due is done.",
    arguments=Advance,
    result=ClockState,
    run=_advance,
)
FAULTS = Command(
    name="listFaults",
    method="GET",
    path="/faults",
    about="The standing faults.",
    arguments=Nothing,
    result=tuple[FaultSummary, ...],
    run=_faults,
)
ADD_FAULT = Command(
    name="addFault",
    method="POST",
    path="/faults",
    about="Let a fault stand for each stream that begins from now on, or for each TLS handshake.",
    arguments=NewFault,
    result=FaultSummary,
    run=_add_fault,
)
CLEAR_FAULTS = Command(
    name="deleteFaults",
    method="DELETE",
    path="/faults",
    about="Forget all standing faults.",
    arguments=Nothing,
    result=Nothing,
    run=_delete_faults,
)
REMOVE_FAULT = Command(
    name="deleteFault",
    method="DELETE",
    path="/faults/{id}",
    about="Forget one standing fault.",
    arguments=FaultId,
    result=Nothing,
    run=_delete_fault,
    errors=(404,),
)

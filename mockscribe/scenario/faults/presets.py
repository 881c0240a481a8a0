"""Presets: faults that are named for the complaint that they come from, each made of others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockscribe.scenario.faults.before import ERRORS
from mockscribe.scenario.faults.kinds import FaultKind, Layer
from mockscribe.scenario.faults.messages import COMPLAINTS
from mockscribe.scenario.faults.parameters import number, span, word
from mockscribe.scenario.model import Fault, Position


def _flaky_network(parameters: Mapping[str, Any]) -> Sequence[Fault]:
    return (
        Fault(name="delay", parameters={"by": "0ms", "jitter": f"{parameters['jitter']}us"}),
        Fault(name="pieces", parameters={"bytes": parameters["bytes"]}),
        Fault(name="tcp_reset", probability=parameters["percent"] / 100, frames="all"),
    )


def _clean_close(parameters: Mapping[str, Any]) -> Sequence[Fault]:
    return (Fault(name="end", at=Position(after_events=parameters["events"])),)


def _fails_then_works(parameters: Mapping[str, Any]) -> Sequence[Fault]:
    return (Fault(name="http_error", parameters={"error": parameters["error"]}, at=Position(attempt=1)),)


PRESETS: Mapping[str, FaultKind] = {
    "flaky_network": FaultKind(
        layer=Layer.PRESET,
        about="Events come late by chance and in pieces, and now and then the connection breaks.",
        example={"flaky_network": {"jitter": "300ms", "percent": 5}},
        parameters={
            "jitter": span("Up to how late each event is, in mock time.", default="300ms"),
            "bytes": number("Bytes of a piece.", least=1, most=16_384, default=100),
            "percent": number("How likely a reset is after each event, in percent.", least=1, most=100, default=2),
        },
        expand=_flaky_network,
        places=("attempt",),
    ),
    "clean_close": FaultKind(
        layer=Layer.PRESET,
        about="The service ends the stream cleanly in mid-visit, and the client must notice that it was too early.",
        example={"clean_close": {"events": 3}},
        parameters={"events": number("After how many events.", least=1, default=3)},
        expand=_clean_close,
        places=("attempt",),
    ),
    "fails_then_works": FaultKind(
        layer=Layer.PRESET,
        about="The first attempt for a session id gets an HTTP error, the second works.",
        example={"fails_then_works": {"error": "ThrottlingException"}},
        parameters={"error": word("The error's type.", ERRORS, default="InternalServerException")},
        expand=_fails_then_works,
        places=(),
    ),
    **COMPLAINTS,
}

"""Faults of delivery: the right bytes in the wrong portions, or late. Delays are of mock time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mockscribe.scenario.faults.actions import Action, Bandwidth, Delay, Misbehave, Mode, Together
from mockscribe.scenario.faults.kinds import Event, FaultKind, Layer, Setting
from mockscribe.scenario.faults.parameters import number, span
from mockscribe.wire.misbehaviour import CutData


def _delay(setting: Setting, frame: bytes, event: Event) -> Sequence[Action | Mode]:
    jitter = setting.chance.randint(0, setting["jitter"]) if setting["jitter"] else 0
    return (Delay(by_us=setting["by"] + jitter),)


DELIVERY: Mapping[str, FaultKind] = {
    "pieces": FaultKind(
        layer=Layer.DELIVERY,
        about="Cut the response into DATA frames (HTTP/1.1: chunks) of so many bytes, whatever frames they are of.",
        example={"pieces": {"bytes": 1}},
        parameters={"bytes": number("How many.", least=1, most=16_384, default=1)},
        act=lambda setting: (Misbehave(misbehaviour=CutData(octets=setting["bytes"])),),
    ),
    "together": FaultKind(
        layer=Layer.DELIVERY,
        about="Send events so many at a time, in one DATA frame as far as it holds them.",
        example={"together": {"events": 5}},
        parameters={"events": number("How many.", least=2, most=1000, default=5)},
        act=lambda setting: (Together(events=setting["events"]),),
    ),
    "delay": FaultKind(
        layer=Layer.DELIVERY,
        about="Send each event late; what is behind it waits.",
        example={"delay": {"by": "200ms", "jitter": "50ms"}},
        parameters={
            "by": span("How late, in mock time.", default="200ms"),
            "jitter": span("Up to so much later still, drawn for each.", default="0ms"),
        },
        change=_delay,
        frames="all",
    ),
    "bandwidth": FaultKind(
        layer=Layer.DELIVERY,
        about="Let no more than so many bytes leave in a second of mock time.",
        example={"bandwidth": {"bytes_per_second": 1000}},
        parameters={"bytes_per_second": number("How many.", least=1, default=1000)},
        act=lambda setting: (Bandwidth(octets_per_second=setting["bytes_per_second"]),),
    ),
}

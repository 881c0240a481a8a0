"""Faults: what each is called and takes, what it does to a response, and when. Pure.

`vocabulary.FAULTS` is the one table, from which the parser, the JSON Schema and the documentation are made; its parts
stand by layer. `work.Faults` are the faults of one stream, `actions` what they make of its response.
"""

from __future__ import annotations

from mockscribe.scenario.faults.actions import (
    Action,
    Answer,
    Finish,
    Fired,
    Misbehave,
    ResetStream,
    SendBytes,
    SendHead,
)
from mockscribe.scenario.faults.kinds import FaultKind, Layer
from mockscribe.scenario.faults.parameters import ERROR_CODES, Parameter
from mockscribe.scenario.faults.spelling import ends_surely, fault_of, keys_of
from mockscribe.scenario.faults.vocabulary import FAULTS
from mockscribe.scenario.faults.work import Faults, Scene

__all__ = [
    "ERROR_CODES",
    "FAULTS",
    "Action",
    "Answer",
    "FaultKind",
    "Faults",
    "Finish",
    "Fired",
    "Layer",
    "Misbehave",
    "Parameter",
    "ResetStream",
    "Scene",
    "SendBytes",
    "SendHead",
    "ends_surely",
    "fault_of",
    "keys_of",
]

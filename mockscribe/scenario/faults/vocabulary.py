"""The vocabulary: every fault by its name. A fault is added in the module of its layer and nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from mockscribe.scenario.faults.before import BEFORE
from mockscribe.scenario.faults.delivery import DELIVERY
from mockscribe.scenario.faults.kinds import FaultKind
from mockscribe.scenario.faults.messages import MESSAGES
from mockscribe.scenario.faults.presets import PRESETS
from mockscribe.scenario.faults.transport import HTTP, TCP, TLS

FAULTS: Mapping[str, FaultKind] = {**BEFORE, **MESSAGES, **DELIVERY, **HTTP, **TCP, **TLS, **PRESETS}

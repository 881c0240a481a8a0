"""Who speaks in a session and how it is heard: roles, audio clock, ids of segments, and the echo of nobody's script.

Pure; all of it follows from the session's parameters and configuration, and from the settings.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from mockscribe.config import Config
from mockscribe.live import Session
from mockscribe.scenario.echo import AudioEcho, scenario_from_context
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.scenario.playing import Player, segment_ids
from mockscribe.session.audio import AudioClock


def settle(session: Session, config: Config) -> None:
    """Give a session that has a configuration its roles and its audio clock."""
    definitions = (session.configuration or {}).get("channelDefinitions") or ()
    session.roles = {each["participantRole"]: f"ch_{each['channelId']}" for each in definitions}
    session.audio = AudioClock(
        encoding=str(session.parameters["mediaEncoding"]),
        rate=int(session.parameters["mediaSampleRateHertz"]),
        channels={"mono": 1, "stereo": 2}.get(config.pcm_channels, 2 if definitions else 1),
        check_flac_header=config.flac_header == "check",
    )
    if not definitions and config.channel_id_without_definitions == "ch_0":
        session.roles = {"CLINICIAN": "ch_0", "PATIENT": "ch_0"}


def next_segment_id(session: Session, config: Config, rng: random.Random) -> Callable[[], str]:
    """What names the session's next segment: as `Config.segment_ids` says."""
    return segment_ids(rng) if config.segment_ids == "uuid" else session.count_segment


def echo(session: Session, config: Config, rng: random.Random) -> Player:
    """Who speaks when nothing is scripted: as `Config.echo` says."""
    ids = next_segment_id(session, config, rng)
    context = ((session.configuration or {}).get("encounterContext") or {}).get("unstructuredContext") or ""
    if config.echo == "context" and context.strip():
        return ScenarioPlayer(scenario_from_context(context), rng, next_segment_id=ids)
    rate, partial_us = int(session.parameters["mediaSampleRateHertz"]), int(config.partial_interval_seconds * 1_000_000)
    return AudioEcho(rng, rate, partial_us=partial_us, next_segment_id=ids)

"""The scenario language as tables: every key, what it means, and its JSON Schema.

`script.py` takes from here which keys there are, and `schema()` is what `mockscribe schema` prints; so they cannot
drift apart. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mockscribe.duration import PATTERN
from mockscribe.scenario import contents
from mockscribe.scenario.faults import FAULTS, FaultKind
from mockscribe.service.artifacts import NAMES
from mockscribe.service.model import service_model
from mockscribe.session.audio import BLOCKS_PER_SECOND


class Key(msgspec.Struct, frozen=True):
    """A key of the language: what it means, its JSON Schema, and an example value."""

    about: str
    schema: Mapping[str, Any]
    example: Any


def _fault(name: str, kind: FaultKind) -> dict[str, Any]:
    return {
        "type": "object",
        "description": kind.about,
        "examples": [kind.example[name]],
        "properties": {
            each: {
                "description": parameter.about,
                **parameter.schema,
                **({} if parameter.default is None else {"default": parameter.default}),
            }
            for each, parameter in kind.keys.items()
        },
        "additionalProperties": False,
    }


STREAM_FAULTS = {name: kind for name, kind in FAULTS.items() if kind.flaw is None}
"""The faults that a step can have: those of a handshake come before any stream."""


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, **more}


SHORTEST_QUIET_US = 1_000_000 // BLOCKS_PER_SECOND
"""Silence is measured in blocks of 10 ms; what is shorter would depend on their borders."""

NOTHING = r"^0+((\.[0-9]+)?us|(\.0{1,2}|\.000[0-9]*)?ms|(\.0+)?(s|m|h))$"
"""A duration that is nothing when rounded down to microseconds, as a pattern of JSON Schema."""

DURATION: Mapping[str, Any] = {"$ref": "#/$defs/duration"}
SOME_DURATION: Mapping[str, Any] = {"allOf": [DURATION, {"not": {"pattern": NOTHING}}]}
COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 1}
ROLES = ("CLINICIAN", "PATIENT")
EXCEPTIONS = ("validationException", "internalFailureException")
ARTIFACTS = NAMES


def _output_events() -> tuple[str, ...]:
    model = service_model()
    members = model.shapes["MedicalScribeOutputStream"].members
    return tuple(name for name, member in members.items() if not model.shapes[member.shape].exception)


OUTPUT_EVENTS = _output_events()

MATCH_KEYS: Mapping[str, Key] = {
    "sessionId": Key(
        "The session id that the client chose; hex digits in any case.", _text(), "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11"
    ),
    "domainId": Key("The domain of the request.", _text(), "hai-0123456789abcdef"),
    "subscriptionId": Key("The subscription of the request.", _text(), "sub-0123456789abcdefghijk"),
    "languageCode": Key("The language of the request.", {"enum": ["en-US", "multi"]}, "en-US"),
    "mediaSampleRateHertz": Key("The sample rate of the request, in Hz.", COUNT, 16_000),
    "mediaEncoding": Key("The encoding of the request.", {"enum": ["pcm", "flac"]}, "pcm"),
    "account": Key("The account: the 12-digit access key id.", _text(pattern="^[0-9]{12}$"), "123456789012"),
    "attempt": Key("Which request for this session id: 1 is the first, refused ones count.", COUNT, 2),
}

WHEN_KEYS: Mapping[str, Key] = {
    "events": Key("So many audio events since the step was armed.", COUNT, 10),
    "bytes": Key("So many bytes of audio (decoded) since the step was armed.", COUNT, 32_000),
    "quiet": Key("The newest so much audio was silent on all channels; 10ms at least.", DURATION, "800ms"),
    "idle": Key("So much mock time passed without an audio event.", DURATION, "5s"),
}
WHEN_WORDS = ("end_of_session", "input_closed")

VERB_KEYS: Mapping[str, Key] = {
    "say": Key("Speak a line: partials that grow and are revised, then a final.", _text(), "Good morning."),
    "send": Key(
        "Send an output event of the model as it stands: {MEMBER: {…}}.",
        {
            "type": "object",
            "properties": {name: {"type": "object"} for name in OUTPUT_EVENTS},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        {"transcriptEvent": {}},
    ),
    "raise": Key(
        "Send an in-stream exception with this message; it ends the stream.",
        {
            "type": "object",
            "properties": {name: _text() for name in EXCEPTIONS},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        {"internalFailureException": "the backend is on fire"},
    ),
    "fault": Key(
        "Misbehave: a fault by its name, with its parameters and where it acts; else at once, or on the next frame.",
        {
            "type": "object",
            "properties": {name: _fault(name, kind) for name, kind in STREAM_FAULTS.items()},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        {"reset": {"code": "CANCEL"}},
    ),
    "end": Key("End the response cleanly.", {"const": True}, True),
}

TRIGGER_KEYS: Mapping[str, Key] = {
    "at": Key("When the session's audio clock shows this (in the past: now).", DURATION, "400ms"),
    "after": Key(
        "So much audio after the step was armed; {time: D}: so much mock time.",
        {
            "anyOf": [
                DURATION,
                {
                    "type": "object",
                    "properties": {"time": DURATION},
                    "required": ["time"],
                    "additionalProperties": False,
                },
            ]
        },
        "600ms",
    ),
    "when": Key(
        "When the client sent END_OF_SESSION or closed its input, or a count since the step was armed is reached.",
        {
            "anyOf": [
                {"enum": list(WHEN_WORDS)},
                {
                    "type": "object",
                    "properties": {name: {"description": key.about, **key.schema} for name, key in WHEN_KEYS.items()},
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        },
        "end_of_session",
    ),
}

SAY_KEYS: Mapping[str, Key] = {
    "by": Key("Who speaks; becomes channelId by the client's channelDefinitions.", {"enum": list(ROLES)}, "PATIENT"),
    "takes": Key("How long the line takes, of audio; without it 400ms for each word.", DURATION, "2s"),
    "partials": Key(
        "A partial for each word, none, or one for each so much audio.",
        {
            "anyOf": [
                {"enum": ["words", "none"]},
                {
                    "type": "object",
                    "properties": {"every": SOME_DURATION},
                    "required": ["every"],
                    "additionalProperties": False,
                },
            ]
        },
        {"every": "200ms"},
    ),
}

OPTION_KEYS: Mapping[str, Key] = {
    "with": Key("Armed when the previous step starts, not when it is finished.", {"type": "boolean"}, True),
    "repeat": Key(
        "How often, or forever (until END_OF_SESSION).",
        {"anyOf": [COUNT, {"const": "forever"}]},
        3,
    ),
    "optional": Key("Verification does not miss it.", {"type": "boolean"}, True),
}

STEP_KEYS: Mapping[str, Key] = {**VERB_KEYS, **SAY_KEYS, **TRIGGER_KEYS, **OPTION_KEYS}

STANDING_KEYS: Mapping[str, Key] = {
    "times": Key("How many streams (or handshakes) it may hit.", COUNT, 1),
    "match": Key("Which streams; all must hold.", {"$ref": "#/$defs/match"}, {"mediaEncoding": "flac"}),
    "lasts": Key("For how much mock time it stands.", DURATION, "5m"),
}
"""What may stand beside a fault that stands."""

ARTIFACT_KEYS: Mapping[str, Key] = {
    "content": Key(
        "What it says, instead of what follows from the transcript: a note's statements by section, a summary's "
        "sentences, a list of codes; or the whole document.",
        {},
        {"PLAN": ["Rest"]},
    ),
    "delay": Key("Mock time until it is there.", DURATION, "2s"),
    "fail": Key("It fails, with this reason.", _text(), "the model is busy"),
    "skip": Key("It is skipped.", {"type": "boolean"}, True),
}

SCENARIO_KEYS: Mapping[str, Key] = {
    "scenario": Key("The scenario's name.", _text(), "follow-up visit"),
    "match": Key("Which streams it answers; all must hold.", {"$ref": "#/$defs/match"}, {"mediaEncoding": "pcm"}),
    "times": Key("How many sessions it may take.", COUNT, 1),
    "steps": Key(
        "What happens, in order.",
        {
            "type": "array",
            "prefixItems": [{"allOf": [{"$ref": "#/$defs/step"}, {"properties": {"with": {"const": False}}}]}],
            "items": {"$ref": "#/$defs/step"},
        },
        [{"say": "Hello."}],
    ),
    "artifacts": Key(
        "What the session leaves behind.",
        {
            "type": "object",
            "properties": {
                name: {"allOf": [{"$ref": "#/$defs/artifact"}, {"properties": {"content": contents.SCHEMAS[name]}}]}
                for name in ARTIFACTS
            },
            "additionalProperties": False,
        },
        {"note": {"delay": "2s"}},
    ),
}


def _object(keys: Mapping[str, Key], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            name: {"description": key.about, "examples": [key.example], **key.schema} for name, key in keys.items()
        },
        "additionalProperties": False,
        **more,
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one scenario.

    It takes all that the parser takes, and refuses all that it refuses but for what a schema cannot see (a key given
    twice, two scenarios of one name) and two rules about numbers: `quiet` of at least 10ms, and that a step repeated
    forever lets time pass.
    """
    step = _object(STEP_KEYS)
    step["oneOf"] = [{"required": [verb]} for verb in VERB_KEYS]
    step["allOf"] = [
        {"not": {"required": [first, second]}} for first, second in (("at", "after"), ("at", "when"), ("after", "when"))
    ] + [{"if": {"required": [name]}, "then": {"required": ["say"]}} for name in SAY_KEYS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mockscribe scenario",
        **_object(SCENARIO_KEYS, required=["scenario"]),
        "$defs": {
            "duration": {
                "type": "string",
                "pattern": PATTERN,
                "description": "A number with its unit: us, ms, s, m or h.",
                "examples": ["250ms", "1.5s", "30m"],
            },
            "match": _object(MATCH_KEYS),
            "step": step,
            "artifact": _object(ARTIFACT_KEYS),
        },
    }

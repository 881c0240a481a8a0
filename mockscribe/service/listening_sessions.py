"""Listening sessions as resources: what GetMedicalScribeListeningSession tells, and the artifacts that an end begins.

What happens on a session's streams is not known here; whoever knows it puts the `ListeningSession` into the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mockscribe.service import artifacts, quotas, subscriptions
from mockscribe.service.artifacts import NAMES
from mockscribe.service.call import Call, Input, Output, not_found, refusal
from mockscribe.service.documents import unusable
from mockscribe.service.resources import Artifact, ListeningSession


class Wish(Protocol):
    """What a scenario wants of one artifact."""

    @property
    def delay_us(self) -> int:
        """Microseconds that it takes longer."""

    @property
    def fail(self) -> str | None:
        """Why it fails."""

    @property
    def skip(self) -> bool:
        """Whether it is skipped."""


def check_start(call: Call, values: Input, *, resumed: bool, live: bool = False) -> None:
    """Make sure that a stream may begin; `live`: it takes the place of one, so there will be no more than before.

    Raises:
        ServiceError: a quota, or a domain or subscription that is not there or not active (which does not end a session
            that has begun).
    """
    if not live:
        quotas.check_sessions(call)
    if resumed:
        subscriptions.existing(call, values)
    else:
        subscriptions.usable(call, values)


def check_output(call: Call, configuration: Mapping[str, Any]) -> None:
    """Make sure that the output can be written, where that is asked for (row 24).

    Raises:
        ServiceError: ValidationException.
    """
    failure = unusable(call, configuration["postStreamActionSettings"]["outputS3Uri"])
    if call.config.output_check == "at-start" and failure is not None:
        raise refusal("ValidationException", failure)


def begin_artifacts(call: Call, session: ListeningSession, wishes: Mapping[str, Wish]) -> None:
    """A completed session's last stream is over: begin its artifacts.

    Codes are SKIPPED when there is no note (MODEL); so is the after-visit summary, which is made of the note (UG-out).
    """
    failure = unusable(call, session.configuration["postStreamActionSettings"]["outputS3Uri"])
    started = call.time + call.config.artifact_queue_seconds
    has_note = True
    for name in _names(session):
        wish = wishes.get(name)
        skipped = (wish is not None and wish.skip) or not (has_note or name in NAMES[:2])
        why = None if skipped else (wish.fail if wish is not None and wish.fail else failure)
        delay = 0.0 if wish is None else wish.delay_us / 1_000_000
        finished = started + (0.0 if skipped else call.config.artifact_seconds + delay)
        if name == "note":
            has_note = not skipped and why is None
        call.store.put(
            Artifact(
                number=call.store.next_number(),
                domain_id=session.parameters["domainId"],
                arn="",
                created=call.time,
                finished=finished,
                failure=why,
                settled=skipped or why is not None,
                session_key=session.key,
                name=name,
                uri=artifacts.location(session, name),
                started=started,
                skipped=skipped,
            )
        )
        started = finished


def forget(call: Call, session_key: str) -> None:
    """Remove a session and what belongs to it."""
    for name in NAMES:
        if (artifact := call.store.get(Artifact, f"{session_key}/{name}")) is not None:
            call.store.remove(artifact)
    if (session := call.store.get(ListeningSession, session_key)) is not None:
        call.store.remove(session)


def get(call: Call, values: Input) -> Output:
    """GetMedicalScribeListeningSession; 404 for every id whose configuration was not accepted (row 19)."""
    subscriptions.existing(call, values)
    session = call.store.get(ListeningSession, values["sessionId"].lower())
    same = session is not None and all(
        session.parameters[name] == values[name] for name in ("domainId", "subscriptionId")
    )
    if (
        session is None
        or not same
        or (not session.configuration and call.config.session_before_configuration == "not-found")
    ):
        raise not_found("Session", values["sessionId"])
    context = session.configuration.get("encounterContext") or {}
    return {
        "medicalScribeListeningSessionDetails": {
            **session.parameters,
            "channelDefinitions": session.configuration.get("channelDefinitions"),
            "postStreamActionSettings": session.configuration.get("postStreamActionSettings"),
            "postStreamActionResult": _results(call, session),
            "encounterContextProvided": bool(context),
            "medicalCodingContextProvided": bool(context.get("medicalCodingContext")),
            "streamStatus": session.status(call.time),
            "streamCreationTime": call.epoch(session.created),
            "streamEndTime": call.epoch(session.ended),
        }
    }


def _results(call: Call, session: ListeningSession) -> dict[str, Any] | None:
    if session.ended is None and call.config.results_before_end == "omit":
        return None
    details = {name: _details(call, call.store.get(Artifact, f"{session.key}/{name}")) for name in _names(session)}
    codes = details.get("codes")
    return {
        "clinicalNoteGenerationResult": {
            "transcriptResult": details["transcript"],
            "noteResult": details["note"],
            "afterVisitSummaryResult": details["afterVisitSummary"],
        },
        "medicalCodeGenerationResult": None
        if codes is None
        else {"medicalCodesResult": codes, "jobId": session.parameters["sessionId"]},
    }


def _names(session: ListeningSession) -> Sequence[str]:
    """The artifacts that the client asked for."""
    settings = session.configuration.get("postStreamActionSettings") or {}
    codes = (settings.get("medicalCodeGenerationSettings") or {}).get("enabled")
    return NAMES if codes else NAMES[:-1]


def _details(call: Call, artifact: Artifact | None) -> dict[str, Any]:
    """ArtifactDetails; before the session's last stream is over there is no artifact yet."""
    if artifact is None:
        return {"status": "PENDING"}
    status = artifact.status(call.time)
    location = artifact.uri if call.config.output_location == "file" else artifact.uri.rpartition("/")[0] + "/"
    return {
        "status": status,
        "outputLocation": location if status == "COMPLETED" else None,
        "failureReason": artifact.failure if status == "FAILED" else None,
    }

"""Feedback on a note or on medical codes; it is kept for whoever asks the mock what was submitted."""

from __future__ import annotations

from mockscribe.service import domains, idempotency, subscriptions
from mockscribe.service.call import Call, Input, Output, not_found
from mockscribe.service.resources import CodingJob, Feedback
from mockscribe.service.serialisation import known_input


def submit(call: Call, values: Input) -> Output:
    """SubmitFeedback. A clientToken that was seen before is ignored, whatever else the request says (MODEL).

    Raises:
        ServiceError: ResourceNotFoundException, the domain is gone; under --strict-resources also when domain,
            subscription, session or coding job are unknown.
    """
    domains.usable(call, values["domainId"])
    if values.get("subscriptionId") is not None:
        subscriptions.existing(call, values)
    if call.config.strict_resources:
        _require_source(call, values)
    if idempotency.seen(call, "SubmitFeedback", values) is None:
        number = call.store.next_number()
        feedback = Feedback(
            number=number,
            domain_id=values["domainId"],
            created=call.time,
            request=known_input("SubmitFeedbackRequest", values, "domainId", "clientToken"),
            token=idempotency.remember(call, "SubmitFeedback", values, f"#{number}"),
        )
        call.store.put(feedback)
        call.store.keep(Feedback, call.config.kept_jobs, call.time)
    return {}


def _require_source(call: Call, values: Input) -> None:
    """The session or the coding job that the artifact is from (MODEL, SubmitFeedbackRequest.artifactSourceId)."""
    source = values["artifactSourceId"]
    found: object | None = None
    if values["artifactType"] == "MEDICAL_CODES":
        found = call.store.get(CodingJob, f"{values['domainId']}/{source}")
    # Also for codes: the job that made a session's codes has the session's id (`listening_sessions`).
    if found is None and call.sessions.known_session(source) is None:
        raise not_found("Artifact source", source)

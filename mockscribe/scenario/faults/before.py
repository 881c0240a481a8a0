"""Faults before the stream: what a client gets instead of a 200, or how late it gets that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mockscribe.scenario.faults.actions import Action, Answer, LateHead, Mode, Mute
from mockscribe.scenario.faults.kinds import FaultKind, Layer, Setting
from mockscribe.scenario.faults.parameters import number, span, text, word

ERRORS: Mapping[str, tuple[int, str]] = {
    "ValidationException": (400, "The request is not valid."),
    "AccessDeniedException": (401, "You do not have sufficient access to perform this action."),
    "ServiceQuotaExceededException": (402, "You have reached your limit of concurrent streams."),
    "InvalidSignatureException": (
        403,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method.",
    ),
    "ResourceNotFoundException": (404, "The resource does not exist."),
    "ConflictException": (409, "Another stream is in progress with the same session ID"),
    "ThrottlingException": (429, "Rate exceeded"),
    "InternalServerException": (500, "An internal error occurred."),
}
"""Status and text by type: facts 7.1, and 403 as Transcribe answers it (its text there is the service's, the others are
own choice)."""

PLACES = ("attempt",)


def _http_error(setting: Setting) -> Sequence[Action | Mode]:
    error = setting["error"]
    status, message = ERRORS[error]
    message = setting["message"] or message
    headers = (("content-type", "application/json"), ("x-amzn-errortype", error))
    body = msgspec.json.encode({"message": message})
    return (Answer(status=setting["status"] or status, headers=headers, body=body, error=error, message=message),)


def _plain_error(setting: Setting) -> Sequence[Action | Mode]:
    body = setting["body"]
    headers = (("content-type", setting["content_type"]),)
    return (Answer(status=setting["status"], headers=headers, body=body.encode(), error="no error", message=body),)


BEFORE: Mapping[str, FaultKind] = {
    "http_error": FaultKind(
        layer=Layer.BEFORE,
        about="Answer with an error of the API (or 403 InvalidSignatureException) instead of a stream.",
        example={"http_error": {"error": "ThrottlingException", "attempt": 1}},
        parameters={
            "error": word("The error's type; it tells the status too.", ERRORS, default="InternalServerException"),
            "message": text("The error's message, instead of the built-in one."),
            "status": number("Another HTTP status.", least=200, most=599),
        },
        act=_http_error,
        ends_stream=True,
        places=PLACES,
    ),
    "plain_error": FaultKind(
        layer=Layer.BEFORE,
        about="Answer with an error that is not JSON, as a proxy or load balancer does.",
        example={"plain_error": {"status": 503, "body": "<html>Service Unavailable</html>"}},
        parameters={
            "status": number("The HTTP status.", least=200, most=599, default=503),
            "body": text("The body.", default="<html><body><h1>503 Service Unavailable</h1></body></html>"),
            "content_type": text("Its type.", default="text/html", pattern="^[!-~]([ -~]*[!-~])?$"),
        },
        act=_plain_error,
        ends_stream=True,
        places=PLACES,
    ),
    "late_headers": FaultKind(
        layer=Layer.BEFORE,
        about="Send the response headers late; what follows waits for them.",
        example={"late_headers": {"by": "8s"}},
        parameters={"by": span("How late, in mock time.", default="5s")},
        act=lambda setting: (LateHead(by_us=setting["by"]),),
        places=PLACES,
    ),
    "no_answer": FaultKind(
        layer=Layer.BEFORE,
        about="Never answer: the request is taken and read, and nothing comes back.",
        example={"no_answer": {}},
        act=lambda _: (Mute(),),
        places=PLACES,
    ),
}

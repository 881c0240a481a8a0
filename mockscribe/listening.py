"""From a request for StartMedicalScribeListeningSession to a stream, or to a refusal.

All that is decided before the first byte of the body: headers, the session, the scenario. Knows no bytes.
"""

from __future__ import annotations

from mockscribe import caller, signatures, speakers
from mockscribe.account import Account
from mockscribe.entries import Kind, Origin
from mockscribe.errors import ServiceError, SignatureError
from mockscribe.live import Session, Waker
from mockscribe.mock import Mock
from mockscribe.response import Response
from mockscribe.scenario.matching import Request, nearest
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.service import listening_sessions, restjson
from mockscribe.service.messages import message
from mockscribe.service.restjson import LISTENING_SESSION
from mockscribe.stream import Stream
from mockscribe.wire.exchange import RequestReceived
from mockscribe.wire.http import HttpConnection
from mockscribe.wire.sigv4_verification import EventVerifier, verify_request


class NotOfferedError(ServiceError):
    """A refusal for which the client is not to blame: the mock was told to refuse."""


NEAREST = 3
"""Scenarios that a refusal names (design: --strict-scenarios)."""


def start(
    mock: Mock, account: Account, connection: Waker, http: HttpConnection, request: RequestReceived, now: float
) -> Stream | None:
    """Answer an account's request: with a stream that has begun, or with an error (then no stream)."""
    head = request.head
    session_id = head.header("x-amzn-medscribe-session-id") or ""
    counts_all = mock.config.attempts == "all"
    attempt = account.attempt(session_id.lower()) if counts_all else account.attempts.get(session_id.lower(), 0) + 1
    origin = Origin(
        account=account.id,
        connection=connection.number,
        stream=f"{connection.number}.{request.exchange}",
        session=session_id.lower(),
        attempt=attempt,
    )
    account.record(now, origin, Kind.REQUEST, 0, caller.about(head))
    request_id = mock.next_request_id()
    try:
        if request.ended and head.version != "2":
            raise ServiceError("ValidationException", 400, message("no_body", mock.config.messages))
        signer = None
        if mock.policy is not None:
            signer = verify_request(head, None, mock.policy, mock.wall(now))
        parameters = restjson.listening_session_parameters(head)
        if mock.config.low_sample_rate == "reject" and int(parameters["mediaSampleRateHertz"]) < 16_000:
            raise ServiceError("ValidationException", 400, message("low_sample_rate", mock.config.messages))
        call = account.call(now, caller.region(head))
        if mock.config.enforce_quotas:
            account.rates.check(LISTENING_SESSION, call.time)
        session = account.session(session_id, parameters)
        resumed = session.configuration is not None
        listening_sessions.check_start(call, parameters, resumed=resumed, live=session.stream is not None)
        over = account.over(session, origin, account.instant(now))
        if over is not None and mock.config.resume_after_end == "http400":
            text = message("session_over", mock.config.messages, status=over.value)
            raise ServiceError("ValidationException", 400, text)
        if over is None:
            _claim(account, session, attempt, now)
    except (ServiceError, SignatureError) as error:
        if isinstance(error, SignatureError):
            account.violation(now, origin, signatures.about(error, 0))
            error = signatures.refusal(error, mock.config)
        elif error.shape == "ValidationException" and not isinstance(error, NotOfferedError):
            about = {"rule": "request", "source": "MODEL", "offset": 0, "message": error.message}
            account.violation(now, origin, about)
        nobody = Session(session_id, session_id, {})
        Response(account, nobody, origin, http, request.exchange, request_id).refuse(error, account.instant(now))
        return None
    account.keep(session, now)
    if not counts_all:
        account.attempt(session_id.lower())
    stream = Stream(
        account=account,
        session=session,
        origin=origin._replace(session=session.key),
        connection=connection,
        http=http,
        exchange=request.exchange,
        request_id=request_id,
        verifier=EventVerifier(signer, mock.policy) if signer is not None and mock.policy is not None else None,
        now=now,
    )
    changed = resumed and parameters != session.parameters and mock.config.changed_resume == "refuse"
    stream.open(now)
    if over is not None:
        stream.refuse("session_over", now, status=over.value)
    elif changed:
        text = "not the parameters that the session was started with"
        stream.record_violation({"rule": "changed_parameters", "source": "HS-model", "offset": 0, "message": text}, now)
        stream.refuse("changed_parameters", now)
    if request.ended:
        stream.receive_end(now)
    return stream


def _claim(account: Account, session: Session, attempt: int, now: float) -> None:
    """Make the session this stream's own: end the stream that it may have, and settle which scenario plays.

    Raises:
        ServiceError: the session is taken, or (strict) no scenario matches.
    """
    config = account.mock.config
    if session.stream is not None and config.second_stream == "reject":
        raise NotOfferedError("ValidationException", 400, message("second_stream", config.messages))
    scenario = account.choose(session, attempt)
    if scenario is None and session.player is None and config.strict_scenarios:
        request = Request(parameters=session.parameters, account=account.id, attempt=attempt)
        misses = nearest(account.all_scenarios(), request, uses=account.uses, count=NEAREST)
        told = "; ".join(f"{miss.scenario.name}: {miss.difference}" for miss in misses)
        text = message("no_scenario", config.messages, nearest=told or "none is loaded")
        account.unmatched.append(text)
        raise NotOfferedError("ValidationException", 400, text)
    if session.stream is not None:
        replaced = session.stream
        replaced.refuse("replaced", now)
        account.mock.woken.add(replaced.connection)
    if scenario is not None and scenario is not session.scenario:
        account.uses[scenario.name] = account.uses.get(scenario.name, 0) + 1
        session.scenario = scenario
        rng = account.mock.draw(account.id, session.key, attempt)
        if session.player is not None:
            session.replaced.append(session.player)
        session.player = ScenarioPlayer(scenario, rng, next_segment_id=speakers.next_segment_id(session, config, rng))

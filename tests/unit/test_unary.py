"""One request of an operation that is no stream: taken in, answered once, recorded."""

import json
from typing import Any

import pytest

from mockscribe.entries import Kind
from mockscribe.service.operations import HANDLERS
from tests.unit.test_listening import details, refusal, request
from tests.wire import DOMAIN_ID, END_OF_SESSION, SUBSCRIPTION_ID, Answer, Wire, envelope, request_headers
from tests.wire import configuration as configured

HEAD = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")]


def entries(wire: Wire, kind: Kind) -> list[dict[str, Any]]:
    return [entry.fields() for entry in wire.account.journal.select(kind)]


def test_a_body_is_taken_in_piece_by_piece_and_answered_at_its_end() -> None:
    wire = Wire()
    stream = wire.open(headers=HEAD)
    for piece in (b'{"na', b'me": "Cli', b'nic"}'):
        wire.send(stream, piece)
        assert wire.answers[stream].status == 0
    wire.end(stream)
    answer = wire.answers[stream]
    assert (answer.status, json.loads(answer.body)["name"], answer.ended) == (201, "Clinic", True)
    assert answer.headers["content-length"] == str(len(answer.body))


def test_a_body_that_is_too_large_is_refused_before_it_is_complete_and_once() -> None:
    wire = Wire(request_body_bytes=131_072)
    stream = wire.open(headers=HEAD)
    piece = bytes(16_384)
    for _ in range(8):
        wire.send(stream, piece)
        assert wire.answers[stream].status == 0
    wire.send(stream, b"x")
    assert refusal(wire.answers[stream])[:2] == (413, "RequestEntityTooLargeException")
    for _ in range(3):
        wire.send(stream, piece)
    wire.end(stream)
    assert [entry["status"] for entry in entries(wire, Kind.RESPONSE)] == [413]
    (violation,) = entries(wire, Kind.VIOLATION)
    assert (violation["rule"], violation["offset"]) == ("body_size", 131_073)
    assert request(wire, "GET", "/domain")[1] == {"domains": []}


def test_what_was_asked_and_answered_is_recorded() -> None:
    wire = Wire()
    answer, made = request(wire, "POST", "/domain", {"name": "Clinic"})
    (asked,), (told,) = entries(wire, Kind.REQUEST), entries(wire, Kind.RESPONSE)
    assert (asked["operation"], asked["method"], asked["target"]) == ("CreateDomain", "POST", "/domain")
    assert (told["operation"], told["status"]) == ("CreateDomain", 201)
    assert told["headers"]["x-amzn-requestid"] == answer.headers["x-amzn-requestid"]
    assert asked["stream"] == told["stream"]
    assert made["domainId"]


def test_a_request_that_is_given_up_leaves_no_trace_but_its_record() -> None:
    wire = Wire()
    stream = wire.open(headers=HEAD)
    wire.send(stream, b'{"name": "Clinic"}')
    wire.reset(stream)
    assert request(wire, "GET", "/domain")[1] == {"domains": []}
    assert [entry["operation"] for entry in entries(wire, Kind.RESPONSE)] == ["ListDomains"]


def test_a_success_without_content_has_no_length_and_no_type() -> None:
    wire = Wire()
    arn = request(wire, "POST", "/domain", {"name": "Clinic"})[1]["arn"].replace("/", "%2F")
    head = [(":method", "DELETE"), *HEAD[1:3], (":path", f"/tags/{arn}?tagKeys=a&tagKeys=b")]
    answer: Answer = wire.answers[wire.open(headers=head, end=True)]
    assert (answer.status, answer.body, answer.ended) == (204, b"", True)
    assert not {"content-length", "content-type"} & set(answer.headers)


def test_a_fault_of_ours_is_a_500_and_the_next_request_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    wire = Wire()
    errors: list[BaseException] = []
    wire.connection._on_error = errors.append
    monkeypatch.setitem(HANDLERS, "ListDomains", broken)  # type: ignore[misc]
    answer, _ = request(wire, "GET", "/domain")
    assert refusal(answer)[:2] == (500, "InternalServerException")
    assert [type(error) for error in errors] == [ZeroDivisionError]
    monkeypatch.undo()
    assert request(wire, "GET", "/domain")[0].status == 200


def test_rates_are_counted_for_each_operation_and_account() -> None:
    wire = Wire(enforce_quotas=True, clock="manual")
    assert [request(wire, "POST", "/domain", {"name": "Clinic"})[0].status for _ in range(2)] == [201, 429]
    assert [request(wire, "GET", "/domain")[0].status for _ in range(6)] == [200] * 5 + [429]
    signed = ("authorization", "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/health-agent/aws4_request")
    stream = wire.open(headers=[*HEAD, signed])
    wire.send(stream, b'{"name": "Clinic"}', end=True)
    assert wire.answers[stream].status == 201
    wire.account.advance(1, wire.now)
    assert request(wire, "POST", "/domain", {"name": "Clinic"})[0].status == 201


def test_what_a_request_asks_for_is_brought_about_before_it_is_answered() -> None:
    """A server's timer may not have fired yet; who asks must not see that."""
    wire = Wire()
    number = wire.open(headers=request_headers())
    wire.send(number, envelope(configured()), envelope(END_OF_SESSION), end=True)
    wire.now += 60  # and no chore was done meanwhile
    notes = details(wire)["postStreamActionResult"]["clinicalNoteGenerationResult"]
    assert {each["status"] for each in notes.values()} == {"COMPLETED"}


def test_labels_reach_the_handler_decoded() -> None:
    wire = Wire()
    path = f"/domains/{DOMAIN_ID}/subscriptions/{SUBSCRIPTION_ID}".replace("-", "%2D")
    assert "Subscription" in refusal(request(wire, "GET", path)[0])[2]

"""What the data port answers apart from the API."""

import json

import pytest

from mockscribe import __version__
from tests.unit.test_listening import refusal
from tests.wire import Answer, Wire


def ask(wire: Wire, path: str, method: str = "GET") -> Answer:
    head = [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path)]
    answer = wire.answers[wire.open(headers=head, end=True)]
    assert answer.ended
    if method != "HEAD":
        assert answer.headers["content-length"] == str(len(answer.body))
    return answer


@pytest.mark.parametrize("path", ["/_mockscribe/health", "/_localstack/health", "/_mockscribe/health?again=1"])
def test_health_is_json_that_waiters_of_localstack_understand(path: str) -> None:
    answer = ask(Wire(), path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == {
        "status": "running",
        "version": __version__,
        "services": {"health-agent": "running"},
    }


def test_a_head_request_gets_the_length_and_no_body() -> None:
    wire = Wire()
    length = len(ask(wire, "/_mockscribe/health").body)
    answer = ask(wire, "/_mockscribe/health", "HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(length), b"")


def test_the_certificate_of_the_ca_is_there() -> None:
    wire = Wire()
    wire.mock.ca_pem = lambda: b"-----BEGIN CERTIFICATE-----\n"
    answer = ask(wire, "/_mockscribe/ca.pem")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-pem-file")
    assert answer.body == b"-----BEGIN CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("path", "method"), [("/_mockscribe/", "GET"), ("/_mockscribe/reset", "POST"), ("/_mockscribe/health", "POST")]
)
def test_whoever_looks_for_the_control_api_is_told_where_it_is(path: str, method: str) -> None:
    wire = Wire()
    status, kind, text = refusal(ask(wire, path, method))
    assert (status, kind, "switched off" in text) == (404, "ResourceNotFoundException", True)
    wire.mock.control_url = "http://localhost:8081"
    assert "http://localhost:8081/_mockscribe/" in refusal(ask(wire, path, method))[2]


def test_an_unknown_path_is_told_apart_from_an_unknown_method() -> None:
    wire = Wire()
    assert refusal(ask(wire, "/nothing?x=1")) == (
        404,
        "UnknownOperationException",
        "No operation answers GET /nothing.",
    )
    answer = ask(wire, "/domain", "PUT")
    assert refusal(answer) == (405, "MethodNotAllowedException", "/domain takes POST or GET, not PUT.")
    assert answer.headers["allow"] == "POST, GET"


def test_request_ids_repeat_with_the_seed_only() -> None:
    def ids(seed: int) -> list[str]:
        wire = Wire(seed=seed)
        return [ask(wire, path).headers["x-amzn-requestid"] for path in ("/nothing", "/domain")]

    assert ids(1) == ids(1)
    assert len({*ids(1), *ids(2)}) == 4

"""What the operations answer to bad input, through a client that checks nothing: httpx, over every way to the port."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mockscribe import Mockscribe
from tests.clients import trusting

DOMAIN = "/domain/hai-0123456789abcdef"
DOMAINS = "/domains/hai-0123456789abcdef"
MIB = 1_048_576


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mockscribe]:
    with Mockscribe(ca_folder=tmp_path_factory.mktemp("ca")) as mock:
        yield mock


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/1.1 over TLS", "HTTP/2", "HTTP/2 over TLS"])
def client(mock: Mockscribe, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    two, tls = "HTTP/2" in request.param, "TLS" in request.param
    url = mock.https_url if tls else mock.http_url
    context = trusting(mock.ca_file) if tls else False
    with httpx.Client(base_url=url, verify=context, http1=not two, http2=two, timeout=30) as client:
        assert client.get("/domain").http_version == request.param.partition(" ")[0]
        yield client


def check_error(answer: httpx.Response, status: int, kind: str) -> str:
    """The error is JSON, names its type in the header, and has both ids of the request; its message."""
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, kind), answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amzn-requestid"] == answer.headers["x-amzn-request-id"] != ""
    body = answer.json()
    assert list(body) == ["message"]
    assert body["message"] != ""
    return str(body["message"])


# ---- where there is nothing


@pytest.mark.parametrize("path", ["/", "/domain/x/y", "/domains", "/nothing", "//domain", "/domain%2Fx/y/z", "/%00"])
def test_a_path_that_is_none_is_not_found(client: httpx.Client, path: str) -> None:
    raw = httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode())
    for method in ("GET", "POST", "DELETE", "PUT"):
        message = check_error(client.request(method, raw), 404, "UnknownOperationException")
        assert message == f"No operation answers {method} {path}."


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/domain", {"GET", "POST"}),
        (DOMAIN, {"GET", "DELETE"}),
        (f"{DOMAINS}/subscriptions", {"GET", "POST"}),
        ("/tags/arn", {"GET", "POST", "DELETE"}),
        ("/medical-scribe-stream/", {"POST"}),
        ("/medical-scribe-stream", {"POST"}),
        (f"{DOMAIN}/medical-coding-job", {"POST"}),
    ],
)
def test_a_method_that_the_path_does_not_take_is_refused_with_those_that_it_does(
    client: httpx.Client, path: str, allowed: set[str]
) -> None:
    for method in {"GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "BREW"} - allowed:
        answer = client.request(method, path)
        assert method in check_error(answer, 405, "MethodNotAllowedException")
        assert set(answer.headers["allow"].split(", ")) == allowed


# ---- bodies


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"name=Clinic", b"\xff\xfe", b'{"name": "Clin', b'{"name": "Clinic"} {}', b"NaN", b'{"name": \x00}',
        b'{"a":' * 10_000, b"\xef\xbb\xbf{}", b"'name'",
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_is_refused(client: httpx.Client, body: bytes) -> None:
    assert "not JSON" in check_error(client.post("/domain", content=body), 400, "SerializationException")


@pytest.mark.parametrize("body", [b"[]", b'"name"', b"7", b"null", b"true"])
def test_json_that_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    assert "not a JSON object" in check_error(client.post("/domain", content=body), 400, "SerializationException")


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("/domain", {}, ["name"]),
        ("/domain", {"name": None}, ["name"]),
        ("/domain", {"name": ["Clinic"]}, ["name"]),
        ("/domain", {"name": "Clinic", "tags": "team"}, ["tags"]),
        ("/domain", {"name": "Clinic", "tags": {"team": 7}}, ["tags"]),
        ("/domain", {"name": "x" * 5000, "kmsKeyArn": 1}, ["name", "kmsKeyArn"]),
        (f"{DOMAINS}/datasets", {"name": "N", "config": {}}, ["config"]),
        (f"{DOMAINS}/datasets", {"name": "N", "config": {"medicalCoding": []}}, ["config.medicalCoding"]),
        (f"{DOMAIN}/medical-coding-job", {"text": "x"}, ["outputDataConfig"]),
        (f"{DOMAIN}/medical-coding-job", {"text": True, "outputDataConfig": 1}, ["text", "outputDataConfig"]),
        ("/domains/x/subscriptions", {}, ["domainId"]),
        ("/domains/%E2%82%AC/subscriptions", {}, ["domainId"]),
    ],
)
def test_values_that_do_not_fit_are_named_one_by_one(
    client: httpx.Client, path: str, body: Any, wrong: list[str]
) -> None:
    message = check_error(client.post(path, json=body), 400, "ValidationException")
    for each in wrong:
        assert f"'{each}'" in message


@pytest.mark.parametrize("query", ["maxResults=0", "maxResults=101", "maxResults=ten", "maxResults=", "status=GONE"])
def test_a_query_that_does_not_fit_is_refused(client: httpx.Client, query: str) -> None:
    message = check_error(client.get(f"/domain?{query}"), 400, "ValidationException")
    assert query.partition("=")[0] in message


def test_members_that_nobody_knows_are_ignored_and_so_are_query_and_headers(client: httpx.Client) -> None:
    body = {"name": "Clinic", "no such": {"deep": [1, None]}, "Name": "NAME"}
    answer = client.post("/domain?more=1&more=2", json=body, headers={"x-amz-target": "Other.Operation"})
    assert (answer.status_code, answer.json()["name"], "no such" in answer.text) == (201, "Clinic", False)


def test_any_content_type_is_taken(client: httpx.Client) -> None:
    for kind in ("application/x-amz-json-1.1", "text/plain", ""):
        answer = client.post("/domain", content=b'{"name": "Clinic"}', headers={"content-type": kind})
        assert answer.status_code == 201


def test_no_body_at_all_is_an_empty_object(client: httpx.Client) -> None:
    assert client.post(f"{DOMAINS}/subscriptions").status_code == 201
    assert "'name'" in check_error(client.post("/domain"), 400, "ValidationException")


def test_the_longest_text_that_is_allowed_fits(client: httpx.Client) -> None:
    body = {"text": "ü" * 100_000, "outputDataConfig": {"s3OutputPath": "s3://bucket"}}
    assert client.post(f"{DOMAIN}/medical-coding-job", json=body).status_code == 200
    body["text"] += "ü"
    message = check_error(client.post(f"{DOMAIN}/medical-coding-job", json=body), 400, "ValidationException")
    assert "Text field exceeds maximum length of 100000 characters" in message  # UG-mc
    assert len(message) < 1000


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_of_more_than_a_mebibyte_is_too_large(client: httpx.Client, chunked: bool) -> None:
    def content(size: int) -> Any:
        body = b'{"name": "Clinic", "pad": "' + b"x" * (size - 29) + b'"}'
        assert len(body) == size
        return iter([body[:MIB], body[MIB:]]) if chunked else body

    assert client.post("/domain", content=content(MIB)).status_code == 201
    check_error(client.post("/domain", content=content(MIB + 1)), 413, "RequestEntityTooLargeException")
    check_error(client.post("/domain", content=content(8 * MIB)), 413, "RequestEntityTooLargeException")
    assert client.get("/domain").status_code == 200


# ---- the heads


def test_ids_in_capitals_and_percent_signs_are_what_they_are(client: httpx.Client) -> None:
    arn = client.post("/domain", json={"name": "Clinic"}).json()["arn"]
    for encoded in (arn.replace("/", "%2F"), arn.replace("/", "%2f").replace(":", "%3A")):
        assert client.get(f"/tags/{encoded}").json() == {"tags": {}}
    check_error(client.get("/tags/%zz"), 400, "ValidationException")
    check_error(client.get("/tags/%ff"), 400, "ValidationException")


def test_answers_to_the_same_head_are_the_same_whatever_the_host(client: httpx.Client) -> None:
    job = f"{DOMAIN}/medical-coding-job/0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11"
    for host in ("runtime.localhost", "streaming.localhost", "health-agent.us-east-1.api.aws", "x", "[::1]:1"):
        check_error(client.get(job, headers={"host": host}), 404, "ResourceNotFoundException")


def test_a_head_request_gets_no_body(client: httpx.Client) -> None:
    answer = client.head("/domain")
    assert (answer.status_code, answer.content) == (405, b"")


def test_requests_follow_each_other_on_one_connection_after_any_refusal(mock: Mockscribe) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=30)
    statuses = []
    for method, path, body in (
        ("POST", "/domain", "{"),
        ("PUT", "/domain", "{}"),
        ("POST", "/nothing", "{}"),
        ("POST", "/domain", json.dumps({"name": "Clinic"})),
    ):
        connection.request(method, path, body)
        with connection.getresponse() as answer:
            answer.read()
            statuses.append(answer.status)
    sock = connection.sock
    connection.close()
    assert statuses == [400, 405, 404, 201]
    assert sock is not None


def test_the_same_id_of_two_requests_never_comes_twice(client: httpx.Client) -> None:
    ids = {client.get("/domain").headers["x-amzn-requestid"] for _ in range(20)}
    assert len(ids) == 20


def test_an_account_is_the_access_key_of_twelve_digits(mock: Mockscribe) -> None:
    with httpx.Client(base_url=mock.http_url) as client:

        def domains(key: str) -> int:
            signed = {
                "authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/health-agent/aws4_request"
            }
            return len(client.get("/domain", headers=signed).json()["domains"])

        key = "444444444444"
        signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/health-agent/aws4_request"}
        client.post("/domain", json={"name": "Clinic"}, headers=signed)
        assert domains("444444444444") == 1
        assert domains("555555555555") == 0
        assert domains("44444444444A") == len(client.get("/domain").json()["domains"]) > 0

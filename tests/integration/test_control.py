"""The control API on the wire: routes, refusals, live journal, browsers, and its OpenAPI document."""

import asyncio
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from mockscribe import AccountView, Mockscribe
from mockscribe.authority import Authority
from mockscribe.commands import COMMANDS, Command
from mockscribe.config import load
from mockscribe.control.openapi import document
from mockscribe.server import Server
from tests.visits import LiveVisit, visit
from tests.wire import END_OF_SESSION, SESSION_ID, audio, configuration, event, silence

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = "scenario: a/b c\nsteps: [{say: Hi., at: 0s, takes: 0s}]\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Mockscribe]:
    with Mockscribe(tls_name=("mock.example.com",)) as mock:
        yield mock


@pytest.fixture
def view(server: Mockscribe) -> AccountView:
    return server.new_account()


@pytest.fixture
def http(view: AccountView) -> Iterator[httpx.Client]:
    url = f"{view.control_url}/_mockscribe"
    with httpx.Client(base_url=url, params={"account": view.account}, trust_env=False) as client:
        yield client


# ---- what is there


def test_health_tells_the_addresses(http: httpx.Client, server: Mockscribe) -> None:
    told = http.get("/health").json()
    assert told["status"] == "running"
    assert told["http"] == server.http_url
    assert told["https"] == server.https_url
    assert f"{told['control']}/_mockscribe" == str(http.base_url).rstrip("/")
    assert told["ca"] == str(server.ca_file)
    assert http.get("/ca.pem").content == server.ca_file.read_bytes()
    assert http.get("/ca.pem").headers["content-type"].startswith("application/x-pem-file")
    assert http.head("/health").status_code == 200


def test_the_data_port_names_the_control_port(server: Mockscribe) -> None:
    answer = httpx.get(f"{server.http_url}/_mockscribe/journal", trust_env=False)
    assert answer.status_code == 404
    assert f"{server.control_url}/_mockscribe/" in answer.json()["message"]


def test_without_a_control_port_the_data_port_says_so() -> None:
    with Mockscribe() as mock:
        answer = httpx.get(f"{mock.http_url}/_mockscribe/journal", trust_env=False)
        assert answer.status_code == 404
        assert "switched off (--control-port)" in answer.json()["message"]


def test_scenarios_are_put_read_and_deleted(http: httpx.Client) -> None:
    assert http.put("/scenarios", content="scenario: one\n---\nscenario: two\n").status_code == 200
    (one, two) = http.get("/scenarios").json()
    assert (one["name"], two["name"], two["line"], two["own"], two["uses"]) == ("one", "two", 3, True, 0)
    assert http.delete("/scenarios/one").json() == {}
    assert http.delete("/scenarios/one").status_code == 404
    assert [each["name"] for each in http.get("/scenarios").json()] == ["two"]
    assert http.delete("/scenarios").json() == {}
    assert http.get("/scenarios").json() == []


def test_one_scenario_is_put_by_its_name_whatever_is_in_it(http: httpx.Client) -> None:
    assert http.put("/scenarios/a%2Fb%20c", content=SCRIPT, params={"source": "here"}).json()["source"] == "here"
    assert http.get("/scenarios/a/b c").json()["name"] == "a/b c"
    refused = http.put("/scenarios/other", content=SCRIPT)
    assert refused.status_code == 400
    assert refused.json()["path"] == "name"
    assert http.get("/scenarios/other").status_code == 404


@pytest.mark.parametrize("name", ["x%0A", "%0A", "x%0Ay", "x%2Fy"])
def test_a_name_is_taken_whole(http: httpx.Client, name: str) -> None:
    refused = http.put(f"/scenarios/{name}", content="scenario: x\nsteps: []\n")
    assert (refused.status_code, refused.json()["path"]) == (400, "name")
    assert (http.get(f"/scenarios/{name}").status_code, http.get(f"/scenarios/{name}").json()["path"]) == (404, "name")


def test_json_is_a_scenario_too(http: httpx.Client) -> None:
    assert http.put("/scenarios", json={"scenario": "from JSON", "steps": []}).json()[0]["name"] == "from JSON"


def test_events_audio_and_findings_of_a_session(http: httpx.Client, view: AccountView) -> None:
    visit(view, session_id=SESSION_ID)
    base = f"/sessions/{SESSION_ID}"
    assert http.get(base).json()["status"] == "COMPLETED"
    assert http.get(f"{base}/events").json()[0]["event"] == "configurationEvent"
    assert "value" not in http.get(f"{base}/events").json()[1]
    assert http.get(f"{base}/events", params={"content": True}).json()[1]["value"].startswith("AAAA")
    wav = http.get(f"{base}/audio.wav")
    assert wav.headers["content-type"] == "audio/wav"
    assert (wav.content[:4], len(wav.content)) == (b"RIFF", 44 + 32_000)
    assert [each["rule"] for each in http.get(f"{base}/findings").json()] == []
    assert http.get("/sessions/nobody/audio.wav").status_code == 404


def test_the_journal_is_filtered(http: httpx.Client, view: AccountView) -> None:
    visit(view, session_id=SESSION_ID)
    visit(view)
    everything = http.get("/journal").json()
    first = [entry for entry in everything if entry["session"] == SESSION_ID]
    assert http.get("/journal", params={"session": SESSION_ID.upper()}).json() == first
    stream = first[0]["stream"]
    assert {entry["stream"] for entry in http.get("/journal", params={"stream": stream}).json()} == {stream}
    assert len(http.get("/journal", params={"kind": "request"}).json()) == 2
    since = everything[3]["seq"]
    assert http.get("/journal", params={"since": since}).json() == everything[4:]


def test_an_unmet_expectation_is_a_verdict_and_no_error(http: httpx.Client) -> None:
    http.put("/scenarios", content=SCRIPT)
    answer = http.post("/verify")
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert answer.json()["unmet"][0]["rule"] == "scenario_unused"


def test_time_is_read_set_and_advanced(http: httpx.Client) -> None:
    assert http.put("/clock", json={"mode": "manual"}).json()["mode"] == "manual"
    before = http.get("/clock").json()["time"]
    assert http.post("/clock", json={"advance": "90s"}).json()["time"] == pytest.approx(before + 90)


def test_faults_stand_until_they_are_deleted(http: httpx.Client) -> None:
    made = http.post("/faults", json={"fault": {"reset": {"code": "CANCEL"}}, "times": 3}).json()
    assert made == {"id": made["id"], "fault": {"reset": {"code": "CANCEL"}}, "times": 3, "fired": 0}
    assert http.get("/faults").json() == [made]
    assert http.delete(f"/faults/{made['id']}").json() == {}
    assert http.delete(f"/faults/{made['id']}").status_code == 404


# ---- refusals


@pytest.mark.parametrize(
    ("method", "path", "body", "place", "message"),
    [
        ("POST", "/wait", {"kind": "request", "count": "2"}, "count", "Expected `int`, got `str`"),
        ("POST", "/wait", {"kind": "nonsense"}, "kind", "'nonsense' is none of connection_opened, request, response, "),
        ("POST", "/wait", {"kind": "request", "where": 1}, "where", "Expected `object`"),
        (
            "POST",
            "/wait",
            {"kind": "request", "colour": 1},
            "colour",
            "unknown; there are kind, where, count, since, timeout",
        ),
        ("POST", "/wait", {"kind": "request", "time": 1}, "time", "unknown; did you mean timeout?"),
        ("POST", "/reset", {"now": True}, "now", "unknown; there are none"),
        ("PUT", "/clock", {"mod": "real"}, "mod", "unknown; did you mean mode?"),
        ("POST", "/wait", {"kind": "request", "timeout": "10"}, "timeout", "no duration"),
        ("POST", "/wait", {}, "", "missing required field `kind`"),
        ("POST", "/wait", [], "", "must be a JSON object"),
        ("POST", "/verify", {"allow_violations": [1]}, "allow_violations[0]", "Expected `str`"),
        ("POST", "/verify", {"allow_violations": ["event", "chunk"]}, "allow_violations[1]", "did you mean chunk_size"),
        ("PUT", "/clock", {"mode": "sideways"}, "mode", "no clock"),
        ("POST", "/clock", {"advance": -1}, "advance", "not between"),
        ("POST", "/faults", {"fault": {"reset": {"code": "X"}}}, "fault.reset.code", "no error code"),
        ("POST", "/faults", {"fault": {"reset": {}}, "times": 0}, "times", ">= 1"),
        ("POST", "/faults", {"fault": {"reset": 1}}, "fault.reset", "Expected `object`, got `int`"),
        ("POST", "/faults", {"fault": {"reset": {}, "end": 1}}, "fault[...]", "Expected `object`, got `int`"),
        ("POST", "/sessions/x/push", {"session_id": "y", "end": True}, "session_id", "into the path"),
        ("POST", "/sessions/x/push", {"end": False}, "end", "false is none of true"),
        ("POST", "/sessions/x/push", {"exit": True}, "exit", "unknown; there are event, exception, fault, end"),
        ("POST", "/sessions/x/push", {"event": {"transcriptEvent": 1}}, "event.transcriptEvent", "Expected `object`"),
    ],
)
def test_wrong_json_is_refused_with_the_path_of_the_error(
    http: httpx.Client, method: str, path: str, body: Any, place: str, message: str
) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["path"] == place
    assert message in answer.json()["message"]


def test_a_push_is_refused_in_its_own_words(http: httpx.Client) -> None:
    told = http.post("/sessions/x/push", json={"fault": {"reset": {"code": "CALM"}}}).json()
    assert told["path"] == "fault.reset.code"
    assert told["message"].startswith("'CALM' is no error code")
    told = http.post("/faults", json={"fault": {"reset": {"code": "CALM"}}}).json()
    assert told["path"] == "fault.reset.code"
    assert told["message"].startswith("'CALM' is no error code")
    told = http.post("/sessions/x/push", json={"event": {}}).json()
    assert told["path"] == "event"
    assert told["message"].startswith("must name one output event of the model: transcriptEvent, ")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"nope", b"[" * 100_000])
def test_what_is_no_json_is_refused(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/wait", content=body)
    assert (answer.status_code, answer.json()["path"]) == (400, "")


def test_a_scenario_error_has_line_and_column_and_all_the_others(http: httpx.Client) -> None:
    text = "scenario: x\nsteps:\n  - say: Hi.\n    at: soon\n  - {sey: a}\n"
    refused = http.put("/scenarios", content=text, params={"source": "visit.yaml"})
    assert refused.status_code == 400
    told = refused.json()
    assert (told["source"], told["line"], told["column"], told["path"]) == ("visit.yaml", 4, 9, "steps[0].at")
    assert [each["line"] for each in told["errors"]] == [4, 5]
    assert http.get("/scenarios").json() == []


def test_a_text_that_is_not_utf_8_is_refused(http: httpx.Client) -> None:
    assert http.put("/scenarios", content=b"\xff").status_code == 400


@pytest.mark.parametrize(
    ("path", "params", "place"),
    [
        ("/journal", {"since": "x"}, "since"),
        ("/journal", {"kind": "x"}, "kind"),
        ("/journal", {"sins": "1"}, "sins"),
        ("/journal", {"content": "maybe"}, "content"),
        ("/timeline", {"sesion": "x"}, "sesion"),
        ("/journal", {"account": "1"}, "account"),
        ("/journal", {"account": "١٢٣٤٥٦٧٨٩٠١٢"}, "account"),
        ("/sessions/x", {"session_id": "y"}, "session_id"),
    ],
)
def test_a_wrong_query_is_refused(server: Mockscribe, path: str, params: dict[str, str], place: str) -> None:
    answer = httpx.get(f"{server.control_url}/_mockscribe{path}", params=params, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["path"] == place


def request(http: httpx.Client, command: Command[Any, Any], **wrong: Any) -> Any:
    """The refusal of a call that would be one but for what is `wrong` with it."""
    path = re.sub("{.*?}", "1", command.path)
    fitting: dict[str, Any] = {"content": "scenario: '1'"} if command.text else {}
    answer = http.request(command.method, path, **fitting | wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json"), answer.text
    return answer.json()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_call_refuses_what_it_does_not_know(http: httpx.Client, command: Command[Any, Any]) -> None:
    told = request(http, command, params={"acount": "1"})
    assert (told["path"], told["message"]) == ("acount", "is unknown; did you mean account?")
    assert request(http, command, params={"account": "1"})["path"] == "account"
    known = [each for each in command.arguments.__struct_fields__ if each not in (*command.path_fields, command.text)]
    in_body = command.method in ("PUT", "POST") and command.text is None
    told = request(http, command, params={"zzz": "1"})
    names = ["account"] if in_body else [*known, "account"]
    assert (told["path"], told["message"]) == ("zzz", f"is unknown; there are {', '.join(names)}")
    if command.text is not None:
        told = request(http, command, params={command.text: "scenario: x"})
        assert (told["path"], told["message"]) == (command.text, "belongs into the body")
    elif in_body:
        told = request(http, command, json={"zzz": 1})
        assert (told["path"], told["message"]) == ("zzz", f"is unknown; there are {', '.join(known) or 'none'}")
        for body in (["zzz"], "zzz", 1):
            assert request(http, command, json=body)["message"] == "the body must be a JSON object"
    else:
        told = request(http, command, json={"zzz": 1})
        assert told["message"] == f"{command.method} takes no body; its query takes {', '.join(names)}"


def test_an_empty_object_is_as_good_as_no_body(http: httpx.Client) -> None:
    assert http.request("DELETE", "/faults", json={}).status_code == 200


def test_a_timeline_of_nobody_names_its_parameter(http: httpx.Client) -> None:
    answer = http.get("/timeline", params={"session": "nobody"})
    assert (answer.status_code, answer.json()["path"]) == (404, "session")


def test_a_query_parameter_counts_once(http: httpx.Client) -> None:
    answer = http.get("/journal", params=[("since", "1"), ("since", "2")])
    assert (answer.status_code, answer.json()["path"]) == (400, "since")


def test_a_body_that_belongs_into_json_is_not_taken_from_the_query(http: httpx.Client) -> None:
    answer = http.post("/wait", params={"kind": "request"}, json={"kind": "request"})
    assert (answer.status_code, answer.json()["path"]) == (400, "kind")


def test_an_unknown_path_and_method_are_told_in_json(http: httpx.Client) -> None:
    nowhere = http.get("/nowhere")
    assert nowhere.status_code == 404
    assert "openapi.json" in nowhere.json()["message"]
    wrong = http.patch("/clock")
    assert wrong.status_code == 405
    assert {each.strip() for each in wrong.headers["allow"].split(",")} == {"GET", "HEAD", "PUT", "POST"}
    assert "/_mockscribe/clock" in wrong.json()["message"]


def test_what_does_not_come_is_408_with_what_was_seen(http: httpx.Client, view: AccountView) -> None:
    with LiveVisit(view) as live:
        live.send(event("nonsense", b"{}"))
        live.read_end()
    answer = http.post("/wait", json={"kind": "violation", "where": {"rule": "frame"}, "timeout": 0.01})
    assert answer.status_code == 408
    told = answer.json()
    assert told["seen"]["violation"] == 1
    assert told["found"] == []
    assert "rule is 'event', not 'frame'" in told["nearest"][0]


def test_what_was_found_before_time_was_up_is_told(http: httpx.Client, view: AccountView) -> None:
    visit(view)
    answer = http.post("/wait", json={"kind": "request", "count": 2, "timeout": 0})
    assert (answer.status_code, len(answer.json()["found"])) == (408, 1)


# ---- browsers


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "mock", "mock.localhost", "MOCK.example.COM", "localhost."],
)
def test_hosts_that_are_this_machine(http: httpx.Client, host: str) -> None:
    assert http.get("/health", headers={"host": f"{host}:8081"}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "10.0.0.1",
        "localhost.evil.example",
        "1.2.3.4.nip.io",
        "",
        "a b.c",
        "[::2]",
        "[",
        "mock.example.com.evil.example",
    ],
)
def test_hosts_that_are_not(http: httpx.Client, host: str) -> None:
    answer = http.post("/reset", headers={"host": host})
    assert answer.status_code == 403
    assert "--tls-name" in answer.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_sites_change_and_read_nothing(
    http: httpx.Client, view: AccountView, headers: dict[str, str]
) -> None:
    visit(view)
    for method, path in (("POST", "/reset"), ("GET", "/journal"), ("DELETE", "/scenarios")):
        assert http.request(method, path, headers=headers).status_code == 403
    assert len(view.sessions) == 1


def test_its_own_pages_may(http: httpx.Client) -> None:
    origin = f"http://{http.base_url.netloc.decode()}"
    answer = http.post("/reset", headers={"origin": origin, "sec-fetch-site": "same-origin"})
    assert answer.status_code == 200


# ---- the live journal


def read_events(lines: Iterator[str], count: int) -> list[dict[str, Any]]:
    """So many server-sent events (WHATWG HTML, 9.2.6), without comments."""
    found: list[dict[str, Any]] = []
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                found.append({**fields, "data": json.loads(fields["data"])})
            fields = {}
            if len(found) == count:
                return found
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
    raise AssertionError(f"the stream ended after {found}")


def test_the_journal_is_told_as_it_grows(http: httpx.Client, view: AccountView) -> None:
    visit(view)
    before = http.get("/journal").json()
    accept = {"accept": "text/event-stream"}
    with http.stream("GET", "/journal", headers=accept) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert [each["data"] for each in read_events(lines, len(before))] == before
        with LiveVisit(view) as live:
            opened, request = read_events(lines, 2)
            assert (opened["event"], request["event"]) == ("connection_opened", "request")
            assert request["data"]["session"] == live.session_id
            assert int(request["id"]) == request["data"]["seq"] > before[-1]["seq"]
            read_events(lines, 1)  # the response
            live.send(configuration())
            assert read_events(lines, 1)[0]["data"]["event"] == "configurationEvent"


def test_the_live_journal_goes_on_after_the_last_event_and_is_filtered(http: httpx.Client, view: AccountView) -> None:
    visit(view)
    requests = [entry["seq"] for entry in http.get("/journal", params={"kind": "session_state"}).json()]
    headers = {"accept": "text/event-stream", "last-event-id": str(requests[0])}
    with http.stream("GET", "/journal", headers=headers, params={"kind": "session_state"}) as response:
        lines = response.iter_lines()
        assert read_events(lines, 1)[0]["data"]["seq"] == requests[1]
        visit(view)
        assert [each["data"]["to"] for each in read_events(lines, 2)] == ["IN_PROGRESS", "COMPLETED"]


def test_the_live_journal_goes_on_over_a_reset(http: httpx.Client, view: AccountView) -> None:
    with http.stream("GET", "/journal", headers={"accept": "text/event-stream"}) as response:
        lines = response.iter_lines()
        next(lines)
        view.reset()
        visit(view)
        assert [each["event"] for each in read_events(lines, 2)] == ["connection_opened", "request"]


def test_a_reader_that_leaves_is_forgotten(http: httpx.Client, view: AccountView, server: Mockscribe) -> None:
    journal = server._server_thread.server.mock.account(view.account, 0.0).journal
    with http.stream("GET", "/journal", headers={"accept": "text/event-stream"}) as response:
        lines = response.iter_lines()
        next(lines)
        assert len(journal._listeners) == 1
    while journal._listeners:  # each answer is a turn in which the server may notice
        assert http.get("/health").status_code == 200


# ---- the process


def test_serve_tells_its_control_port_and_stops_with_readers_on_it(tmp_path: pathlib.Path) -> None:
    endpoints = tmp_path / "endpoints.json"
    command = [
        sys.executable, "-m", "mockscribe", "serve", "--port", "0", "--control-port", "0",
        "--endpoints-file", str(endpoints), "--log-level", "warning",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            told = list(iter(process.stdout.readline, "Ready.\n"))
            control = json.loads(endpoints.read_text())["control"]
            assert any(control in line for line in told)
            with httpx.stream("GET", f"{control}/_mockscribe/journal", headers={"accept": "text/event-stream"}) as live:
                lines = live.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
            assert not endpoints.exists()
        finally:
            process.kill()


def test_the_processs_signals_are_left_alone() -> None:
    async def main() -> None:
        before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
        server = Server(load({"port": 0, "control_port": 0}, {}), Authority)
        await server.start()
        assert server.mock.control_url is not None
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
        await server.stop()

    asyncio.run(main())  # in the main thread, where handlers can be set


def test_a_control_port_that_is_taken_stops_the_start(server: Mockscribe, tmp_path: pathlib.Path) -> None:
    port = server.control_url.rpartition(":")[2]
    command = [sys.executable, "-m", "mockscribe", "serve", "--port", "0", "--control-port", port]
    environment = os.environ | {"MOCKSCRIBE_ENDPOINTS_FILE": str(tmp_path / "endpoints.json")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment, cwd=ROOT)
    assert done.returncode == 2
    assert f"--control-port: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Ready." not in done.stdout


# ---- the document


def test_the_document_tells_of_the_refusal_of_every_command() -> None:
    for methods in document(COMMANDS)["paths"].values():
        for operation in methods.values():
            told = operation["responses"]["400"]["content"]["application/json"]["schema"]
            assert told == {"$ref": "#/components/schemas/Refusal"}


def test_the_document_describes_every_command(http: httpx.Client) -> None:
    served = http.get("/openapi.json").json()
    assert served == json.loads(json.dumps(document(COMMANDS)))
    operations = {
        (method.upper(), path, operation["operationId"])
        for path, methods in served["paths"].items()
        for method, operation in methods.items()
    }
    assert operations == {(each.method, f"/_mockscribe{each.path}", each.name) for each in COMMANDS}


def test_what_is_answered_fits_the_document(http: httpx.Client, view: AccountView) -> None:
    http.put("/scenarios", content="scenario: one\nsteps: [{say: Hi., at: 1h}]\n")
    http.post("/faults", json={"fault": {"wrong_message_crc": {}}})
    with LiveVisit(view, session_id=SESSION_ID) as live:
        live.send(configuration(), audio(silence(0.1)), END_OF_SESSION)
        live.read_end()
    served = http.get("/openapi.json").json()
    for template, methods in served["paths"].items():
        if "get" not in methods or template.endswith((".wav", ".pem")):
            continue
        path = template.replace("{session_id}", SESSION_ID).replace("{name}", "one").removeprefix("/_mockscribe")
        answer = http.get(path)
        assert answer.status_code == 200, path
        found = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**found, "components": served["components"]})
        assert answer.json(), path  # or it would be no test


OPERATIONS = {
    f"{each.ok().method.upper()} {each.ok().path}": each.ok()
    for each in schemathesis.openapi.from_dict(document(COMMANDS)).get_all_operations()
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_is_sent_is_answered_as_the_document_says(server: Mockscribe, name: str) -> None:
    """Both what the document allows and what it forbids."""
    operation = OPERATIONS[name]
    cases = st.one_of(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=cases)
    def check(case: schemathesis.Case) -> None:
        if case.operation.path.endswith("/wait") and isinstance(case.body, dict):
            case.body["timeout"] = 0
        # What fits the document may still name what is not there, so it need not be accepted.
        case.call_and_validate(base_url=server.control_url, excluded_checks=[positive_data_acceptance])

    check()

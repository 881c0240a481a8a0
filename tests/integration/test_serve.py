"""`mockscribe serve` as a process: how it starts or does not, what it says, and how it ends."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import Http1Client, Http2Client, get, request_headers, streaming_headers, trusting
from tests.requirements import require
from tests.serving import PATIENCE, Served, environment, refused, serving
from tests.wire import EMPTY_FRAME, END_OF_SESSION, Answer, audio, configuration, envelope, new_session_id, silence

SCENARIO = "scenario: visit\nsteps:\n  - say: {line}\n    at: 100ms\n    takes: 100ms\n    partials: none\n"
SECRET = "The knee still hurts."


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def visit(client: Http2Client) -> Answer:
    """A whole session of its own."""
    answer = client.answers[stream := client.open(request_headers(session_id=new_session_id()))]
    frames = (configuration(), audio(silence(0.5)), END_OF_SESSION)
    client.send(stream, *map(envelope, frames), EMPTY_FRAME, end=True)
    client.until(lambda: answer.ended)
    return answer


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


# ---- starts that fail


def test_a_port_in_use_stops_the_start(tmp_path: Path, taken: int) -> None:
    line = refused(tmp_path, "--port", str(taken))
    assert line == f"mockscribe: --port: cannot listen on 127.0.0.1:{taken}: Address already in use"


def test_a_control_port_in_use_stops_the_start(tmp_path: Path, taken: int) -> None:
    line = refused(tmp_path, "--control-port", str(taken))
    assert line == f"mockscribe: --control-port: cannot listen on 127.0.0.1:{taken}: Address already in use"


@pytest.mark.parametrize(
    ("host", "reason"),
    [("192.0.2.1", "(Cannot assign requested|could not bind on any) address"), ("no.such.host.invalid", "[Nn]ame")],
)
def test_an_address_that_is_not_this_machines_stops_the_start(tmp_path: Path, host: str, reason: str) -> None:
    assert re.match(rf"mockscribe: --host: cannot listen on {host}:0: .*{reason}", refused(tmp_path, "--host", host))


def test_a_scenario_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    line = refused(tmp_path, "--scenario", "none.yaml")
    assert line == "mockscribe: none.yaml:1:1: there is no such file or folder"


def test_a_key_given_twice_in_the_configuration_stops_the_start(tmp_path: Path) -> None:
    write(tmp_path / "mock.yaml", "seed: 1\nseed: 2\n")
    line = refused(tmp_path, "--config", "mock.yaml")
    assert line == "mockscribe: mock.yaml:2: the key `seed` is given twice; it stands on line 1 already"


def test_a_variable_that_is_none_is_a_warning(tmp_path: Path) -> None:
    with serving(tmp_path, MOCKSCRIBE_SCENARIOS="visits") as served:
        line = served.stderr.wait_for("MOCKSCRIBE_SCENARIOS")
    assert line.endswith("WARNING MOCKSCRIBE_SCENARIOS: there is no such variable; did you mean MOCKSCRIBE_SCENARIO?")


def test_a_folder_that_is_filled_later_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "visits").mkdir()
    with serving(tmp_path, "--scenario", "visits") as served:
        line = served.stderr.wait_for(
            "WARNING visits: there is no scenario file in this folder: *.yaml, *.yml or *.json"
        )
        assert line.endswith("; it is read again when one comes")
        write(tmp_path / "visits" / "visit.yaml", SCENARIO.format(line="First"))
        served.stderr.wait_for("INFO    scenarios loaded again: 1")


def test_a_scenario_with_a_mistake_stops_the_start_by_its_place(tmp_path: Path) -> None:
    write(tmp_path / "visit.yaml", "scenario: visit\nsteps:\n  - say: Hello\n    att: 1s\n")
    line = refused(tmp_path, "--scenario", "visit.yaml")
    assert line.startswith("mockscribe: visit.yaml:4:5: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--echo", "nothing"], "mockscribe serve: --echo: 'nothing' is no choice; choose one of audio, context"),
        (["--no-such-flag"], "mockscribe serve: there is no option --no-such-flag; see `mockscribe serve --help`"),
    ],
)
def test_a_wrong_flag_stops_the_start(tmp_path: Path, arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "mockscribe", "serve", "--port", "0", *arguments]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{said}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--clock", "x0"], "--clock: 'x0' is no clock: real, manual, autojump, or x and a factor"),
        (["--grace", "5"], "--grace: "),
        (["--tls-name", "two words"], "--tls-name: 'two words' is no host name and no IP address"),
        (["--port", "65536"], "--port: 65536 is no port: 0 to 65535"),
        (["--config", "none.yaml"], "none.yaml: cannot be read: No such file or directory"),
        (["--init", "none.yaml"], "none.yaml: cannot be read: No such file or directory"),
        (["--data", "/dev/null"], "--data: /dev/null cannot be made: File exists"),
        (["--endpoints-file", "none/file.json"], "--endpoints-file: none/file.json cannot be written: No such file"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert refused(tmp_path, *arguments).startswith(f"mockscribe: {said}")


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    line = refused(tmp_path, MOCKSCRIBE_SECOND_STREAM="both")
    assert line == "mockscribe: MOCKSCRIBE_SECOND_STREAM: 'both' is none of replace, reject, independent"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ports: 1", "settings.yaml: ports: there is no such setting"),
        ("grace: 5", "settings.yaml: grace: 5 has no unit"),
        ("echo: [", "settings.yaml: is neither YAML nor JSON"),
        ("- 1", "settings.yaml: "),
    ],
)
def test_a_wrong_configuration_file_is_named_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path / "settings.yaml", text)
    assert refused(tmp_path, "--config", "settings.yaml").startswith(f"mockscribe: {said}")


# ---- a start


def test_it_says_where_it_listens_and_ready_last(tmp_path: Path) -> None:
    with serving(tmp_path, "--control-port", "0") as served:
        told = served.endpoints
        assert get(served.port).status == 200
        served.signal()
        assert served.wait() == 0
    assert served.stdout.rest() == [
        f"mockscribe listens on {told['https']} (TLS: HTTP/2, HTTP/1.1)",
        f"mockscribe listens on {told['http']} (clear text: HTTP/2 by prior knowledge, HTTP/1.1)",
        f"control API at {told['control']}/_mockscribe/ (openapi.json tells it all)",
        f"trust its certificate: export SSL_CERT_FILE={told['ca']}",
        "Ready.",
    ]
    assert told["pid"] == served.process.pid
    assert re.fullmatch(r"http://localhost:\d+", told["http"])
    assert told["https"] == told["http"].replace("http:", "https:")
    assert Path(told["ca"]).is_relative_to(tmp_path)
    assert not served.endpoints_file.exists()
    assert served.stderr.rest() == []


def test_a_second_server_keeps_its_endpoints_when_the_first_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as first, serving(tmp_path) as second:
        first.signal()
        assert first.wait() == 0
        assert second.endpoints["pid"] == second.process.pid


def test_a_ca_that_cannot_be_kept_is_said_and_serves(tmp_path: Path) -> None:
    write(tmp_path / "file", "in the way")
    with serving(tmp_path, XDG_CACHE_HOME=str(tmp_path / "file")) as served:
        said = served.stderr.wait_for("the CA cannot be kept")
        assert f"WARNING the CA cannot be kept, and lives as long as this process: {tmp_path}/file/mockscribe" in said
        assert get(served.port, trusting(served.ca_file)).status == 200


def test_without_a_place_for_the_endpoints_it_serves_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mockscribe", "serve", "--port", "0", "--control-port", "off"]
    folder = tmp_path / "mockscribe.json"
    (folder / "in the way").mkdir(parents=True)
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        served = Served(process, tmp_path)
        served.stdout.wait_for("Ready.")
        assert f"the endpoints file {folder} cannot be written: " in served.stderr.wait_for("endpoints")
        served.signal()
        assert served.wait() == 0


# ---- ends


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_stream_finish(tmp_path: Path, number: signal.Signals, tls: bool) -> None:
    path = write(tmp_path / "visit.yaml", SCENARIO.format(line=SECRET))
    with serving(tmp_path, "--scenario", path, "--grace", "10m") as served:
        context = trusting(served.ca_file, "h2") if tls else None
        with Http2Client(served.port, context) as client:
            stream = client.open()
            answer = client.answers[stream]
            client.send(stream, envelope(configuration()))
            client.until(lambda: answer.status == 200)
            served.signal(number)
            client.until(lambda: bool(client.goaways))
            (goaway,) = client.goaways
            assert (goaway.error_code, goaway.last_stream_id) == (0, stream)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(client.socket.getpeername())
            assert served.process.poll() is None
            client.send(stream, envelope(audio(silence(0.5))), envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
            client.until(lambda: answer.ended)
            assert answer.finals == [SECRET]
            assert served.wait() == 0
        assert not served.endpoints_file.exists()
    assert served.stderr.rest() == []


def test_a_second_signal_ends_the_running_stream(tmp_path: Path) -> None:
    with serving(tmp_path, "--grace", "10m") as served, Http2Client(served.port) as client:
        stream = client.open()
        client.send(stream, envelope(configuration()))
        client.until(lambda: client.answers[stream].status == 200)
        served.signal()
        client.until(lambda: bool(client.goaways))
        served.signal()
        assert served.wait() == 0
        client.until_closed()
        assert not client.answers[stream].ended
        assert not served.endpoints_file.exists()
    assert served.stderr.rest() == []


def test_a_stream_that_does_not_finish_is_ended_with_an_exception_after_the_grace(tmp_path: Path) -> None:
    with serving(tmp_path, "--grace", "50ms") as served, Http2Client(served.port) as client:
        stream = client.open()
        client.send(stream, envelope(configuration()))
        client.until(lambda: client.answers[stream].status == 200)
        served.signal()
        client.until(lambda: client.answers[stream].ended)
        assert client.answers[stream].exception == ("internalFailureException", "The server is shutting down.")
        assert served.wait() == 0
    assert served.stderr.rest() == []


def test_idle_connections_keep_nobody_waiting(tmp_path: Path) -> None:
    """One that has said nothing, one in its handshake, one of each HTTP after a request."""
    with serving(tmp_path, "--grace", "10m") as served, Http2Client(served.port) as second:
        assert second.get().status == 200
        with (
            socket.create_connection(("127.0.0.1", served.port), PATIENCE),
            socket.create_connection(("127.0.0.1", served.port), PATIENCE) as shaking,
            Http1Client(served.port) as first,
        ):
            shaking.sendall(b"\x16\x03\x01\x02\x00\x01")
            first.request("GET", "/_mockscribe/health", [], end=True)
            first.until(lambda: first.answer.ended)
            served.signal()
            assert served.wait() == 0


# ---- scenarios read again


def test_an_edit_is_played_by_the_next_session_and_a_broken_one_keeps_the_last(tmp_path: Path) -> None:
    path = write(tmp_path / "visit.yaml", SCENARIO.format(line="First"))
    with serving(tmp_path, "--scenario", "visit.yaml") as served, Http2Client(served.port) as client:
        assert visit(client).finals == ["First"]
        write(path, SCENARIO.format(line="Second edition"))
        served.stderr.wait_for("INFO    scenarios loaded again: 1")
        assert visit(client).finals == ["Second edition"]
        before = len(served.stderr.all)
        write(path, "scenario: visit\nsteps:\n  - whisper: Third\n")
        line = served.stderr.wait_for("ERROR", after=before)
        assert "visit.yaml:3:5: " in line
        assert line.endswith("(the scenarios loaded before stay in use)")
        assert visit(client).finals == ["Second edition"]
        write(path, SCENARIO.format(line="Fourth, at last"))
        served.stderr.wait_for("scenarios loaded again", after=before)
        assert visit(client).finals == ["Fourth, at last"]


# ---- the log


def test_the_log_tells_no_transcript_no_audio_and_no_context(tmp_path: Path) -> None:
    path = write(tmp_path / "visit.yaml", SCENARIO.format(line=SECRET))
    told = {"unstructuredContext": "Takes ibuprofen daily."}
    broken = b"not a frame of audio: the patient said"
    with serving(tmp_path, "--scenario", path, "--log-level", "debug") as served, Http2Client(served.port) as client:
        assert visit(client).finals == [SECRET]
        stream = client.open(request_headers(session_id=new_session_id()))
        value = json.loads(configuration()[configuration().index(b"{") : configuration().rindex(b"}") + 1])
        client.send(stream, envelope(configuration({**value, "encounterContext": told})), broken)
        client.until(lambda: client.answers[stream].ended)
        assert client.answers[stream].exception is not None
        client.send(stream, end=True)
        line = served.stderr.wait_for("violation frame_")
        served.signal()
        assert served.wait() == 0
    assert " WARNING violation frame_prelude_crc (ES-SPEC) at byte " in line
    output = "\n".join([*served.stdout.rest(), *served.stderr.rest()])
    for secret in ("knee", "ibuprofen", "patient said", "Traceback"):
        assert secret not in output


def test_each_line_of_a_json_log_is_an_object(tmp_path: Path) -> None:
    path = write(tmp_path / "visit.yaml", SCENARIO.format(line="First"))
    with serving(tmp_path, "--scenario", "visit.yaml", "--log-format", "json") as served:
        with pytest.raises(ssl.SSLCertVerificationError):
            get(served.port, ssl.create_default_context())
        served.stderr.wait_for("violation tls")
        write(path, "scenario: [")
        served.stderr.wait_for("stay in use")
        served.signal()
        assert served.wait() == 0
    records = [json.loads(line) for line in served.stderr.rest()]
    assert [record["level"] for record in records] == ["warning", "warning", "error"]
    assert all(isinstance(record["time"], float) and record["message"] for record in records)


def test_a_level_leaves_out_what_is_below_it(tmp_path: Path) -> None:
    path = write(tmp_path / "visit.yaml", SCENARIO.format(line="First"))
    with serving(tmp_path, "--scenario", "visit.yaml", MOCKSCRIBE_LOG_LEVEL="error") as served:
        with pytest.raises(ssl.SSLCertVerificationError):
            get(served.port, ssl.create_default_context())
        write(path, SCENARIO.format(line="Second"))
        with Http2Client(served.port) as client:
            while visit(client).finals != ["Second"]:
                pass  # until it is read again, as the sessions show
        write(path, "scenario: [")
        served.stderr.wait_for("stay in use")
        served.signal()
        assert served.wait() == 0
    (line,) = served.stderr.rest()
    assert " ERROR " in line


CURE = "let it trust the file that `mockscribe ca` prints (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, AWS_CA_BUNDLE"


@pytest.mark.parametrize("tool", ["curl", "openssl"])
def test_a_client_that_does_not_trust_the_ca_is_logged_with_the_cure(tmp_path: Path, tool: str) -> None:
    found = shutil.which(tool)
    require(tool, found is not None, f"no {tool} on the PATH")
    with serving(tmp_path) as served:
        commands = {
            "curl": ["--silent", f"https://localhost:{served.port}/_mockscribe/health"],
            "openssl": ["s_client", "-verify_return_error", "-connect", f"localhost:{served.port}"],
        }
        untrusting = os.environ | {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": str(tmp_path)}
        run = subprocess.run([str(found), *commands[tool]], input=b"", capture_output=True, env=untrusting, check=False)
        assert run.returncode != 0
        line = served.stderr.wait_for("TLS handshake with 127.0.0.1:")
    assert re.search(r"failed: the client sent the alert 'unknown ca'\. If the client does not trust", line)
    assert CURE in line


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_a_streaming_call_over_http_1_without_a_body_gets_400_and_a_line_with_the_cure(
    tmp_path: Path, tls: bool
) -> None:
    with serving(tmp_path) as served:
        context = trusting(served.ca_file, "http/1.1") if tls else None
        with Http1Client(served.port, context) as client:
            fields = [each for each in streaming_headers() if each[0] != "transfer-encoding"]
            client.request("POST", "/medical-scribe-stream/", [*fields, ("content-length", "0")], end=True)
            client.until(lambda: client.answer.ended)
            assert client.answer.status == 400
            assert client.answer.headers["x-amzn-errortype"] == "ValidationException"
            assert "HTTP/2" in json.loads(client.answer.body)["message"]
        line = served.stderr.wait_for("without a body")
    assert "Point it at the https:// endpoint, so that it speaks HTTP/2." in line

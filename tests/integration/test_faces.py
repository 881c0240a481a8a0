"""The face of a mock for tests, in the process and over HTTP: the same names, the same values, the same words."""

import asyncio
import contextlib
import hashlib
import json
import pathlib
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator

import anyio
import anyio.to_thread
import boto3
import botocore.config
import pytest

from mockscribe import (
    AccountView,
    ConfigError,
    ControlError,
    Mockscribe,
    MockscribeError,
    RemoteMock,
    ScriptError,
    VerificationError,
)
from tests.visits import CHUNK, LiveVisit, visit
from tests.wire import EMPTY_FRAME, END_OF_SESSION, SESSION_ID, audio, configuration

SCRIPT = """
scenario: visit
steps:
  - {say: How have you been?, at: 200ms, takes: 100ms, partials: none}
  - {send: {checklistEvent: {snapshotVersion: 1}}, after: {time: 30m}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Mockscribe]:
    with Mockscribe() as mock:
        yield mock


@pytest.fixture(params=["in process", "over HTTP"])
def view(request: pytest.FixtureRequest, server: Mockscribe) -> Iterator[AccountView]:
    if request.param == "in process":
        yield server.new_account()
    else:
        with RemoteMock(server.control_url) as remote:
            yield remote.new_account()


def open_session(view: AccountView) -> LiveVisit:
    """A stream of a session that is configured, as far as the mock knows too."""
    live = LiveVisit(view)
    live.send(configuration())
    view.wait_for("session_state", session=live.session_id)
    return live


# ---- where clients go


def test_a_client_finds_the_mock_and_its_account(view: AccountView) -> None:
    visit(view)
    session = view.sessions.one()
    assert session.status == "COMPLETED"
    assert session.audio.seconds == 1.0
    assert {entry["account"] for entry in view.journal} == {view.credentials.access_key_id}


def test_the_variables_lead_a_client_in_another_process(view: AccountView) -> None:
    program = """
import boto3
client = boto3.client("connecthealth")
print(client.list_domains()["domains"], client.meta.endpoint_url)
"""
    done = subprocess.run([sys.executable, "-c", program], env=view.env(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"[] {view.https_url}\n"
    (request,) = [entry for entry in view.journal if entry["kind"] == "request"]
    assert request["account"] == view.credentials.access_key_id


def test_views_of_one_mock_do_not_see_each_other(view: AccountView) -> None:
    other = view.new_account()
    other.script("scenario: theirs\nsteps: []\n")
    other.clock.mode = "manual"
    visit(view)
    assert len(view.sessions) == 1
    assert len(other.sessions) == 0
    assert other.journal == []
    assert view.sessions.one().scenario is None
    assert view.clock.mode == "real"


def test_the_account_of_a_name_is_always_the_same_and_starts_anew(view: AccountView) -> None:
    first = view.new_account("a test")
    visit(first)
    second = view.new_account("a test")
    assert first.credentials == second.credentials
    assert len(second.sessions) == 0
    assert view.new_account("another test").credentials != first.credentials


# ---- scripts


def test_a_script_is_loaded_as_text_and_from_a_file(view: AccountView, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "visit.yaml"
    file.write_text(SCRIPT.replace("visit", "from a file"))
    assert [each.name for each in view.script(SCRIPT)] == ["visit"]
    assert [(each.name, each.source, each.own) for each in view.script(file)] == [("from a file", str(file), True)]
    with LiveVisit(view) as live:
        live.send(configuration())
        view.wait_for("session_state", session=live.session_id)
        assert view.sessions[live.session_id].scenario == "from a file"


def test_a_script_of_the_same_name_is_replaced(view: AccountView) -> None:
    view.script("scenario: one\nsteps: [{say: Old., at: 0s, takes: 0s, partials: none}]\n")
    view.script("scenario: one\nsteps: [{say: New., at: 0s, takes: 0s, partials: none}]\n")
    visit(view)
    (said,) = view.sessions.one().sent
    assert said["value"]["transcriptSegment"]["content"] == "New."
    view.verify()


def test_a_script_that_is_loaded_again_counts_anew(view: AccountView) -> None:
    for _ in range(2):
        view.script("scenario: one\ntimes: 1\n")
        visit(view)
    assert [session.scenario for session in view.sessions] == ["one", "one"]
    view.verify()


def test_a_script_error_has_its_place(view: AccountView) -> None:
    with pytest.raises(ScriptError, match=r"<text>:2:10: .*`sey`.*did you mean `say`") as caught:
        view.script("scenario: x\nsteps: [{sey: a}]\n")
    assert (caught.value.line, caught.value.column, caught.value.path) == (2, 10, "steps[0]")


def test_of_several_files_with_one_error_none_is_loaded(view: AccountView, tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yaml").write_text("scenario: fine\n")
    (tmp_path / "b.yaml").write_text("scenari: wrong\n")
    with pytest.raises(ScriptError, match=r"b\.yaml:1:1"):
        view.script(tmp_path)
    view.verify()  # what is not loaded need not be used


# ---- sessions


def test_a_running_session_and_the_same_after_it(view: AccountView) -> None:
    view.script(SCRIPT)
    with open_session(view) as live:
        live.send(audio(CHUNK), audio(CHUNK), audio(CHUNK))
        view.wait_for("event_sent", session=live.session_id)
        session = view.sessions[live.session_id]
        assert (session.id, session.status, session.running) == (live.session_id, "IN_PROGRESS", True)
        assert session.audio.seconds == pytest.approx(0.3)
        assert [event["event"] for event in session.events] == ["configurationEvent"] + ["binaryAudioEvent"] * 3
        assert [event["value"]["transcriptSegment"]["content"] for event in session.sent] == ["How have you been?"]
        assert session.streams[0].ended is None
        live.send(END_OF_SESSION)
        view.wait_for("session_state", to="COMPLETED")
        view.clock.advance("30m")
        live.read_end()
        view.wait_for("stream_ended", session=live.session_id)
    assert (session.status, session.running) == ("COMPLETED", False)
    assert session.streams[0].end_of_session
    assert [step.met for step in session.steps] == [True, True]
    assert session.configuration is not None
    assert session.parameters["mediaEncoding"] == "pcm"
    assert session.entries[0]["kind"] == "request"
    assert "COMPLETED" in session.timeline()


def test_audio_in_numbers_and_as_a_file(view: AccountView, tmp_path: pathlib.Path) -> None:
    first = LiveVisit(view)
    with first:
        first.send(configuration(), audio(b"\x01\x02" * 1600), EMPTY_FRAME, end=True)
        first.read_end()
    with LiveVisit(view, session_id=first.session_id) as second:
        second.send(configuration(), audio(b"\x03\x04" * 800), END_OF_SESSION)
        second.read_end()
    heard, expected = view.sessions.one().audio, b"\x01\x02" * 1600 + b"\x03\x04" * 800
    assert (heard.seconds, heard.bytes) == (0.15, 4800)
    assert heard.sha256 == hashlib.sha256(expected).hexdigest()
    assert (heard.chunks.count, heard.chunks.largest) == (2, 3200)
    assert [join.attempt for join in heard.joins] == [2]
    with wave.open(str(heard.wav(tmp_path / "heard.wav"))) as file:
        assert file.readframes(file.getnframes()) == expected


def test_findings_are_told_with_their_documents(view: AccountView) -> None:
    with open_session(view) as live:
        assert {(each.rule, each.source) for each in view.sessions[live.session_id].findings} == {
            ("unsigned", "UG-stream")
        }


def test_one_session_is_demanded_and_the_others_are_named(view: AccountView) -> None:
    with pytest.raises(VerificationError, match="there are 0"):
        view.sessions.one()
    visit(view, session_id=SESSION_ID)
    visit(view)
    with pytest.raises(VerificationError, match=f"there are 2(.|\n)*{SESSION_ID}: COMPLETED"):
        view.sessions.one()
    assert len(list(view.sessions)) == len(view.sessions) == 2
    assert SESSION_ID in view.sessions
    assert "nobody" not in view.sessions


def test_an_unknown_session_is_a_key_error_that_names_the_known(view: AccountView) -> None:
    visit(view, session_id=SESSION_ID)
    with pytest.raises(KeyError, match=f"no session nobody; known: {SESSION_ID}"):
        view.sessions["nobody"]


def test_what_a_session_left_behind_is_read_here(view: AccountView) -> None:
    view.clock.mode = "manual"
    view.script(SCRIPT + "artifacts:\n  afterVisitSummary: {fail: the model slept}\n")
    with open_session(view) as live:
        live.send(audio(CHUNK), audio(CHUNK), audio(CHUNK), END_OF_SESSION)
        view.wait_for("session_state", to="COMPLETED")
        session = view.sessions[live.session_id]
        assert session.artifacts == ()
        view.clock.advance("30m")
        live.read_end()
    assert [each.status for each in session.artifacts] == ["PENDING", "PENDING", "PENDING"]
    view.clock.advance("1h")
    transcript, note, summary = session.artifacts
    assert (transcript.name, transcript.status, note.status, summary.status) == (
        "transcript", "COMPLETED", "COMPLETED", "FAILED",
    )  # fmt: skip
    (segment,) = transcript.content["Conversation"]["TranscriptSegments"]
    assert segment["Content"] == "How have you been?"
    assert transcript.uri.startswith("s3://bucket/prefix/")
    assert (summary.failure, summary.content) == ("the model slept", None)


# ---- a running stream, driven by the test


def test_an_event_is_pushed_into_a_running_stream(view: AccountView) -> None:
    with open_session(view) as live:
        view.sessions[live.session_id].push(event={"transcriptEvent": {"transcriptSegment": {"content": "Pushed."}}})
        headers, payload = live.read_event()
        assert headers[":event-type"] == "transcriptEvent"
        assert json.loads(payload) == {"transcriptSegment": {"content": "Pushed."}}


def test_an_exception_ends_the_stream(view: AccountView) -> None:
    with open_session(view) as live:
        view.sessions[live.session_id].push(exception={"internalFailureException": "it burns"})
        assert live.read_end().exception == ("internalFailureException", "it burns")
        assert view.sessions[live.session_id].status == "PAUSED"


def test_a_fault_hits_the_running_stream(view: AccountView) -> None:
    with open_session(view) as live:
        view.sessions[live.session_id].push(fault={"reset": {"code": "ENHANCE_YOUR_CALM"}})
        assert live.read_end().reset == 0xB


def test_a_running_stream_ends_cleanly(view: AccountView) -> None:
    with open_session(view) as live:
        view.sessions[live.session_id].push(end=True)
        answer = live.read_end()
        assert (answer.ended, answer.reset, answer.exception) == (True, None, None)


def test_all_on_one_running_stream(view: AccountView) -> None:
    view.script(SCRIPT + "  - {say: Goodbye., after: {time: 1h}, optional: true}\n")
    with open_session(view) as live:
        session = view.sessions[live.session_id]
        live.send(audio(CHUNK), audio(CHUNK), audio(CHUNK))
        assert b"How have you been?" in live.read_event()[1]
        session.push(event={"transcriptEvent": {}})
        assert live.read_event()[1] == b"{}"
        live.send(END_OF_SESSION)
        view.wait_for("session_state", to="COMPLETED")
        view.clock.advance("29m")
        view.clock.advance(60)
        assert live.read_event()[0][":event-type"] == "checklistEvent"
        session.push(fault={"reset": {}})
        assert live.read_end().reset == 8
    assert [each["kind"] for each in session.entries][-3:] == ["event_sent", "fault_fired", "stream_ended"]
    view.verify()


@pytest.mark.parametrize(
    ("said", "path", "message"),
    [
        ({"event": {"transkriptEvent": {}}}, "event", "transkriptEvent"),
        ({"event": {"transcriptEvent": {}, "checklistEvent": {}}}, "event", "one output event"),
        ({"exception": {"validationException": ""}}, "exception.validationException", "empty"),
        ({"fault": {"reset": {"code": "NONSENSE"}}}, "fault.reset.code", "NONSENSE"),
        ({"fault": {"resett": {}}}, "fault", "resett"),
        ({"event": {"transcriptEvent": {}}, "end": True}, "", "exactly one"),
        ({}, "", "exactly one"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_place(
    view: AccountView, said: dict[str, object], path: str, message: str
) -> None:
    with open_session(view) as live:
        with pytest.raises(ControlError, match=message) as caught:
            view.sessions[live.session_id].push(**said)  # type: ignore[arg-type]
        assert (caught.value.status, caught.value.path) == (400, path)


def test_a_session_without_a_stream_hears_nothing(view: AccountView) -> None:
    visit(view)
    with pytest.raises(ControlError, match="no running stream: it is COMPLETED") as caught:
        view.sessions.one().push(end=True)
    assert caught.value.status == 409


# ---- faults that stand


def test_a_standing_fault_hits_so_many_streams_as_they_begin(view: AccountView) -> None:
    fault = view.fault("reset", code="REFUSED_STREAM", times=2)
    for _ in range(2):
        with LiveVisit(view) as live:
            assert live.read_end().reset == 7
    with LiveVisit(view) as live:
        live.send(configuration(), END_OF_SESSION)
        assert live.read_end().ended
    (told,) = view.faults
    assert (told.id, told.fault, told.times, told.fired) == (fault.id, {"reset": {"code": "REFUSED_STREAM"}}, 2, 2)
    view.clear_faults()
    assert view.faults == ()


def test_a_standing_fault_on_a_frame_hits_the_first_of_each_stream(view: AccountView) -> None:
    view.fault("wrong_message_crc")
    with open_session(view) as live:
        for _ in range(2):
            view.sessions[live.session_id].push(event={"transcriptEvent": {}})
        view.sessions[live.session_id].push(end=True)
        live.answer.body = b""
        body = live.read_end().body
        first, second = body[: len(body) // 2], body[len(body) // 2 :]
        assert first[:-4] == second[:-4]
        assert first[-4:] == bytes(byte ^ 0xFF for byte in second[-4:])


def test_a_fault_of_another_account_is_nobody_elses(view: AccountView) -> None:
    view.new_account().fault("reset")
    with open_session(view):
        assert view.faults == ()


# ---- time


def test_the_clock_is_read_stopped_and_stepped(view: AccountView) -> None:
    view.clock.mode = "manual"
    assert view.clock.mode == "manual"
    before = view.clock.time
    assert view.clock.time == before
    view.clock.advance("1.5s")
    view.clock.advance(0.5)
    assert view.clock.time == pytest.approx(before + 2)


def test_time_that_is_stepped_over_counts_for_the_idle_timeout(view: AccountView) -> None:
    with open_session(view) as live:
        view.clock.advance("14s")
        assert view.sessions[live.session_id].running
        view.clock.advance("2s")
        exception = live.read_end().exception
        assert exception is not None
        assert "15 seconds" in exception[1]


@pytest.mark.parametrize("duration", ["30", "x", -1, float("inf"), float("nan"), 1e12, "999999999999h"])
def test_no_duration_is_refused(view: AccountView, duration: str | float) -> None:
    with pytest.raises(ControlError) as caught:
        view.clock.advance(duration)
    assert (caught.value.status, caught.value.path) == (400, "advance")


def test_no_clock_is_refused(view: AccountView) -> None:
    with pytest.raises(ControlError, match="'yesterday' is no clock") as caught:
        view.clock.mode = "yesterday"
    assert (caught.value.status, caught.value.path) == (400, "mode")


def test_autojump_leaps_over_half_an_hour(view: AccountView) -> None:
    view.clock.mode = "autojump"
    view.script(SCRIPT)
    visit(view)
    assert view.sessions.one().sent[-1]["event"] == "checklistEvent"
    assert view.clock.time > 1800
    view.verify()


# ---- waiting


def test_waiting_returns_what_came_already_and_what_comes(view: AccountView) -> None:
    with LiveVisit(view) as live:
        waiting: list[object] = []
        thread = threading.Thread(
            target=lambda: waiting.extend(view.wait_for("event_received", count=3, session=live.session_id))
        )
        thread.start()
        live.send(configuration(), audio(CHUNK))
        view.wait_for("event_received", count=2)
        live.send(audio(CHUNK))
        thread.join(10)
        assert [entry["event"] for entry in waiting] == [  # type: ignore[index]
            "configurationEvent", "binaryAudioEvent", "binaryAudioEvent",
        ]  # fmt: skip
        assert view.wait_for("event_received", event="configurationEvent")[0]["seq"] < waiting[1]["seq"]  # type: ignore[index]


def test_what_does_not_come_is_told_with_what_did(view: AccountView) -> None:
    view.script(SCRIPT)
    visit(view, end=False)
    wanted = {"transcriptSegment": {"content": "Nonsense."}}
    with pytest.raises(VerificationError) as caught:
        view.wait_for("event_sent", value=wanted, timeout="20ms")
    text = str(caught.value)
    assert "did not come within 0.02 s; 0 did" in text
    assert "11 × event_received" in text or "12 × event_received" in text
    assert "value.transcriptSegment.content is 'How have you been?', not 'Nonsense.'" in text


def test_no_kind_is_refused_with_those_that_there_are(view: AccountView) -> None:
    with pytest.raises(ControlError, match=r"no kind 'event_send': .*event_sent"):
        view.wait_for("event_send")


def test_only_what_comes_after_an_entry_counts(view: AccountView) -> None:
    visit(view)
    last = view.journal[-1]["seq"]
    with pytest.raises(VerificationError):
        view.wait_for("request", since=last, timeout=0.01)
    visit(view)
    assert view.wait_for("request", since=last)[0]["seq"] > last


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_goes_on_while_a_test_waits(view: AccountView, backend: str) -> None:
    heard: list[str] = []

    async def main() -> None:
        async def wait() -> None:
            (entry,) = await view.await_for("session_state")
            heard.append(entry["to"])

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.to_thread.run_sync(visit, view)

    anyio.run(main, backend=backend)
    assert heard == ["IN_PROGRESS"]


def test_waiting_on_a_loop_can_be_cancelled(view: AccountView) -> None:
    async def main() -> None:
        async with asyncio.timeout(0.01):
            await view.await_for("request", timeout=0.5)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


# ---- verifying and resetting


def test_verifying_tells_all_that_is_unmet_and_the_timeline(view: AccountView) -> None:
    view.script(SCRIPT)
    view.script("scenario: unused\nmatch: {mediaEncoding: flac}\n")
    visit(view, session_id=SESSION_ID, end=False)
    with pytest.raises(VerificationError) as caught:
        view.verify()
    text = str(caught.value)
    assert isinstance(caught.value, AssertionError)
    assert "2 expectations were not met" in text
    assert "'unused' (<text>:1) was never used" in text
    assert "send checklistEvent (line 5) waited for its trigger" in text
    assert f"attempt 1 of session {SESSION_ID}" in text
    assert [each.rule for each in view.verdict().unmet] == ["scenario_unused", "step_unfired"]


def test_a_violation_is_forgiven_by_its_rule_only(view: AccountView) -> None:
    with LiveVisit(view) as live:
        live.send(audio(CHUNK))
        live.read_end()
    with pytest.raises(VerificationError, match="broke the rule sequence"):
        view.verify()
    with pytest.raises(VerificationError):
        view.verify(allow_violations=["chunk_size"])
    view.verify(allow_violations=["sequence"])
    view.verify(allow_violations="sequence")
    view.verify(allow_violations=True)


def test_a_rule_that_is_none_is_not_forgiven_but_refused(view: AccountView) -> None:
    with pytest.raises(
        ControlError, match=r"allow_violations\[1\]: there is no rule 'sequenze'; did you mean sequence"
    ):
        view.verify(allow_violations=["audio", "sequenze"])


def test_a_stream_that_still_runs_has_a_moment_to_finish(view: AccountView) -> None:
    view.script("scenario: one\nsteps: [{say: Bye., when: end_of_session}]\n")
    with open_session(view) as live:
        timer = threading.Timer(0.05, live.send, [END_OF_SESSION])
        timer.start()
        view.verify(settle=10.0)
        timer.join()


def test_a_reset_brings_back_the_start(view: AccountView) -> None:
    view.script(SCRIPT)
    view.fault("wrong_message_crc")
    view.clock.mode = "manual"
    view.clock.advance("1h")
    with open_session(view) as live:
        view.reset()
        assert live.read_end().reset == 8
    assert (len(view.sessions), view.journal, view.faults) == (0, [], ())
    assert (view.clock.mode, view.clock.time < 3600) == ("real", True)
    view.verify()
    with open_session(view) as live:
        assert view.sessions[live.session_id].scenario is None
        assert view.sessions[live.session_id].attempts == 1


def test_a_reset_takes_resources_and_their_tokens_too(view: AccountView) -> None:
    client = boto3.client(
        "connecthealth",
        endpoint_url=view.http_url,
        region_name="us-east-1",
        aws_access_key_id=view.credentials.access_key_id,
        aws_secret_access_key=view.credentials.secret_access_key,
        config=botocore.config.Config(inject_host_prefix=False),
    )
    first = client.create_domain(name="clinic")
    assert len(client.list_domains()["domains"]) == 1
    view.reset()
    assert client.list_domains()["domains"] == []
    assert [entry["kind"] for entry in view.journal] == ["connection_opened", "request", "response"]  # the same one
    assert client.create_domain(name="clinic")["name"] == first["name"]
    client.close()


def test_who_waits_goes_on_waiting_over_a_reset(view: AccountView) -> None:
    heard: list[object] = []
    thread = threading.Thread(target=lambda: heard.extend(view.wait_for("request")))
    thread.start()
    view.reset()
    with LiveVisit(view):
        thread.join(10)
    assert len(heard) == 1


# ---- the end


def test_a_view_that_was_retired_says_why(view: AccountView) -> None:
    view.retire("the test is over")
    for use in (
        lambda: view.sessions.one(),
        lambda: view.https_url,
        lambda: view.env(),
        lambda: view.wait_for("request"),
    ):
        with pytest.raises(MockscribeError, match="the test is over"):
            use()


def test_a_mock_that_is_closed_says_so() -> None:
    mock = Mockscribe()
    with pytest.raises(MockscribeError, match="closed"):
        mock.sessions.one()
    with mock:
        view = mock.new_account()
        remote = RemoteMock(mock.control_url)
        assert remote.ca_file.exists()
    with pytest.raises(MockscribeError, match="closed: use it inside its `with` block"):
        _ = mock.journal
    with pytest.raises(MockscribeError, match="closed"):
        _ = view.https_url
    with pytest.raises(MockscribeError, match="does not answer"):
        _ = remote.journal
    ca_file = remote.ca_file
    remote.close()
    assert not ca_file.exists()
    with pytest.raises(MockscribeError, match="is closed"):
        _ = remote.journal


def test_a_mock_is_started_once() -> None:
    with Mockscribe() as mock:
        with pytest.raises(MockscribeError, match="started already"):
            mock.start()
        assert mock.journal == []
    mock.close()
    with pytest.raises(MockscribeError, match="started already"):
        mock.start()


@pytest.mark.parametrize("over_http", [False, True], ids=["in process", "over HTTP"])
def test_a_mock_that_is_closed_lets_nobody_wait(over_http: bool, caplog: pytest.LogCaptureFixture) -> None:
    failures: list[str] = []
    with Mockscribe() as mock, contextlib.ExitStack() as held:
        view = held.enter_context(RemoteMock(mock.control_url)) if over_http else mock
        journal = mock._server_thread.server.mock.account("test", 0.0).journal

        def wait() -> None:
            try:
                view.wait_for("request")
            except MockscribeError as error:
                failures.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        while not journal._listeners:  # each answer is a turn in which the wait may begin
            assert mock.journal == []
        mock.close()
        thread.join(10)
    assert len(failures) == 1
    assert "closed" in failures[0]
    assert caplog.records == []


def test_what_answers_and_is_no_mock_is_named(server: Mockscribe) -> None:
    with (
        RemoteMock(server.http_url) as remote,
        pytest.raises(MockscribeError, match=r"control API is at http://localhost"),
    ):
        _ = remote.journal


@pytest.mark.parametrize("url", ["localhost:8081", "http://", "ftp://mock", "http://mock:port", ""])
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match=r"control_url: .* is no"):
        RemoteMock(url)


def test_the_addresses_of_published_ports_can_be_given(server: Mockscribe) -> None:
    with RemoteMock(server.control_url, https_url="https://mock:1", http_url="http://mock:2") as remote:
        assert (remote.https_url, remote.http_url) == ("https://mock:1", "http://mock:2")


def test_a_setting_that_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="--clock: 'sideways' is no clock"):
        Mockscribe(clock="sideways")


def test_scenarios_given_to_the_constructor_are_everybodys() -> None:
    with Mockscribe(scenarios=["scenario: base\nsteps: [{say: Hi., at: 0s, takes: 0s}]\n"]) as mock:
        visit(mock.new_account())
        with pytest.raises(VerificationError, match="'base'"):
            mock.verify(every_scenario=True)
        visit(mock)
        mock.verify(every_scenario=True)

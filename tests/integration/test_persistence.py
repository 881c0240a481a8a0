"""State that outlives the process: killed at any moment, restarted, locked, corrupted."""

import contextlib
import random
import signal
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from tests.clients import Http2Client, request_headers
from tests.serving import Served, refused, serving
from tests.wire import EMPTY_FRAME, END_OF_SESSION, SESSION_ID, Answer, audio, configuration, envelope, silence

KILLS = 20
DOMAIN_ID = "hai-0123456789abcdef"
IDS = {"domainId": DOMAIN_ID, "subscriptionId": "sub-0123456789abcdefghijk"}
LINES = """
scenario: chatty
steps:
  - {say: Again., after: 100ms, takes: 100ms, partials: none, repeat: forever}
"""


def connect(served: Served) -> Any:
    return boto3.client(
        "connecthealth",
        endpoint_url=served.endpoints["http"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=BotoConfig(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=10),
    )


def stream(served: Served, seconds: float, *, end: bool, session_id: str = SESSION_ID) -> Answer:
    """A stream of so much audio that pauses its session, or ends it."""
    with Http2Client(served.port) as client:
        number = client.open(request_headers(session_id=session_id))
        chunks = [envelope(audio(silence(0.1)))] * round(10 * seconds)
        frames = [envelope(configuration()), *chunks, *([envelope(END_OF_SESSION)] if end else []), EMPTY_FRAME]
        client.send(number, *frames, end=True)
        client.until(lambda: client.answers[number].ended)
        return client.answers[number]


def details(health: Any, session_id: str = SESSION_ID) -> dict[str, Any]:
    found = health.get_medical_scribe_listening_session(**IDS, sessionId=session_id)
    told: dict[str, Any] = found["medicalScribeListeningSessionDetails"]
    return told


# ---- killed


class Writer(threading.Thread):
    """Creates resources until the server is gone; `acknowledged` are those that it was told of."""

    def __init__(self, health: Any) -> None:
        super().__init__(daemon=True)
        self.health = health
        self.acknowledged: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def run(self) -> None:
        with contextlib.suppress(BotoCoreError, ClientError, ConnectionError):
            while True:
                made = self.health.create_domain(name="Clinic", tags={"team": uuid.uuid4().hex})
                tags = self.health.list_tags_for_resource(resourceArn=made["arn"])["tags"]
                self.acknowledged.append(("get_domain", {"domainId": made["domainId"]}, tags))
                made = self.health.create_subscription(domainId=made["domainId"])
                ids = {name: made[name] for name in ("domainId", "subscriptionId")}
                self.acknowledged.append(("get_subscription", ids, {}))
                output = {"s3OutputPath": "s3://bucket/codes"}
                job = self.health.start_medical_coding_job(domainId=ids["domainId"], text="x", outputDataConfig=output)
                known = {"domainId": ids["domainId"], "jobId": job["jobId"]}
                self.acknowledged.append(("get_medical_coding_job", known, {}))


class Talker(threading.Thread):
    """Holds one visit until the server is gone; `finals` are the segments that it was told of."""

    def __init__(self, port: int, session_id: str) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.session_id = session_id
        self.finals: list[dict[str, Any]] = []

    def run(self) -> None:
        with contextlib.suppress(OSError, AssertionError), Http2Client(self.port) as client:
            number = client.open(request_headers(session_id=self.session_id))
            answer = client.answers[number]
            client.send(number, envelope(configuration()))
            for count in range(1, 10_000):
                client.send(number, *[envelope(audio(silence(0.1)))] * 2)
                client.until(lambda count=count: len(answer.segments) >= count)  # type: ignore[misc]
                self.finals = answer.segments


def test_what_was_acknowledged_is_there_after_any_kill(tmp_path: Path) -> None:
    chance = random.Random(4)
    (tmp_path / "chatty.yaml").write_text(LINES)
    acknowledged: list[tuple[str, dict[str, str], dict[str, str]]] = []
    finals: list[dict[str, Any]] = []
    session_id = str(uuid.uuid4())
    for _ in range(KILLS):
        with serving(tmp_path, "--data", tmp_path / "data", "--scenario", tmp_path / "chatty.yaml") as served:
            writer, talker = Writer(connect(served)), Talker(served.port, session_id)
            writer.start()
            talker.start()
            writer.join(chance.uniform(0.05, 0.35))  # and what it is then in the middle of is any moment
            served.signal(signal.SIGKILL)
            served.wait()
            writer.join()
            talker.join()
        acknowledged += writer.acknowledged
        finals += talker.finals
    assert len(acknowledged) > KILLS
    assert len(finals) > KILLS
    with serving(tmp_path, "--data", tmp_path / "data", "--scenario", tmp_path / "chatty.yaml") as served:
        health = connect(served)
        for operation, ids, tags in acknowledged:
            found = getattr(health, operation)(**ids)
            assert tags == found.get("tags", {})
        assert details(health, session_id)["streamStatus"] == "PAUSED"
        answer = stream(served, 1.0, end=True, session_id=session_id)
        assert answer.exception is None
        finals += answer.segments
    ids = [each["segmentId"] for each in finals]
    assert len(set(ids)) == len(ids)
    offsets = [each["audioBeginOffset"] for each in finals]
    assert offsets == sorted(offsets)
    assert len(set(offsets)) == len(offsets)
    with sqlite3.connect(tmp_path / "data" / "mockscribe.sqlite3") as database:
        (check,) = database.execute("PRAGMA integrity_check").fetchone()
        (kept,) = database.execute("SELECT data FROM resource WHERE kind = 'listening_session'").fetchone()
    database.close()
    assert check == "ok"
    assert all(name.encode() in kept for name in ids)  # what the transcript file is made of


# ---- restarted


@contextlib.contextmanager
def restarted(folder: Path, *arguments: str | Path) -> Iterator[Served]:
    with serving(folder, "--data", folder / "data", *arguments) as served:
        yield served
        served.signal()
        assert served.wait() == 0


def test_a_paused_session_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "chatty.yaml").write_text(LINES)
    scenario = ("--scenario", tmp_path / "chatty.yaml", "--seed", "7")
    with restarted(tmp_path, *scenario) as served:
        first = stream(served, 0.5, end=False)
        before = details(connect(served))
    with restarted(tmp_path, *scenario) as served:
        assert details(connect(served)) == {**before, "streamStatus": "PAUSED"}
        second = stream(served, 0.5, end=True)
        assert details(connect(served))["streamStatus"] == "COMPLETED"
    offsets = [each["audioBeginOffset"] for each in (*first.segments, *second.segments)]
    assert offsets == sorted(set(offsets))
    assert second.segments[0]["audioBeginOffset"] >= 0.5
    ids = {each["segmentId"] for each in (*first.segments, *second.segments)}
    assert len(ids) == len(offsets)


def test_resources_and_their_times_are_what_they_were(tmp_path: Path) -> None:
    def everything(health: Any) -> list[Any]:
        found = health.list_domains()["domains"], health.list_subscriptions(domainId=domain_id)["subscriptions"]
        return [*found, health.get_medical_coding_job(domainId=domain_id, jobId=job), details(health)["streamEndTime"]]

    with restarted(tmp_path) as served:
        health = connect(served)
        domain_id = health.create_domain(name="Clinic")["domainId"]
        health.create_subscription(domainId=domain_id)
        output = {"s3OutputPath": "s3://bucket/mockscribe-fail"}
        job = health.start_medical_coding_job(
            domainId=domain_id, text="x", outputDataConfig=output, clientToken="token"
        )["jobId"]
        stream(served, 0.1, end=True)
        before = everything(health)
    with restarted(tmp_path) as served:
        health = connect(served)
        after = everything(health)
        again = health.start_medical_coding_job(
            domainId=domain_id, text="x", outputDataConfig=output, clientToken="token"
        )
    for each in (before, after):
        each[2] = {name: each[2][name] for name in ("jobId", "jobArn", "creationTime", "text")}
    assert after == before
    assert again["jobId"] == job


def test_artifacts_that_were_under_way_are_finished(tmp_path: Path) -> None:
    with serving(tmp_path, "--data", tmp_path / "data", "--clock", "manual") as served:
        stream(served, 0.1, end=True)
        served.signal(signal.SIGKILL)
    with restarted(tmp_path, "--clock", "x1000", "--output-dir", tmp_path / "out") as served:
        health = connect(served)
        while True:
            notes = details(health)["postStreamActionResult"]["clinicalNoteGenerationResult"]
            if {each["status"] for each in notes.values()} == {"COMPLETED"}:
                break
        for each in notes.values():
            assert (tmp_path / "out" / each["outputLocation"].removeprefix("s3://")).exists()


# ---- not usable


def test_a_second_server_on_the_folder_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with serving(tmp_path, "--data", tmp_path / "data") as served:
        line = refused(other, "--data", tmp_path / "data")
        assert line == f"mockscribe: --data: {tmp_path / 'data'} is in use by another mockscribe"
        assert connect(served).create_domain(name="Clinic")["name"] == "Clinic"


def damaged(folder: Path, how: str) -> None:
    """A folder with something kept, then damaged."""
    with serving(folder, "--data", folder / "data") as served:
        connect(served).create_domain(name="Clinic")
        served.signal(signal.SIGTERM)
        served.wait()
    path = folder / "data" / "mockscribe.sqlite3"
    match how:
        case "text":
            path.write_text("not a database at all, but long enough to be looked at as one by sqlite\n" * 100)
        case "pages":
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.seek(100)
                file.write(b"\xff" * (size - 100))
        case "version":
            change(path, "PRAGMA user_version = 99")
        case "json":
            change(path, "UPDATE resource SET data = '{'")
        case "member":
            change(path, 'UPDATE resource SET data = \'{"number": "one"}\'')
        case "kind":
            change(path, "UPDATE resource SET kind = 'unheard of'")


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("text", "is no database of mockscribe: file is not a database"),
        ("pages", "is no database of mockscribe: database disk image is malformed"),
        ("version", "was written by another version of mockscribe"),
        ("json", "holds what this version does not know: Input data was truncated"),
        ("member", "holds what this version does not know: "),
        ("kind", "holds what this version does not know: 'unheard of'"),
    ],
)
def test_a_folder_that_is_damaged_is_refused_in_one_line_and_left_alone(tmp_path: Path, how: str, told: str) -> None:
    damaged(tmp_path, how)
    before = (tmp_path / "data" / "mockscribe.sqlite3").read_bytes()
    line = refused(tmp_path, "--data", tmp_path / "data")
    assert line.startswith(f"mockscribe: --data: {tmp_path / 'data'}")
    assert told in line
    if how in ("text", "version"):
        assert (tmp_path / "data" / "mockscribe.sqlite3").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refused(tmp_path, "--data", tmp_path / "file" / "data")
    assert line == f"mockscribe: --data: {tmp_path / 'file' / 'data'} cannot be made: Not a directory"


def test_a_start_that_fails_otherwise_leaves_the_folder_free(tmp_path: Path) -> None:
    (tmp_path / "init.yaml").write_text("domains: 7\n")
    refused(tmp_path, "--data", tmp_path / "data", "--init", tmp_path / "init.yaml")
    with restarted(tmp_path) as served:
        assert connect(served).list_domains()["domains"] == []

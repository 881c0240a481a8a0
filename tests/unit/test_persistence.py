"""What is kept of accounts, and how an account goes on from it, in virtual time and without a server."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockscribe.config import load
from mockscribe.errors import ConfigError
from mockscribe.instant import Kept
from mockscribe.mock import Mock
from mockscribe.persistence import FILE, Persistence
from mockscribe.service.resources import Artifact, ListeningSession
from tests.unit.test_listening import END, FRAMES, details, pause, request, status, stream
from tests.wire import SESSION_ID, START, Wire, envelope, request_headers

WALL = 1_760_000_000.0
CLOCK = Kept(1.0, 2.0, 3.0)
LINES = """
scenario: chatty
steps:
  - {say: Again., after: 100ms, takes: 100ms, partials: none, repeat: forever}
artifacts: {note: {content: {PLAN: [Rest]}}}
"""


class Restarts:
    """Mocks one after the other on the same folder; `away` is the real time between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passed = 0.0
        self.keeper: Persistence | None = None

    def start(self, scenarios: str = LINES, *, away: float = 0.0, **settings: Any) -> Wire:
        """The next one. The process before is gone as by a kill: nothing of it was told to stop."""
        self.stop()
        self.passed += away
        self.keeper = Persistence(str(self.folder))
        config = load({"seed": 1, **settings}, {})
        mock = Mock(config, now=START, wall=WALL + self.passed, seed=1)  # the steady clock begins anywhere
        mock.keeper = self.keeper
        return Wire(scenarios, mock=mock)

    def stop(self) -> None:
        if self.keeper is not None:
            self.keeper.close()
            self.keeper = None


@pytest.fixture
def restarts(tmp_path: Path) -> Iterator[Restarts]:
    made = Restarts(tmp_path / "data")
    yield made
    made.stop()


# ---- the file


def test_rows_are_what_was_kept_last(tmp_path: Path) -> None:
    keeper = Persistence(str(tmp_path / "new" / "folder"))
    keeper.keep("1", "domain", "a", b"one", CLOCK)
    keeper.keep("1", "domain", "b", b"two", CLOCK)
    keeper.keep("1", "domain", "a", b"three", CLOCK)
    keeper.keep("1", "domain", "b", None, CLOCK)
    keeper.keep("2", "tags", "a", b"four", CLOCK)
    keeper.close()
    keeper = Persistence(str(tmp_path / "new" / "folder"))
    assert keeper.accounts() == ("1", "2")
    assert [keeper.rows(account) for account in ("1", "2", "3")] == [
        [("domain", "a", b"three")],
        [("tags", "a", b"four")],
        [],
    ]
    keeper.close()


def test_an_accounts_clock_is_the_last_one_and_goes_with_it(tmp_path: Path) -> None:
    keeper = Persistence(str(tmp_path))
    assert keeper.clock("1") is None
    keeper.keep("1", "domain", "a", b"one", CLOCK)
    keeper.keep_clock("1", Kept(4.0, 5.0, 6.0))
    keeper.keep_clock("2", CLOCK)
    assert (keeper.clock("1"), keeper.clock("2")) == (Kept(4.0, 5.0, 6.0), CLOCK)
    keeper.forget("1")
    assert (keeper.clock("1"), keeper.rows("1"), keeper.accounts()) == (None, [], ("2",))
    keeper.close()


def test_changes_together_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    keeper = Persistence(str(tmp_path))

    def fail() -> None:
        with keeper.together():
            keeper.keep("1", "domain", "a", b"one", CLOCK)
            with keeper.together():
                keeper.keep("1", "domain", "b", b"two", CLOCK)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert keeper.rows("1") == []
    with keeper.together():
        keeper.keep("1", "domain", "a", b"one", CLOCK)
        keeper.keep("1", "domain", "b", b"two", CLOCK)
    keeper.close()
    keeper = Persistence(str(tmp_path))
    assert len(keeper.rows("1")) == 2
    keeper.close()


def test_a_folder_in_use_is_refused_and_free_afterwards(tmp_path: Path) -> None:
    keeper = Persistence(str(tmp_path))
    with pytest.raises(ConfigError, match=f"--data: {tmp_path} is in use by another mockscribe"):
        Persistence(str(tmp_path))
    keeper.close()
    Persistence(str(tmp_path)).close()


def test_another_versions_folder_is_refused_and_not_held(tmp_path: Path) -> None:
    Persistence(str(tmp_path)).close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match="another version"):
            Persistence(str(tmp_path))
    with sqlite3.connect(tmp_path / FILE, timeout=0) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()
    Persistence(str(tmp_path)).close()


# ---- accounts


def test_times_are_not_moved_by_a_restart(restarts: Restarts) -> None:
    wire = restarts.start()
    wire.advance(10)
    _, domain = request(wire, "POST", "/domain", {"name": "Clinic"})
    stream(wire, *FRAMES, *END, end=True)
    before = request(wire, "GET", f"/domain/{domain['domainId']}")[1], details(wire)["streamEndTime"]
    wire = restarts.start(away=3600)
    after = request(wire, "GET", f"/domain/{domain['domainId']}")[1], details(wire)["streamEndTime"]
    assert after == before
    assert before[0]["createdAt"] == WALL + 10


def test_real_time_passes_while_the_process_is_away_and_manual_time_does_not(restarts: Restarts) -> None:
    for clock, passed in (("real", 3600), ("x10", 36_000), ("manual", 0)):
        wire = restarts.start(clock=clock)
        wire.mock.reset("000000000000", wire.now)
        pause(wire)
        before = wire.account.clock.time(wire.now)
        wire = restarts.start(away=3600, clock=clock)
        assert wire.account.clock.time(wire.now) == pytest.approx(before + passed)


def test_a_clock_that_was_advanced_stays_so(restarts: Restarts) -> None:
    wire = restarts.start(clock="manual")
    pause(wire)
    wire.account.advance(1234.5, wire.now)
    wire = restarts.start(away=60, clock="manual")
    assert wire.account.clock.time(wire.now) == 1234.5
    wire.account.advance(18_000, wire.now)
    assert status(restarts.start(clock="manual")) == "FAILED"  # its window of 5 hours is over


def test_a_session_that_was_streaming_is_paused_and_goes_on_where_it_was(restarts: Restarts) -> None:
    wire = restarts.start()
    first = stream(wire, *FRAMES)
    wire = restarts.start()
    assert status(wire) == "PAUSED"
    assert [session.status.value for session in wire.account.sessions.values()] == ["PAUSED"]
    second = stream(wire, *FRAMES, *END, end=True)
    offsets = [each["audioBeginOffset"] for each in (*first.segments, *second.segments)]
    assert offsets == sorted(set(offsets))
    assert len({each["segmentId"] for each in (*first.segments, *second.segments)}) == len(offsets)
    assert second.segments[0]["audioBeginOffset"] >= first.segments[-1]["audioEndOffset"]


def test_a_final_that_was_told_is_in_the_file_whatever_happens_next(restarts: Restarts) -> None:
    first = stream(restarts.start(), *FRAMES)
    wire = restarts.start(clock="manual")
    second = stream(wire, *FRAMES, *END, end=True)
    wire.account.advance(60, wire.now)
    (kept,) = wire.account.store.all(ListeningSession)
    assert [each.segment_id for each in kept.segments] == [
        each["segmentId"] for each in (*first.segments, *second.segments)
    ]


@pytest.mark.parametrize("segment_ids", ["uuid", "counter"])
def test_segments_are_never_named_as_before(restarts: Restarts, segment_ids: str) -> None:
    ids = []
    for _ in range(3):
        wire = restarts.start(segment_ids=segment_ids)
        ids += [each["segmentId"] for each in pause(wire).segments]
    assert len(ids) == len(set(ids)) > 3


def test_attempts_are_counted_on(restarts: Restarts) -> None:
    pause(restarts.start())
    pause(restarts.start())
    assert restarts.start().account.attempts == {SESSION_ID: 2}


def test_ids_are_not_drawn_again(restarts: Restarts) -> None:
    made = [request(restarts.start(), "POST", "/domain", {"name": "Clinic"})[1]["domainId"] for _ in range(4)]
    assert len(set(made)) == 4


def test_a_folder_changes_no_id_of_a_first_start(restarts: Restarts) -> None:
    kept = request(restarts.start(), "POST", "/domain", {"name": "Clinic"})[1]
    assert kept["domainId"] == request(Wire(), "POST", "/domain", {"name": "Clinic"})[1]["domainId"]


def test_a_session_that_ended_gets_the_artifacts_that_a_kill_prevented(restarts: Restarts) -> None:
    wire = restarts.start(clock="manual", after_end_of_session="wait")
    stream(wire, *FRAMES, END[0])  # and its stream is still open
    assert wire.account.store.all(Artifact) == ()
    wire = restarts.start(clock="manual")
    wire.account.advance(60, wire.now)
    notes = details(wire)["postStreamActionResult"]["clinicalNoteGenerationResult"]
    assert {each["status"] for each in notes.values()} == {"COMPLETED"}
    document = wire.account.document(notes["noteResult"]["outputLocation"], wire.now)
    assert document is not None
    assert b"Rest" in document.body  # what the scenario wanted is remembered


def test_artifacts_go_on_and_are_begun_once(restarts: Restarts) -> None:
    wire = restarts.start(clock="manual")
    stream(wire, *FRAMES, *END, end=True)
    wire.account.advance(1, wire.now)
    before = wire.account.store.all(Artifact)
    wire = restarts.start(clock="manual")
    assert wire.account.store.all(Artifact) == before
    wire.account.advance(60, wire.now)
    assert len(wire.account.documents(wire.now)) == 3


def test_a_session_that_ended_stays_ended(restarts: Restarts) -> None:
    stream(restarts.start(), *FRAMES, *END, end=True)
    wire = restarts.start()
    ended = details(wire)["streamEndTime"]
    assert wire.visit_refused().status == 400
    wire = restarts.start(resume_after_end="exception")
    assert (pause(wire).exception or ("",))[0] == "validationException"
    assert (status(wire), details(wire)["streamEndTime"]) == ("COMPLETED", ended)


def test_a_session_without_a_configuration_is_not_kept(restarts: Restarts) -> None:
    wire = restarts.start(session_before_configuration="in-progress")
    wire.open()
    assert status(wire) == "IN_PROGRESS"
    wire = restarts.start(session_before_configuration="in-progress")
    assert status(wire) is None


def test_independent_streams_stay_sessions_of_their_own(restarts: Restarts) -> None:
    for count in (2, 4):
        wire = restarts.start(second_stream="independent")
        assert [pause(wire).status for _ in range(2)] == [200, 200]
        assert len(wire.account.sessions) == count


def test_what_is_reset_is_gone_for_good(restarts: Restarts) -> None:
    wire = restarts.start()
    number = wire.open(headers=request_headers())
    wire.send(number, *FRAMES)
    request(wire, "POST", "/domain", {"name": "Clinic"})
    wire.mock.reset("000000000000", wire.now)
    wire.pump()
    assert wire.answers[number].reset is not None
    wire = restarts.start()
    assert request(wire, "GET", "/domain")[1] == {"domains": []}
    assert status(wire) is None


def test_a_request_that_changes_several_resources_keeps_all_or_none(
    restarts: Restarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = restarts.start()
    keep = Persistence.keep

    def full(self: Persistence, account: str, kind: str, *more: Any) -> None:
        if kind == "tags":
            raise sqlite3.OperationalError("database or disk is full")
        keep(self, account, kind, *more)

    monkeypatch.setattr(Persistence, "keep", full)
    errors: list[BaseException] = []
    wire.connection._on_error = errors.append
    answer, _ = request(wire, "POST", "/domain", {"name": "Clinic", "tags": {"team": "blue"}})
    assert answer.status == 500
    assert [str(error) for error in errors] == ["database or disk is full"]
    monkeypatch.undo()
    assert request(restarts.start(), "GET", "/domain")[1] == {"domains": []}


def test_a_pause_is_kept_when_the_client_vanishes(restarts: Restarts) -> None:
    wire = restarts.start(clock="manual")
    wire.send(wire.open(), *FRAMES, envelope(b"no frame at all"))
    assert status(wire) == "PAUSED"
    assert status(restarts.start(clock="manual")) == "PAUSED"

"""The journal: order, budget; and its entries as plain data."""

from typing import Any

from mockscribe.entries import Kind, Origin
from mockscribe.instant import Instant
from mockscribe.journal import ENTRY_OCTETS, Journal
from mockscribe.service.events import AudioReceived, OutputException, TranscriptSegment

INSTANT = Instant(now=0.0, at=10.0, time=1.0, waited=1.0, time_us=1_000_000)
ORIGIN = Origin(account="000000000000", connection=1, stream="1.1", session="s", attempt=1)


def append(journal: Journal, about: Any = None, *, kind: Kind = Kind.EVENT_RECEIVED, octets: int = 0) -> None:
    journal.append(INSTANT, ORIGIN, kind, 500_000, about or {}, octets)


def test_entries_are_numbered_in_order_and_filtered() -> None:
    journal = Journal(1_000_000)
    append(journal, kind=Kind.REQUEST)
    append(journal)
    append(journal)
    assert [entry.seq for entry in journal] == [1, 2, 3]
    assert [entry.seq for entry in journal.select(Kind.EVENT_RECEIVED, since=2)] == [3]
    assert journal.select(session="another") == []


def test_the_budget_drops_the_oldest_and_counts_them() -> None:
    journal = Journal(3 * (ENTRY_OCTETS + 100))
    for _ in range(10):
        append(journal, AudioReceived(audio=b"", encoded_octets=0, binary=True), octets=100)
    assert [entry.seq for entry in journal] == [8, 9, 10]
    assert journal.octets <= journal.max_bytes
    assert journal.forgotten == 7


def test_the_newest_entry_stays_even_when_it_is_larger_than_the_budget() -> None:
    journal = Journal(10)
    append(journal, octets=1000)
    append(journal, octets=1000)
    assert [entry.seq for entry in journal] == [2]


def test_entries_become_plain_data() -> None:
    journal = Journal(1_000_000)
    append(journal, AudioReceived(audio=b"\x00\x01", encoded_octets=2, binary=True))
    append(journal, OutputException(member="validationException", message="no"), kind=Kind.EXCEPTION_SENT)
    append(
        journal,
        TranscriptSegment(
            segment_id="x", begin_us=0, end_us=1_500_000, is_partial=False, content="Hi.", channel_id="ch_0"
        ),
        kind=Kind.EVENT_SENT,
    )
    audio, exception, segment = journal
    assert audio.fields()["value"] == "AAE="
    assert "value" not in audio.fields(content=False)
    assert audio.fields()["bytes"] == 2
    assert exception.fields()["exception"] == "validationException"
    assert segment.fields()["value"]["transcriptSegment"]["audioEndOffset"] == 1.5
    assert segment.fields()["audio"] == 0.5
    assert segment.fields()["stream"] == "1.1"


def test_listeners_hear_until_they_unsubscribe() -> None:
    journal = Journal(1_000_000)
    heard: list[int] = []
    unsubscribe = journal.subscribe(lambda entry: heard.append(entry.seq))
    append(journal)
    unsubscribe()
    append(journal)
    assert heard == [1]


def test_clear_forgets_but_numbers_go_on() -> None:
    journal = Journal(1_000_000)
    append(journal)
    journal.clear()
    append(journal)
    assert [entry.seq for entry in journal] == [2]
    assert journal.octets == ENTRY_OCTETS

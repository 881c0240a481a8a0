"""The transcript's views, on a terminal that is drawn here: what stands on its screen is what counts."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from mockscribe.cli.transcript import JsonView, Measured, TranscriptView, clock, follow, printable
from mockscribe.client.core import EventReceived, ResponseStarted
from mockscribe.errors import ServerError
from tests.unit.cli.screen import Screen

ROLES = {"ch_0": "CLINICIAN", "ch_1": "PATIENT"}


class Terminal(io.StringIO):
    """A text stream that is a terminal, or says that it is none; `raw` is all that was written."""

    def __init__(self, screen: Screen | None) -> None:
        super().__init__()
        self.screen = screen

    def isatty(self) -> bool:
        return self.screen is not None

    def write(self, text: str) -> int:
        if self.screen is not None:
            self.screen.write(text)
        return super().write(text)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def segment(
    content: str, begin: float = 0.0, end: float = 1.0, *, partial: bool = False, channel: str | None = "ch_0"
) -> EventReceived:
    value: dict[str, Any] = {"segmentId": f"{channel}@{begin}", "audioBeginOffset": begin, "audioEndOffset": end}
    value |= {"isPartial": partial, "content": content} | ({"channelId": channel} if channel else {})
    return EventReceived(member="transcriptEvent", value={"transcriptSegment": value})


def on_terminal(**settings: Any) -> tuple[TranscriptView, Screen, Terminal, Terminal]:
    screen = Screen()
    out, err = Terminal(screen), Terminal(screen)
    return TranscriptView(ROLES, out=out, err=err, **settings), screen, out, err


def say(view: TranscriptView, event: EventReceived, **measured: Any) -> None:
    view.show(event)
    view.progress(Measured(**measured))


# ---- on a terminal


def test_a_partial_is_rewritten_in_place_until_its_final_stands_for_good() -> None:
    view, screen, _, _ = on_terminal(total_seconds=12.34)
    say(view, segment("How", 0.4, 0.6, partial=True), audio_seconds=0.6, partials=1)
    assert screen.shown == ["[00:00.4 …        ] CLINICIAN  How", "  ▸ 00:00.6 of 00:12.3 sent · 0 final, 1 partial"]
    say(view, segment("How are you", 0.4, 1.2, partial=True), audio_seconds=1.2, partials=2)
    assert screen.shown[0] == "[00:00.4 …        ] CLINICIAN  How are you"
    say(view, segment("How are you?", 0.4, 1.3), audio_seconds=1.3, partials=2, finals=1)
    assert screen.shown == [
        "[00:00.4 – 00:01.3] CLINICIAN  How are you?",
        "  ▸ 00:01.3 of 00:12.3 sent · 1 final, 2 partial",
    ]


def test_speakers_who_overlap_grow_on_lines_of_their_own() -> None:
    view, screen, _, _ = on_terminal()
    say(view, segment("And then", 1, 2, partial=True))
    say(view, segment("Yes", 1.5, 2, partial=True, channel="ch_1"))
    assert screen.shown[:2] == ["[00:01.0 …        ] CLINICIAN  And then", "[00:01.5 …        ] PATIENT    Yes"]
    say(view, segment("Yes.", 1.5, 2, channel="ch_1"))
    assert screen.shown[:2] == ["[00:01.5 – 00:02.0] PATIENT    Yes.", "[00:01.0 …        ] CLINICIAN  And then"]
    say(view, segment("And then?", 1, 3))
    assert screen.shown[:2] == ["[00:01.5 – 00:02.0] PATIENT    Yes.", "[00:01.0 – 00:03.0] CLINICIAN  And then?"]
    assert len(screen.shown) == 3


def test_leaving_wipes_what_was_growing_also_after_an_error() -> None:
    view, screen, _, _ = on_terminal()

    def break_off() -> None:
        say(view, segment("Final.", 0, 1))
        say(view, segment("never fin", 1, 2, partial=True))
        assert len(screen.shown) == 3
        raise ServerError("gone")

    with pytest.raises(ServerError), view:
        break_off()
    assert screen.shown == ["[00:00.0 – 00:01.0] CLINICIAN  Final."]
    assert screen.rows[screen.at] == ""


def test_a_long_partial_shows_its_newest_words_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    view, screen, _, _ = on_terminal()
    say(view, segment(" ".join(f"word{number}" for number in range(40)), partial=True))
    assert len(screen.shown[0]) == 59  # a full line would move some terminals' cursor
    assert screen.shown[0].startswith("[00:00.0 …        ] CLINICIAN")
    assert screen.shown[0].endswith("word38 word39")
    assert "…" in screen.shown[0][20:]


def test_a_long_partial_of_wide_characters_stays_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    view, screen, _, _ = on_terminal()
    say(view, segment("検" * 60, partial=True))
    narrow = screen.shown[0].replace("検", "")
    assert len(narrow) + 2 * (len(screen.shown[0]) - len(narrow)) <= 59
    assert screen.shown[0].endswith("検")


def test_a_long_final_is_wrapped_under_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    view, screen, _, _ = on_terminal()
    view.show(segment("One two three four five six seven eight nine ten eleven twelve."))
    first, second = screen.shown
    assert first.startswith("[00:00.0 – 00:01.0] CLINICIAN  One two")
    assert second.startswith(" " * len("[00:00.0 – 00:01.0] CLINICIAN  ") + second.strip()[0])
    assert max(len(first), len(second)) <= 70
    words = first.split("CLINICIAN  ")[1] + " " + second.strip()
    assert words == "One two three four five six seven eight nine ten eleven twelve."


def test_on_a_narrow_terminal_a_final_is_left_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    view, screen, _, _ = on_terminal()
    view.show(segment("One two three four five six seven eight."))
    assert screen.shown == ["[00:00.0 – 00:01.0] CLINICIAN  One two three four five six seven eight."]


def test_speakers_are_coloured_unless_nobody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    view, _, out, _ = on_terminal()
    view.show(segment("Hi."))
    assert "\x1b[36m\x1b[1mCLINICIAN" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    view, _, out, err = on_terminal()
    say(view, segment("Hi."))
    assert "\x1b" not in out.getvalue()
    assert "\x1b[2m" not in err.getvalue()


def test_a_dumb_terminal_gets_finals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    view, _, _, err = on_terminal()
    say(view, segment("Hel", partial=True))
    say(view, segment("Hello."))
    assert err.getvalue() == ""


# ---- into pipes


def test_in_a_pipe_only_finals_arrive() -> None:
    out, err = Terminal(None), Terminal(None)
    with TranscriptView(ROLES, out=out, err=err) as view:
        say(view, segment("Hel", partial=True))
        say(view, segment("Hello. " * 20))
    assert out.getvalue() == f"[00:00.0 – 00:01.0] CLINICIAN  {'Hello. ' * 20}\n"
    assert err.getvalue() == ""


def test_with_only_the_answer_in_a_pipe_progress_stays_on_the_terminal() -> None:
    screen = Screen()
    out, err = Terminal(None), Terminal(screen)
    with TranscriptView(ROLES, out=out, err=err) as view:
        say(view, segment("Hel", partial=True), audio_seconds=0.5, partials=1)
        assert screen.shown == ["  ▸ 00:00.5 sent · 0 final, 1 partial"]
        say(view, segment("Hello."), audio_seconds=0.9, partials=1, finals=1)
    assert out.getvalue() == "[00:00.0 – 00:01.0] CLINICIAN  Hello.\n"
    assert screen.shown == []


# ---- what the service may say


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (segment("Hi.", channel=None), "[00:00.0 – 00:01.0] Hi."),
        (segment("Hi.", channel="ch_7"), "[00:00.0 – 00:01.0] ch_7       Hi."),
        (segment("a\x1b[2Jb\nc\x9bd"), "[00:00.0 – 00:01.0] CLINICIAN  a [2Jb c d"),
        (segment("Hi.", channel="\x1b[31m"), "[00:00.0 – 00:01.0]  [31m      Hi."),
        (
            EventReceived(member="transcriptEvent", value={"transcriptSegment": {}}),
            "[--:--.- – --:--.-] ",
        ),
        (
            EventReceived(member="checklistEvent", value={"items": ["größe\x9b"]}),
            'checklistEvent {"items": ["größe "]}',
        ),
    ],
)
def test_whatever_comes_is_a_line_that_moves_no_cursor(event: EventReceived, line: str) -> None:
    out = Terminal(None)
    TranscriptView(ROLES, out=out, err=Terminal(None)).show(event)
    assert out.getvalue() == line + "\n"


@pytest.mark.parametrize("value", [{}, {"transcriptSegment": None}, {"transcriptSegment": "text"}])
def test_a_transcript_event_without_a_segment_shows_nothing(value: Mapping[str, Any]) -> None:
    out = Terminal(None)
    TranscriptView(ROLES, out=out, err=Terminal(None)).show(EventReceived(member="transcriptEvent", value=value))
    assert out.getvalue() == ""


def test_json_shows_every_event_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    view = JsonView()
    view.show(segment("größe\n", partial=True))
    view.progress(Measured())
    view.show(EventReceived(member="checklistEvent", value={}))
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first)["transcriptEvent"]["transcriptSegment"]["content"] == "größe\n"
    assert "größe" in first
    assert json.loads(second) == {"checklistEvent": {}}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00.0"),
        (0.04, "00:00.0"),
        (0.96, "00:01.0"),
        (59.97, "01:00.0"),
        (61.25, "01:01.2"),
        (7200.5, "120:00.5"),
    ],
)
def test_a_clock_rounds_to_tenths(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_printable_text_keeps_its_length() -> None:
    assert printable("a\tb\x00c\u202ed é") == "a b c d é"


# ---- following a call


class Script:
    """A call that asks for two chunks, hears of each, and says one more thing after the end."""

    def run(
        self,
        configuration: Mapping[str, Any],
        chunks: Iterable[tuple[bytes | memoryview, float]],
        *,
        pace: float | None,
        binary: bool,
        end_session: bool,
    ) -> Iterator[ResponseStarted | EventReceived]:
        self.asked = (configuration, pace, binary, end_session)
        yield ResponseStarted(status=200, headers=())
        source = iter(chunks)
        next(source)
        yield segment("Hel", partial=True)
        next(source)
        yield segment("Hello.")
        assert next(source, None) is None
        yield segment("Bye.", 1, 2)
        yield EventReceived(member="checklistEvent", value={})


class Recorder:
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def show(self, event: EventReceived) -> None:
        self.told.append((event.member, -1))

    def progress(self, measured: Measured) -> None:
        self.told.append(("progress", measured.chunks))


def test_following_counts_what_left_and_what_came() -> None:
    script, recorder = Script(), Recorder()
    measured = follow(
        script, recorder, {"a": 1}, [(b"x", 0.5), (b"y", 0.25)], pace=2.0, binary=False, end_session=False
    )
    assert script.asked == ({"a": 1}, 2.0, False, False)
    assert (measured.chunks, measured.audio_seconds) == (2, 0.75)
    assert (measured.partials, measured.finals, measured.finals_while_sending) == (1, 2, 1)
    assert measured.first_event_seconds is not None
    assert 0 <= measured.first_event_seconds <= measured.last_chunk_seconds <= measured.seconds
    assert recorder.told == [
        ("transcriptEvent", -1),
        ("progress", 0),
        ("progress", 1),
        ("transcriptEvent", -1),
        ("progress", 1),
        ("progress", 2),
        ("transcriptEvent", -1),
        ("progress", 2),
        ("checklistEvent", -1),
        ("progress", 2),
    ]

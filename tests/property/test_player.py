"""What a scenario or an echo says depends on script, seed and input, and on nothing else."""

import random
from collections.abc import Sequence
from itertools import groupby, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mockscribe.scenario.echo import PAUSE_US
from mockscribe.scenario.intents import Intent, StepStatus
from mockscribe.scenario.model import (
    AfterAudio,
    AfterTime,
    AtAudio,
    End,
    EveryInterval,
    EveryWord,
    Fault,
    NoPartials,
    OnBytes,
    OnEndOfSession,
    OnEvents,
    OnIdle,
    OnInputClosed,
    OnQuiet,
    Raise,
    Say,
    Scenario,
    Send,
    Step,
    Trigger,
)
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.service.events import OutputException, TranscriptSegment
from tests.stage import ROLES, Stage, hush, pcm, tone

RATE = 8_000

# ---- scripts

spans = st.integers(0, 40).map(lambda tenths: tenths * 50_000) | st.integers(0, 2_000_000)
some_span = st.integers(10_000, 1_500_000)
triggers: st.SearchStrategy[Trigger | None] = st.one_of(
    st.none(),
    st.none(),
    spans.map(lambda us: AtAudio(audio_us=us)),
    spans.map(lambda us: AfterAudio(audio_us=us)),
    spans.map(lambda us: AfterTime(time_us=us)),
    st.integers(1, 20_000).map(lambda count: OnBytes(count=count)),
    some_span.map(lambda us: OnQuiet(audio_us=us)),
    some_span.map(lambda us: OnIdle(time_us=us)),
    st.just(OnEndOfSession()),
    st.just(OnInputClosed()),
)
says = st.builds(
    Say,
    text=st.sampled_from(["Yes.", "one two three", "How have you been since the surgery?", " "]),
    by=st.sampled_from([None, "CLINICIAN", "PATIENT"]),
    takes_us=st.none() | spans,
    partials=st.sampled_from([EveryWord(), NoPartials(), EveryInterval(audio_us=130_000)]),
)
verbs = st.one_of(
    says,
    says,
    st.integers(1, 99).map(lambda version: Send(member="checklistEvent", content={"snapshotVersion": version})),
    st.just(Fault(name="wrong_message_crc")),
)
endings = st.sampled_from([Raise(member="validationException", message="no"), End(), Fault(name="reset")])
steps = st.builds(
    Step,
    verb=verbs,
    trigger=triggers,
    beside=st.booleans(),
    repeat=st.sampled_from([1, 1, 1, 3]),
    optional=st.just(False),
)


@st.composite
def scripts(draw: st.DrawFn, *, end: bool = False) -> Scenario:
    chosen = draw(st.lists(steps, min_size=1, max_size=6))
    if end:
        at = draw(st.integers(0, len(chosen)))
        chosen.insert(at, Step(verb=draw(endings), trigger=draw(triggers)))
    return Scenario(name="s", steps=tuple(chosen))


# ---- what a client does: sound and silence in both channels, and time without audio

sounds = st.tuples(st.sampled_from(["00", "01", "10", "11"]), st.integers(1, 70))
waits = st.integers(1, 3_000_000)
inputs = st.lists(st.lists(sounds, max_size=6) | waits, max_size=6)
cuts = st.sampled_from([37, 160, 801, 1_602, 4_999])  # bytes: some cut a sample, some a block of 10 ms


def sound(parts: Sequence[tuple[str, int]], channels: int = 2) -> bytes:
    """Each part is so many times 10 ms, less three samples."""
    sides: list[list[float]] = [[] for _ in range(channels)]
    for which, size in parts:
        seconds = size / 100 - 3 / RATE
        for side, on in zip(sides, which, strict=False):
            side += tone(seconds, rate=RATE) if on == "1" else hush(seconds, rate=RATE)
    return pcm(*sides)


class Watched(Stage):
    """Asserts after each call what must always hold."""

    def _take(self, intents: Sequence[Intent]) -> list[str]:  # type: ignore[override]
        before = len(self.intents)
        lines = super()._take(intents)
        for intent in self.intents[before:]:
            if isinstance(intent, TranscriptSegment):
                assert intent.begin_us <= intent.end_us <= self.clock.us, "said before it was heard"
        assert list(self.player.tick(self.moment)) == [], "tick is idempotent"
        due = self.player.next_deadline()
        assert due is None or due > self.time_us, "a deadline that nothing clears"
        return lines


def stage(scenario: Scenario, seed: int) -> Watched:
    player = ScenarioPlayer(scenario, random.Random(seed))
    return Watched(player=player, rate=RATE, channels=2, roles=ROLES)


def play(scenario: Scenario, seed: int, doings: Sequence[object], cut: int | None, *, ticks: int = 1) -> Watched:
    """The whole visit, its audio in events of `cut` bytes and its waits in so many parts."""
    played = stage(scenario, seed)
    for doing in doings:
        if isinstance(doing, int):
            for part in range(ticks):
                played.wait((doing * (part + 1) // ticks - doing * part // ticks) / 1e6)
        else:
            played.feed(sound(doing), cut=cut)  # type: ignore[arg-type]
    played.end_of_session()
    played.close()
    played.wait(20.0)
    return played


@settings(max_examples=150, deadline=None)
@given(scripts(), st.integers(0, 3), inputs, cuts)
def test_same_script_seed_and_input_say_the_same_however_the_audio_is_cut(
    scenario: Scenario, seed: int, doings: list[object], cut: int
) -> None:
    whole = play(scenario, seed, doings, None)
    parts = play(scenario, seed, doings, cut, ticks=3)
    assert parts.lines == whole.lines
    assert parts.intents == whole.intents
    assert parts.statuses == whole.statuses


@settings(max_examples=60, deadline=None)
@given(scripts(end=True), inputs)
def test_what_ends_a_stream_is_the_last_thing_said_on_it(scenario: Scenario, doings: list[object]) -> None:
    played = stage(scenario, 1)
    for doing in doings:
        before = len(played.intents)
        if isinstance(doing, int):
            played.wait(doing / 1e6)
        else:
            played.feed(sound(doing))  # type: ignore[arg-type]
        new = played.intents[before:]
        ends = [isinstance(each, OutputException | End) or each == Fault(name="reset") for each in new]
        assert not any(ends[:-1])
        if ends and ends[-1]:
            assert played.player.next_deadline() is None
            assert played.wait(100.0) == []
            played.resume()


@settings(max_examples=60, deadline=None)
@given(scripts(), inputs, cuts)
def test_every_final_follows_its_partials(scenario: Scenario, doings: list[object], cut: int) -> None:
    played = play(scenario, 1, doings, cut)
    results: dict[str, list[TranscriptSegment]] = {}
    for intent in played.intents:
        if isinstance(intent, TranscriptSegment):
            results.setdefault(intent.segment_id, []).append(intent)
    for each in results.values():
        assert [result.is_partial for result in each] == [True] * (len(each) - 1) + [False]
        assert len({(result.begin_us, result.channel_id) for result in each}) == 1
        assert all(first.end_us <= second.end_us for first, second in pairwise(each))
    assert played.player.finished
    assert all(status in (StepStatus.FINISHED, StepStatus.MISSED) for status in played.statuses)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(triggers, st.sampled_from([1, 2])), min_size=1, max_size=5), inputs, cuts)
def test_nothing_leaves_before_its_deadline(
    chain: list[tuple[Trigger | None, int]], doings: list[object], cut: int
) -> None:
    """A chain of sends: each leaves no earlier than its trigger allows, counted from the one before it."""
    made = tuple(
        Step(verb=Send(member="checklistEvent", content={"n": number}), trigger=trigger, repeat=repeat)
        for number, (trigger, repeat) in enumerate(chain)
    )
    expected = [trigger for trigger, repeat in chain for _ in range(repeat)]
    played = stage(Scenario(name="s", steps=made), 1)
    seen: list[tuple[int, int]] = []
    armed = [(0, 0)]

    def note() -> None:
        while len(seen) < len(played.intents):
            trigger, (audio_us, time_us) = expected[len(seen)], armed[-1]
            match trigger:
                case AtAudio(audio_us=at):
                    assert played.clock.us >= at
                case AfterAudio(audio_us=after) | OnQuiet(audio_us=after):
                    assert played.clock.us >= audio_us + after
                case AfterTime(time_us=after) | OnIdle(time_us=after):
                    assert played.time_us >= time_us + after
                case OnBytes(count=count):
                    assert played.clock.samples * 4 + 3 >= count
                case OnEndOfSession() | OnInputClosed() | OnEvents():
                    raise AssertionError("the session has not ended")
            seen.append((played.clock.us, played.time_us))
            # the exact instant lies within what this call brought: the earliest that it can have been
            armed.append((audio_us + (after if isinstance(trigger, AfterAudio | OnQuiet) else 0), before_time))

    before_time = 0
    note()
    for doing in doings:
        before_time = played.time_us
        if isinstance(doing, int):
            for part in (doing // 2, doing - doing // 2):
                before_time = played.time_us
                played.wait(part / 1e6)
                note()
        else:
            played.feed(sound(doing), cut=cut)  # type: ignore[arg-type]
            note()


# ---- the echo


def runs(audio: Sequence[tuple[str, int]], side: int) -> list[tuple[int, int]]:
    """Where a channel sounds, in samples, what lies closer together than a pause joined."""
    samples = [which[side] for which, size in audio for _ in range(size * RATE // 100 - 3)]
    found: list[tuple[int, int]] = []
    at = 0
    for which, group in groupby(samples):
        size = len(list(group))
        if which == "1":
            if found and (at - found[-1][1]) * 1_000_000 // RATE < PAUSE_US:
                found[-1] = (found[-1][0], at + size)
            else:
                found.append((at, at + size))
        at += size
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(sounds, max_size=8), cuts)
def test_an_echo_tells_every_sound_exact_to_the_sample_however_it_is_cut(
    parts: list[tuple[str, int]], cut: int
) -> None:
    played = [Watched(rate=RATE, channels=2, roles=ROLES) for _ in range(2)]
    played[0].feed(sound(parts))
    played[1].feed(sound(parts), cut=cut)
    for each in played:
        each.end_of_session()
    assert played[0].lines == played[1].lines
    assert played[0].intents == played[1].intents
    for side in (0, 1):
        told = [
            (each.begin_us, each.end_us)
            for each in played[0].intents
            if isinstance(each, TranscriptSegment) and not each.is_partial and each.channel_id == f"ch_{side}"
        ]
        assert told == [(begin * 1_000_000 // RATE, end * 1_000_000 // RATE) for begin, end in runs(parts, side)]

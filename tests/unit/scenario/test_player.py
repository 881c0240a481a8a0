"""The cursor of a scenario, rule by rule of the language: what is armed when, what is due when, what is missed."""

import random

import pytest

from mockscribe.scenario.intents import StepStatus
from mockscribe.scenario.model import OnIdle, Say, Scenario, Send, Step
from mockscribe.scenario.moment import Moment
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.scenario.script import parse
from mockscribe.service.events import TranscriptSegment
from tests.stage import ROLES, Stage, hush, pcm, tone

ARMED, FINISHED, MISSED, SPEAKING, WAITING = (
    StepStatus.ARMED,
    StepStatus.FINISHED,
    StepStatus.MISSED,
    StepStatus.SPEAKING,
    StepStatus.WAITING,
)


def snapshot(version: int, trigger: str = "") -> str:
    return f"  - {{send: {{checklistEvent: {{snapshotVersion: {version}}}}}{', ' + trigger if trigger else ''}}}\n"


def sent(version: int) -> str:
    return f"checklistEvent {{'snapshotVersion': {version}}}"


def say(text: str, options: str = "") -> str:
    return f"  - {{say: {text}, takes: 1s, partials: none{', ' + options if options else ''}}}\n"


# ---- armed


def test_a_step_without_trigger_runs_as_soon_as_it_is_armed() -> None:
    stage = Stage(steps=snapshot(1) + snapshot(2) + say("Hello") + snapshot(3), begin=False)
    assert stage.begin() == [sent(1), sent(2)]
    assert stage.statuses == [FINISHED, FINISHED, SPEAKING, WAITING]
    assert stage.silence(0.999) == []
    assert stage.silence(0.001) == ["0.000-1.000 Hello", sent(3)]
    assert stage.statuses == [FINISHED] * 4


def test_a_say_is_finished_when_its_final_is_sent() -> None:
    stage = Stage(steps=say("A") + say("B", "after: 500ms"))
    assert stage.silence(3.0) == ["0.000-1.000 A", "1.500-2.500 B"]


def test_only_armed_steps_watch_their_triggers() -> None:
    stage = Stage(steps=say("A", "at: 2s") + snapshot(1, "when: {bytes: 32000}"))
    assert stage.silence(3.999) == ["2.000-3.000 A"]  # 4 s were needed: 32,000 bytes are a second after 3 s
    assert stage.silence(0.001) == [sent(1)]


def test_with_arms_a_step_when_the_one_before_it_starts() -> None:
    stage = Stage(steps=say("A", "at: 500ms") + say("B", "with: true, after: 200ms") + say("C"))
    assert stage.silence(5.0) == ["0.500-1.500 A", "0.700-1.700 B", "1.700-2.700 C"]


def test_with_a_step_that_repeats_is_armed_by_its_first_start() -> None:
    stage = Stage(steps=say("A", "repeat: 2") + say("B", "with: true, after: 500ms"))
    assert stage.silence(3.0) == ["0.000-1.000 A", "0.500-1.500 B", "1.000-2.000 A"]


def test_with_a_step_that_is_written_at_once() -> None:
    assert Stage(steps=snapshot(1) + snapshot(2, "with: true") + snapshot(3)).lines == [sent(1), sent(2), sent(3)]


def test_what_follows_a_step_beside_another_waits_for_the_step_only() -> None:
    stage = Stage(steps="  - {say: A, takes: 5s, partials: none}\n" + say("B", "with: true") + say("C"))
    assert stage.silence(6.0) == ["0.000-1.000 B", "1.000-2.000 C", "0.000-5.000 A"]


def test_ties_go_in_file_order() -> None:
    steps = say("A") + say("B", "with: true") + say("C", "with: true")
    assert Stage(steps=steps).silence(1.0) == ["0.000-1.000 A", "0.000-1.000 B", "0.000-1.000 C"]


def test_an_empty_scenario_says_nothing() -> None:
    stage = Stage("scenario: silent")
    assert stage.silence(1.0) + stage.wait(10.0) + stage.end_of_session() == []
    assert stage.player.finished
    assert stage.player.next_deadline() is None


# ---- audio


def test_at_is_the_sessions_audio_clock() -> None:
    stage = Stage(steps=snapshot(1, "at: 1s"))
    assert stage.silence(0.9999375) == []  # 15,999 samples
    assert stage.silence(0.0000625) == [sent(1)]


def test_at_in_the_past_is_now() -> None:
    stage = Stage(steps=say("A", "at: 1s") + say("B", "at: 500ms"))
    assert stage.silence(3.0) == ["1.000-2.000 A", "2.000-3.000 B"]


def test_offsets_begin_at_the_triggers_instant_not_at_the_end_of_the_chunk() -> None:
    stage = Stage(steps=say("A", "at: 300ms") + say("B", "after: 100ms"))
    assert stage.silence(10.0) == ["0.300-1.300 A", "1.400-2.400 B"]


def test_a_partial_leaves_once_its_audio_has_arrived() -> None:
    stage = Stage(steps="  - {say: one two three four, takes: 1s, partials: {every: 250ms}}\n")
    assert stage.silence(0.2499) == []
    (first,) = stage.silence(0.0001)
    assert first.startswith("0.000-0.250~")
    assert len(stage.silence(0.5)) == 2
    assert stage.silence(0.25) == ["0.000-1.000 one two three four"]


def test_all_results_of_a_line_have_one_id_and_one_begin() -> None:
    stage = Stage(steps="  - say: one two three\n  - say: four five\n")
    stage.silence(3.0)
    segments = [intent for intent in stage.intents if isinstance(intent, TranscriptSegment)]
    ids = list(dict.fromkeys(segment.segment_id for segment in segments))
    assert len(ids) == 2
    for each in ids:
        results = [segment for segment in segments if segment.segment_id == each]
        assert [result.is_partial for result in results] == [True] * (len(results) - 1) + [False]
        assert len({result.begin_us for result in results}) == 1
        ends = [result.end_us for result in results]
        assert ends == sorted(ends)


def test_segment_ids_can_be_given() -> None:
    ids = iter(["seg-1", "seg-2"])
    (scenario,) = parse("scenario: s\nsteps: [{say: A}, {say: B}]", "t")
    stage = Stage(player=ScenarioPlayer(scenario, random.Random(1), next_segment_id=lambda: next(ids)))
    stage.silence(1.0)
    finals = [each for each in stage.intents if isinstance(each, TranscriptSegment) and not each.is_partial]
    assert [each.segment_id for each in finals] == ["seg-1", "seg-2"]


def test_the_speaker_becomes_the_channel_that_the_client_defined() -> None:
    stage = Stage(steps=say("A", "by: PATIENT") + say("B", "by: CLINICIAN") + say("C"), roles=ROLES)
    assert stage.silence(3.0) == ["0.000-1.000 A [ch_1]", "1.000-2.000 B [ch_0]", "2.000-3.000 C [ch_0]"]
    assert Stage(steps=say("A", "by: PATIENT")).silence(1.0) == ["0.000-1.000 A"]


# ---- mock time


def test_after_time_counts_from_the_arming() -> None:
    stage = Stage(steps=snapshot(1, "after: {time: 2s}") + snapshot(2, "after: {time: 1s}"), begin=False)
    stage.time_us = 5_000_000
    stage.begin()
    assert stage.player.next_deadline() == 7_000_000
    assert stage.wait(1.999999) == []
    assert stage.wait(0.000001) == [sent(1)]
    assert stage.player.next_deadline() == 8_000_000
    assert stage.wait(1.0) == [sent(2)]
    assert stage.player.next_deadline() is None


@pytest.mark.parametrize("events", [1, 60])
def test_no_time_at_all_is_the_audio_instant_of_the_arming(events: int) -> None:
    stage = Stage(steps=snapshot(1, "at: 50ms") + snapshot(2, "after: {time: 0s}") + say("A"))
    for _ in range(events):
        stage.silence(0.06 / events)
    assert stage.silence(1.0) == ["0.050-1.050 A"]


def test_tick_is_idempotent() -> None:
    stage = Stage(steps=snapshot(1, "after: {time: 1s}") + say("A"))
    assert stage.wait(1.0) == [sent(1)]
    assert stage.wait(0) == []


def test_a_late_tick_runs_deadline_by_deadline() -> None:
    steps = snapshot(1, "after: {time: 2s}, repeat: 2") + snapshot(2, "after: {time: 1s}, with: true") + snapshot(3)
    assert Stage(steps=steps).wait(10.0) == [sent(1), sent(2), sent(3), sent(1)]


def test_time_that_is_overdue_comes_before_newer_audio() -> None:
    stage = Stage(steps=say("A", "after: {time: 1s}"))
    stage.silence(0.5)
    stage.time_us = 1_500_000
    assert stage.silence(2.0) == ["0.500-1.500 A"]


@pytest.mark.parametrize("call", ["end_of_session", "close", "resume"])
def test_time_that_is_overdue_comes_before_whatever_happens(call: str) -> None:
    stage = Stage(steps=snapshot(1, "after: {time: 1s}") + snapshot(2, "when: end_of_session, optional: true"))
    stage.time_us = 1_500_000
    assert getattr(stage, call)()[0] == sent(1)


# ---- when


def test_events_are_audio_events_since_the_step_was_armed() -> None:
    stage = Stage(steps=snapshot(1, "when: {events: 2}") + say("A", "when: {events: 2}"))
    assert stage.silence(0.1) == []
    assert stage.empty() == [sent(1)]
    assert stage.silence(0.1) == []
    assert stage.silence(0.1) == []
    assert stage.silence(2.0) == ["0.300-1.300 A"]


def test_an_event_does_not_count_for_a_step_that_its_own_audio_armed() -> None:
    steps = snapshot(1, "when: {quiet: 200ms}") + snapshot(2, "when: {events: 1}")
    for cut in (None, 3200):
        stage = Stage(steps=steps)
        lines = stage.tone(0.1) + stage.silence(0.2) + stage.tone(0.1, cut=cut)
        assert lines == [sent(1), sent(2)]
    stage = Stage(steps=steps)
    stage.feed(bytes(2 * 4800) + b"\xff\x3f" * 1600)  # 0.3 s of silence and a sound, in one event
    assert stage.lines == [sent(1)]
    assert stage.silence(0.1) == [sent(2)]


def test_bytes_are_an_instant_of_pcm_however_it_was_cut() -> None:
    steps = say("A", "when: {bytes: 3200}") + say("B", "when: {bytes: 6402}")
    for cut in (None, 3202, 100, 7):
        stage = Stage(steps=steps, channels=2)
        stage.silence(3.0, cut=cut)
        # 64,000 bytes a second: 0.05 s, then (after 1.05 s) 0.1 s and a sample less
        assert stage.lines == ["0.050-1.050 A", "1.150-2.150 B"]


def test_bytes_go_on_over_a_pause() -> None:
    stage = Stage(steps=say("A", "when: {bytes: 32000}"))
    stage.silence(0.5)
    stage.close()
    stage.resume()
    assert stage.silence(2.0) == ["1.000-2.000 A"]


def test_bytes_count_from_a_step_armed_before_any_audio_of_the_stream() -> None:
    stage = Stage(steps=snapshot(1, "when: input_closed") + say("A", "when: {bytes: 32000}"))
    stage.silence(0.5)
    assert stage.close() == [sent(1)]
    stage.resume()
    assert stage.silence(3.0) == ["1.500-2.500 A"]


def test_quiet_is_silence_of_the_samples() -> None:
    stage = Stage(steps=say("Still there?", "when: {quiet: 800ms}"))
    assert stage.player.needs_levels
    assert stage.tone(1.0) == []
    assert stage.silence(0.5) == []
    assert stage.tone(0.01) == []
    assert stage.silence(0.799) == []
    assert stage.silence(2.0) == ["2.310-3.310 Still there?"]


def test_quiet_counts_from_the_arming() -> None:
    stage = Stage(steps=snapshot(1, "when: {quiet: 800ms}, repeat: 2"))
    assert stage.silence(1.599) == [sent(1)]
    assert stage.silence(0.001) == [sent(1)]


def test_quiet_needs_silence_on_all_channels() -> None:
    stage = Stage(steps=snapshot(1, "when: {quiet: 500ms}"), channels=2)
    left = tone(0.2) + hush(1.2) + tone(0.1)
    right = hush(0.5) + tone(0.1) + hush(0.5) + tone(0.4)
    assert stage.feed(pcm(left, right)) == [sent(1)]  # from 0.6 s to 1.1 s
    right = hush(0.4) + tone(0.1) + hush(0.4) + tone(0.6)
    stage = Stage(steps=snapshot(1, "when: {quiet: 500ms}"), channels=2)
    assert stage.feed(pcm(left, right)) == []


def test_whichever_channel_sounds_first_breaks_the_silence() -> None:
    # both sound in one block of 10 ms: the right one at 501 ms, the left one, which is measured first, at 508 ms
    stage = Stage(steps=snapshot(1, "when: {quiet: 405ms}"), channels=2)
    left, right = tone(0.1) + hush(0.408) + tone(0.1), hush(0.501) + tone(0.004) + hush(0.103)
    assert stage.feed(pcm(left, right)) == []


def test_quiet_within_one_event_is_found_at_its_instant() -> None:
    audio = pcm(tone(0.5) + hush(0.9) + tone(1.0))
    for cut in (None, 3200, 998):
        stage = Stage(steps=say("A", "when: {quiet: 800ms}"))
        stage.feed(audio, cut=cut)
        assert stage.lines == ["1.300-2.300 A"]


def test_a_step_without_quiet_measures_nothing() -> None:
    assert not Stage(steps=say("A")).player.needs_levels


def test_idle_is_mock_time_without_audio_events() -> None:
    stage = Stage(steps=snapshot(1, "when: {idle: 5s}, repeat: 2"))
    assert stage.wait(4.0) == []
    stage.silence(0.1)
    assert stage.player.next_deadline() == 9_000_000
    assert stage.wait(4.0) == []
    stage.empty()  # no audio in it
    assert stage.wait(1.0) == [sent(1)]
    assert stage.wait(4.999999) == []
    assert stage.wait(0.000001) == [sent(1)]


def test_idle_counts_anew_on_a_resumed_stream() -> None:
    stage = Stage(steps=snapshot(1, "when: {idle: 5s}"))
    stage.wait(3.0)
    stage.close()
    stage.time_us += 60_000_000
    assert stage.resume() == []
    assert stage.wait(5.0) == [sent(1)]


def test_end_of_session_holds_from_when_it_happens_on() -> None:
    stage = Stage(
        steps=snapshot(1, "when: end_of_session") + snapshot(2, "after: {time: 1s}") + say("A", "when: end_of_session")
    )
    stage.silence(0.5)
    assert stage.end_of_session() == [sent(1)]
    assert not stage.player.finished
    assert stage.wait(1.0) == [sent(2), "0.500-0.500 A"]
    assert stage.player.finished


def test_input_closed_holds_from_when_it_happens_on() -> None:
    stage = Stage(steps=snapshot(1, "when: input_closed") + snapshot(2) + snapshot(3, "when: input_closed"))
    assert stage.close() == [sent(1), sent(2), sent(3)]


def test_a_resumed_stream_has_an_input_of_its_own_to_close() -> None:
    stage = Stage(steps=say("A") + snapshot(1, "when: input_closed"))
    stage.close()
    stage.resume()
    assert stage.silence(1.0) == ["0.000-1.000 A"]
    assert stage.close() == [sent(1)]


# ---- repeat


def test_repeat_arms_the_step_again_when_it_is_finished() -> None:
    stage = Stage(steps=say("A", "after: 500ms, repeat: 2") + say("B"))
    assert stage.silence(5.0) == ["0.500-1.500 A", "2.000-3.000 A", "3.000-4.000 B"]
    assert [each.fired for each in stage.player.report()] == [2, 1]


def test_repeated_time_does_not_drift() -> None:
    stage = Stage(steps=snapshot(1, "after: {time: 1s}, repeat: 3"))
    assert stage.wait(1.7) == [sent(1)]
    assert stage.wait(0.3) == [sent(1)]
    assert stage.wait(5.0) == [sent(1)]


def test_forever_ends_at_end_of_session() -> None:
    stage = Stage(steps=snapshot(1, "after: 1s, repeat: forever") + snapshot(2))
    assert stage.silence(3.5) == [sent(1)] * 3
    assert stage.end_of_session() == [sent(2)]
    assert stage.player.finished
    assert stage.statuses == [FINISHED, FINISHED]


def test_forever_of_time_ends_at_end_of_session_too() -> None:
    stage = Stage(steps=snapshot(1, "after: {time: 1s}, repeat: forever"))
    stage.wait(2.5)
    assert stage.end_of_session() == []
    assert stage.player.finished
    assert stage.statuses == [FINISHED]


def test_a_line_repeated_forever_is_made_final_at_end_of_session() -> None:
    stage = Stage(steps=say("A", "repeat: forever"))
    stage.silence(1.5)
    assert stage.end_of_session() == ["1.000-1.500 A"]
    assert stage.statuses == [FINISHED]


def test_forever_needs_one_firing() -> None:
    stage = Stage(steps=snapshot(1, "after: 1s, repeat: forever"))
    stage.silence(0.5)
    stage.end_of_session()
    assert stage.statuses == [MISSED]


def test_a_count_that_was_not_reached_is_missed() -> None:
    stage = Stage(steps=snapshot(1, "after: 1s, repeat: 3"))
    stage.silence(2.5)
    stage.end_of_session()
    assert stage.statuses == [MISSED]
    assert [each.fired for each in stage.player.report()] == [2]


# ---- END_OF_SESSION


def test_open_lines_are_made_final_cut_to_the_audio_received() -> None:
    stage = Stage(steps=say("A") + say("B", "with: true, after: 200ms"))
    stage.silence(0.7)
    assert stage.end_of_session() == ["0.000-0.700 A", "0.200-0.700 B"]
    assert stage.statuses == [FINISHED, FINISHED]
    assert stage.player.finished


@pytest.mark.parametrize(
    "trigger", ["at: 5s", "after: 1s", "when: {events: 9}", "when: {bytes: 99999}", "when: {quiet: 3s}"]
)
def test_what_needs_more_input_is_missed_and_the_rest_runs(trigger: str) -> None:
    stage = Stage(steps=snapshot(1, trigger) + snapshot(2) + snapshot(3, "after: {time: 1s}"))
    stage.silence(0.5)
    assert stage.end_of_session() == [sent(2)]
    assert stage.statuses == [MISSED, FINISHED, ARMED]
    assert stage.wait(1.0) == [sent(3)]
    assert stage.player.finished


def test_what_waits_for_no_input_runs() -> None:
    steps = snapshot(1, "when: {idle: 2s}") + snapshot(2, "when: input_closed")
    stage = Stage(steps=steps)
    assert stage.end_of_session() == []
    assert stage.wait(2.0) == [sent(1)]
    assert not stage.player.finished
    assert stage.close() == [sent(2)]
    assert stage.player.finished


def test_a_step_beside_a_missed_one_is_armed_after_all() -> None:
    stage = Stage(steps=snapshot(1, "at: 5s") + snapshot(2, "with: true"))
    assert stage.end_of_session() == [sent(2)]


def test_a_line_after_end_of_session_is_known_at_once() -> None:
    stage = Stage(steps="  - {say: one two three, when: end_of_session}\n")
    stage.silence(0.25)
    assert stage.end_of_session() == ["0.250-0.250 one two three"]


# ---- what ends a stream


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("raise: {internalFailureException: on fire}", "internalFailureException: on fire"),
        ("raise: {validationException: no}", "validationException: no"),
        ("fault: {reset: {}}", "fault reset"),
        ("end: true", "end"),
    ],
)
def test_nothing_follows_what_ends_the_stream_until_it_is_resumed(step: str, line: str) -> None:
    stage = Stage(steps=f"{say('A')}  - {{{step}, at: 1s}}\n{snapshot(1)}{snapshot(2, 'after: {time: 1s}')}")
    assert stage.silence(2.0) == ["0.000-1.000 A", line]
    assert stage.player.next_deadline() is None
    assert stage.resume() == [sent(1)]
    assert stage.wait(1.0) == [sent(2)]


def test_a_fault_on_a_frame_lets_the_rest_follow() -> None:
    stage = Stage(steps=say("A") + "  - {fault: {wrong_message_crc: {}}}\n" + snapshot(1))
    assert stage.silence(1.0) == ["0.000-1.000 A", "fault wrong_message_crc", sent(1)]


def test_a_failure_repeated_forever_meets_every_stream() -> None:
    stage = Stage(steps="  - {raise: {internalFailureException: always}, repeat: forever}\n", begin=False)
    assert stage.begin() == stage.resume() == ["internalFailureException: always"]


# ---- resume


def test_cursor_and_audio_clock_go_on_over_a_pause() -> None:
    stage = Stage(steps=say("A") + say("B", "at: 3s"), roles={})
    stage.silence(0.4)
    assert stage.close() == []
    stage.roles = ROLES
    assert stage.resume() == []
    assert stage.silence(4.0) == ["0.000-1.000 A [ch_0]", "3.000-4.000 B [ch_0]"]


def test_a_players_own_clock_begins_where_it_does_and_offsets_stay_session_wide() -> None:
    first = Stage(steps=say("A"))
    first.silence(2.0)
    (scenario,) = parse(f"scenario: again\nmatch: {{attempt: 2}}\nsteps:\n{say('B', 'at: 1s')}", "t")
    first.player = ScenarioPlayer(scenario, random.Random(1))
    first.resume()
    assert first.silence(2.0) == ["3.000-4.000 B"]


# ---- before the stream


def faults(stage: Stage, attempt: int = 1) -> list[str]:
    return [fault.name for fault in stage.player.leading_faults(attempt)]


def test_leading_faults_without_a_trigger_come_before_the_response() -> None:
    crc, reset = "  - fault: {wrong_message_crc: {}}\n", "  - fault: {reset: {}}\n"
    stage = Stage(steps=crc + reset + crc + snapshot(1), begin=False)
    assert faults(stage) == ["wrong_message_crc", "reset"]
    assert faults(stage) == ["wrong_message_crc"]  # the next attempt
    assert faults(stage) == []
    assert stage.begin() == [sent(1)]
    assert stage.statuses == [FINISHED] * 4
    assert [each.fired for each in stage.player.report()] == [1, 1, 1, 1]


def test_a_leading_fault_with_a_trigger_is_a_step_like_any_other() -> None:
    stage = Stage(steps="  - {fault: {reset: {}}, at: 1s}\n", begin=False)
    assert faults(stage) == []
    stage.begin()
    assert stage.silence(1.0) == ["fault reset"]


def test_leading_faults_repeat() -> None:
    stage = Stage(steps="  - {fault: {reset: {}}, repeat: 2}\n" + snapshot(1), begin=False)
    assert [faults(stage) for _ in range(3)] == [["reset"], ["reset"], []]
    stage = Stage(steps="  - {fault: {wrong_message_crc: {}}, repeat: 2}\n", begin=False)
    assert faults(stage) == ["wrong_message_crc"] * 2
    stage = Stage(steps="  - {fault: {reset: {}}, repeat: forever}\n", begin=False)
    assert [faults(stage) for _ in range(3)] == [["reset"]] * 3


def test_a_leading_fault_that_names_an_attempt_waits_for_it() -> None:
    second, third = "  - fault: {reset: {attempt: 2}}\n", "  - fault: {http_error: {attempt: 3}}\n"
    crc = "  - fault: {wrong_message_crc: {}}\n"
    stage = Stage(steps=second + crc + third + crc + say("A"), begin=False)
    assert faults(stage, 1) == ["wrong_message_crc"] * 2
    stage.begin()
    assert stage.silence(1.0) == ["0.000-1.000 A"]
    assert stage.statuses == [WAITING, FINISHED, WAITING, FINISHED, FINISHED]
    assert faults(stage, 2) == ["reset"]
    assert faults(stage, 3) == ["http_error"]
    assert faults(stage, 3) == faults(stage, 4) == []
    assert stage.statuses == [FINISHED] * 5


def test_a_fault_that_ends_one_attempt_leaves_the_next_fault_to_another() -> None:
    steps = "  - fault: {http_error: {attempt: 1}}\n  - fault: {reset: {}}\n"
    stage = Stage(steps=steps, begin=False)
    assert [faults(stage, attempt) for attempt in (1, 2, 3)] == [["http_error"], ["reset"], []]


def test_leading_faults_that_nobody_asked_for_are_steps() -> None:
    stage = Stage(steps="  - fault: {wrong_message_crc: {}}\n  - fault: {reset: {attempt: 2}}\n" + snapshot(1))
    assert stage.lines == ["fault wrong_message_crc", sent(1)]


def test_a_fault_after_the_session_has_begun_is_not_leading() -> None:
    stage = Stage(steps=say("A") + "  - fault: {reset: {}}\n")
    assert faults(stage) == []


# ---- chance


def test_the_seed_decides_ids_and_revisions() -> None:
    text = "scenario: s\nsteps: [{say: one two three four five six seven eight nine ten}]"

    def play(seed: int) -> list[object]:
        stage = Stage(text, seed=seed)
        stage.silence(5.0)
        return list(stage.intents)

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_values_made_without_a_script_play_too() -> None:
    steps = (Step(verb=Send(member="checklistEvent", content={}), trigger=OnIdle(time_us=1)), Step(verb=Say(text="A")))
    player = ScenarioPlayer(Scenario(name="s", steps=steps), random.Random(1))
    assert player.begin({}, Moment(0, 0)) == []
    assert len(player.tick(Moment(0, 1))) == 1

"""What is said when nobody wrote a scenario."""

import random
import re
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from mockscribe.scenario.echo import LONGEST_US, PAUSE_US, AudioEcho, scenario_from_context
from mockscribe.scenario.moment import Moment
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.service.events import TranscriptSegment
from mockscribe.session.audio import SILENCE_PEAK
from tests.stage import ROLES, Stage, hush, pcm, tone

RECORDINGS = Path(__file__).parents[3] / "fixtures" / "recordings"


def segments(stage: Stage) -> list[TranscriptSegment]:
    return [each for each in stage.intents if isinstance(each, TranscriptSegment)]


def finals(stage: Stage) -> list[TranscriptSegment]:
    return [each for each in segments(stage) if not each.is_partial]


# ---- the audio


def test_pure_silence_yields_nothing() -> None:
    stage = Stage()
    assert stage.silence(30.0, cut=3200) + stage.end_of_session() == []
    assert stage.player.finished


@pytest.mark.parametrize("samples", [1, 7, 159, 160, 161, 4_000, 40_000])
def test_a_sound_of_any_length_yields_at_least_one_final(samples: int) -> None:
    for finish in ("end_of_session", "close"):
        stage = Stage()
        stage.feed(pcm([0.5] * samples))
        getattr(stage, finish)()
        (final,) = finals(stage)
        assert (final.begin_us, final.end_us) == (0, samples * 1_000_000 // 16_000)


def test_noise_and_loudness_in_words() -> None:
    rng = random.Random(7)
    stage = Stage()
    stage.feed(pcm([rng.uniform(-0.2, 0.2) for _ in range(16_000)]))
    stage.end_of_session()
    # uniform noise has an RMS of its peak / √3: 20 · log10(0.2 / √3) = -18.75 dBFS
    assert finals(stage)[0].content == "1.00 seconds of sound at -19 dBFS on channel 0."
    stage = Stage()
    stage.feed(pcm(tone(2.5, level=1.0)))
    stage.end_of_session()
    assert finals(stage)[0].content == "2.50 seconds of sound at -0 dBFS on channel 0."


def test_a_segment_ends_at_a_pause_and_offsets_are_exact_to_the_sample() -> None:
    stage = Stage()
    stage.feed(pcm(hush(0.0123125) + tone(0.4000625) + hush(0.6) + tone(0.1) + hush(0.2) + tone(0.1) + hush(1.0)))
    first, second = finals(stage)
    assert (first.begin_us, first.end_us) == (12_312, 412_375)
    assert (second.begin_us, second.end_us) == (1_012_375, 1_412_375)  # 0.2 s are no pause
    assert stage.end_of_session() == []


def test_a_final_leaves_when_the_pause_has_lasted() -> None:
    stage = Stage()
    stage.tone(0.2)
    assert stage.silence(PAUSE_US / 1e6 - 0.01) == []  # and no partial either: nothing has grown
    assert len(stage.silence(0.01)) == 1


def test_a_pause_that_ends_within_a_block_is_a_pause() -> None:
    # sound ends 9 ms into a block and begins again 508 ms later: no block of 10 ms shows 500 ms of silence at its end
    audio = pcm(hush(0.001) + tone(0.008) + hush(0.500) + tone(0.1))
    for cut in (None, 32, 500):
        stage = Stage()
        stage.feed(audio, cut=cut)
        stage.end_of_session()
        assert [(each.begin_us, each.end_us) for each in finals(stage)] == [(1_000, 9_000), (509_000, 609_000)]


def test_partials_grow_while_sound_arrives() -> None:
    stage = Stage(partial_us=250_000)
    lines = [stage.tone(0.05) for _ in range(20)]
    assert [index for index, said in enumerate(lines) if said] == [4, 9, 14, 19]
    ends = [each.end_us for each in segments(stage)]
    assert ends == [250_000, 500_000, 750_000, 1_000_000]
    assert all(each.is_partial for each in segments(stage))
    (final,) = (stage.end_of_session(), *finals(stage))[1:]
    assert {each.segment_id for each in segments(stage)} == {final.segment_id}
    assert {each.begin_us for each in segments(stage)} == {0}


def test_a_sound_without_a_pause_is_cut_in_the_end() -> None:
    stage = Stage(rate=8_000)
    stage.tone(LONGEST_US / 1e6 + 1.0)
    stage.end_of_session()
    assert [(each.begin_us, each.end_us) for each in finals(stage)] == [
        (0, LONGEST_US),
        (LONGEST_US, LONGEST_US + 1_000_000),
    ]


def test_channels_speak_for_themselves() -> None:
    stage = Stage(channels=2, roles=ROLES)
    stage.feed(pcm(tone(1.0) + hush(1.0), hush(0.5) + tone(1.0) + hush(0.5)))
    stage.end_of_session()
    assert stage.finals == [
        "0.000-1.000 1.00 seconds of sound at -6 dBFS on channel 0. [ch_0]",
        "0.500-1.500 1.00 seconds of sound at -6 dBFS on channel 1. [ch_1]",
    ]


def test_without_definitions_there_is_no_channel_id() -> None:
    stage = Stage()
    stage.tone(0.1)
    stage.end_of_session()
    assert finals(stage)[0].channel_id is None


@pytest.mark.parametrize("cut", [2, 14, 320, 1_000, 32_000])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_the_cut_of_the_audio_changes_nothing(cut: int, rate: int) -> None:
    audio = pcm(hush(0.003, rate=rate) + tone(0.35, rate=rate) + hush(0.505, rate=rate) + tone(0.02, rate=rate))
    whole, parts = Stage(rate=rate), Stage(rate=rate)
    whole.feed(audio)
    parts.feed(audio, cut=cut)
    whole.end_of_session()
    parts.end_of_session()
    assert parts.intents == whole.intents
    assert len(finals(whole)) == 2


def test_a_silent_half_of_a_block_belongs_to_it() -> None:
    stage = Stage()
    stage.feed(pcm(hush(0.0025)))
    stage.feed(pcm(tone(0.0025)))
    stage.feed(pcm(hush(0.005)))
    stage.end_of_session()
    (final,) = finals(stage)
    assert (final.begin_us, final.end_us) == (2_500, 5_000)
    assert re.search(r"at -12 dBFS", final.content)  # a quarter of the block: -6.0 dB - 6.0 dB


def test_a_pause_of_the_client_ends_what_is_open() -> None:
    stage = Stage()
    stage.tone(0.405)
    assert len(stage.close()) == 1
    stage.resume()
    stage.tone(0.1)
    stage.end_of_session()
    first, second = finals(stage)
    assert (second.begin_us, second.end_us) == (405_000, 505_000)
    assert first.segment_id != second.segment_id


def test_segment_ids_can_be_given() -> None:
    ids = iter(["seg-1", "seg-2"])
    stage = Stage(next_segment_id=lambda: next(ids))
    stage.feed(pcm(tone(0.1) + hush(0.6) + tone(0.1)))
    stage.end_of_session()
    assert [each.segment_id for each in finals(stage)] == ["seg-1", "seg-2"]


def test_an_echo_waits_for_no_time_and_has_no_steps() -> None:
    echo = AudioEcho(random.Random(1), 16_000)
    assert echo.needs_levels
    assert echo.leading_faults(1) == ()
    assert echo.begin({}, Moment(0, 0)) == ()
    assert echo.tick(Moment(0, 10**9)) == ()
    assert echo.next_deadline() is None
    assert echo.report() == ()
    assert not echo.finished


# ---- the context


def test_the_context_is_spoken_line_by_line_paced_by_the_audio() -> None:
    scenario = scenario_from_context("Patient has a cough.\n\n   No fever.  \r\n")
    stage = Stage(player=ScenarioPlayer(scenario, random.Random(1)))
    assert stage.lines == []
    stage.silence(1.0)
    assert stage.finals == []
    stage.silence(3.0)
    assert stage.finals == ["0.300-1.900 Patient has a cough.", "2.200-3.000 No fever."]
    assert len(stage.lines) > 2


def test_lines_that_the_audio_did_not_reach_are_not_expected() -> None:
    scenario = scenario_from_context("One.\nTwo.")
    assert all(step.optional for step in scenario.steps)
    stage = Stage(player=ScenarioPlayer(scenario, random.Random(1)))
    stage.silence(0.5)
    stage.end_of_session()
    assert stage.finals == ["0.300-0.500 One."]
    assert stage.player.finished


# ---- recordings


def heard_in(path: Path) -> list[tuple[int, int, str | None]]:
    """What an echo says was heard in a recording, sent in pieces of 3,000 bytes."""
    wav = path.suffix == ".wav"
    with wave.open(str(path.with_suffix(".wav"))) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        data = file.readframes(file.getnframes()) if wav else path.read_bytes()
    stage = Stage(rate=rate, channels=channels, roles=ROLES, encoding="pcm" if wav else "flac")
    stage.feed(data, cut=3_000)
    stage.end_of_session()
    return sorted((each.begin_us, each.end_us, each.channel_id) for each in finals(stage))


def sounding(path: Path) -> list[tuple[int, int, str | None]]:
    """The same by looking at the samples."""
    with wave.open(str(path)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = array("h", file.readframes(file.getnframes()))
    found = []
    for channel in range(channels):
        at = [index for index, each in enumerate(samples[channel::channels]) if abs(each) > SILENCE_PEAK]
        starts = [
            here for before, here in pairwise([-rate, *at]) if (here - before - 1) * 1_000_000 // rate >= PAUSE_US
        ]
        ends = (
            [before for before, here in pairwise([*at, at[-1] + rate]) if here in starts or here > at[-1]] if at else []
        )
        found += [
            (start * 1_000_000 // rate, (end + 1) * 1_000_000 // rate, f"ch_{channel}")
            for start, end in zip(starts, ends, strict=True)
        ]
    return sorted(found)


@pytest.mark.parametrize("name", ["silence", "tone", "visit-mono", "visit-stereo"])
def test_speech_a_tone_and_silence_as_recorded(name: str) -> None:
    path = RECORDINGS / f"{name}.wav"
    segments_heard = heard_in(path)
    assert segments_heard == sounding(path)
    assert segments_heard == heard_in(path.with_suffix(".flac"))
    assert bool(segments_heard) is (name != "silence")

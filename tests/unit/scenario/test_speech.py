"""A line as partials and a final."""

import random
from itertools import pairwise

import pytest

from mockscribe.scenario.model import EveryInterval, EveryWord, NoPartials, Say
from mockscribe.scenario.speech import WORD_US, Utterance, _guess, duration_us, utterances

LINE = "How have you been since the surgery, Mrs. Meadow?"


def partials(say: Say, seed: int = 1) -> list[Utterance]:
    return [each for each in utterances(say, random.Random(seed)) if each.is_partial]


def test_a_line_takes_what_the_script_says_or_so_much_a_word() -> None:
    assert duration_us(Say(text=LINE)) == 9 * WORD_US
    assert duration_us(Say(text=" ")) == WORD_US
    assert duration_us(Say(text=LINE, takes_us=0)) == 0


@pytest.mark.parametrize("how", [EveryWord(), NoPartials(), EveryInterval(audio_us=70_000)])
@pytest.mark.parametrize("seed", range(20))
def test_partials_grow_and_the_final_is_the_line_exactly(how: object, seed: int) -> None:
    say = Say(text=LINE, takes_us=3_000_000, partials=how)  # type: ignore[arg-type]
    *growing, final = utterances(say, random.Random(seed))
    assert final == Utterance(3_000_000, LINE, False)
    assert all(each.is_partial for each in growing)
    counts = [len(each.text.split()) for each in growing]
    assert counts == sorted(counts)
    ends = [each.end_us for each in growing]
    assert all(first < second for first, second in pairwise([0, *ends, 3_000_000]))
    for each in growing:  # all but the newest word are as they were said
        words = each.text.split()
        assert words[:-1] == LINE.split()[: len(words) - 1]


def test_a_partial_for_each_word() -> None:
    assert len(partials(Say(text=LINE))) == 9


def test_a_partial_for_each_interval_once_a_word_was_heard() -> None:
    say = Say(text="Extraordinary weather", takes_us=1_000_000, partials=EveryInterval(audio_us=100_000))
    assert [each.end_us for each in partials(say)] == [700_000, 800_000, 900_000]  # 14 of 23 letters end at 609 ms


def test_none_means_none() -> None:
    assert partials(Say(text=LINE, partials=NoPartials())) == []
    assert partials(Say(text="  ")) == []


def test_words_are_misheard_and_full_stops_come_and_go() -> None:
    texts = [each.text for seed in range(200) for each in partials(Say(text=LINE), seed)]
    prefixes = {" ".join(LINE.split()[: n + 1]) for n in range(9)}
    stopped = [text for text in texts if text.endswith(".") and text not in prefixes]
    bare = {text.rstrip(".,?") for text in prefixes}
    misheard = [text for text in texts if text.rstrip(".,?") not in bare]
    assert 0.05 < len(stopped) / len(texts) < 0.25
    assert 0.1 < len(misheard) / len(texts) < 0.3


class Loaded(random.Random):
    """A generator that answers what it was given."""

    def __init__(self, *values: float) -> None:
        super().__init__(0)
        self._values = list(values)

    def random(self) -> float:
        return self._values.pop(0) if self._values else super().random()


@pytest.mark.parametrize(
    ("words", "complete", "draws", "text"),
    [
        (["much", "better,"], False, (0.9, 0.9), "much better"),
        (["thank", "you."], True, (0.9, 0.9), "thank you."),
        (["much", "better,"], False, (0.9, 0.0), "much better."),
        (["thank", "you?"], True, (0.9, 0.0), "thank you?"),
        (["hmm", "..."], False, (0.9, 0.9), "hmm ..."),
        (["the", "surgery,"], False, (0.0, 0.9, 0.9), "the surg"),
        (["x", "pst"], True, (0.0, 0.9), "x ps"),
    ],
)
def test_a_guess(words: list[str], complete: bool, draws: tuple[float, ...], text: str) -> None:
    assert _guess(words, complete, Loaded(*draws)) == text


def test_a_misheard_vowel_is_another_vowel() -> None:
    heard = {_guess(["no"], False, Loaded(0.0, 0.9)) for _ in range(50)}
    assert heard <= {"na", "ne", "ni", "nu"}
    assert heard

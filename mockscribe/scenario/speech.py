"""A line of text → the partials and the final that a recogniser would give while it is spoken. Pure.

The shape imitates recorded traffic (REC): one begin, an end that grows, text that grows word by word and is re-guessed
now and then (the newest word misheard, a full stop that comes and goes), a final with the right text.
"""

from __future__ import annotations

import random
from itertools import accumulate

import msgspec

from mockscribe.scenario.model import EveryInterval, NoPartials, Say

WORD_US = 400_000
"""How long a word takes when the script does not say: 150 words a minute, common for conversation; own choice."""

MISHEARD = 0.2
"""How often the newest word of a partial is misheard; own choice (REC: a few per sentence)."""

EARLY_STOP = 0.15
"""How often a partial ends with a full stop that vanishes again; own choice."""


class Utterance(msgspec.Struct, frozen=True):
    """What is known once `end_us` of audio (from the line's begin) have been heard."""

    end_us: int
    text: str
    is_partial: bool


def duration_us(say: Say) -> int:
    """How long the line takes."""
    return say.takes_us if say.takes_us is not None else WORD_US * max(1, len(say.text.split()))


def utterances(say: Say, rng: random.Random) -> tuple[Utterance, ...]:
    """The partials in order, and the final last; the final's text is the line exactly."""
    takes = duration_us(say)
    final = Utterance(takes, say.text, False)
    words = say.text.split()
    if not words or isinstance(say.partials, NoPartials):
        return (final,)
    lengths = list(accumulate(len(word) + 1 for word in words))
    ends = [takes * length // (lengths[-1] + 1) for length in lengths]  # the last word ends before the line does
    moments = ends
    if isinstance(say.partials, EveryInterval):
        moments = list(range(say.partials.audio_us, takes, say.partials.audio_us))
    partials = []
    for moment in moments:
        heard = sum(end <= moment for end in ends)
        if heard:
            partials.append(Utterance(moment, _guess(words[:heard], heard == len(words), rng), True))
    return (*partials, final)


def _guess(words: list[str], complete: bool, rng: random.Random) -> str:
    """The text of a partial."""
    misheard, early_stop = rng.random() < MISHEARD, rng.random() < EARLY_STOP
    newest = words[-1].rstrip(".,;:!?") or words[-1]
    if misheard:
        newest = _mishear(newest, rng)
    elif complete:
        newest = words[-1]
    text = " ".join((*words[:-1], newest))
    return f"{text}." if early_stop and not text.endswith((".", "!", "?")) else text


def _mishear(word: str, rng: random.Random) -> str:
    """Another word that sounds a little like it: a vowel moved, or the end swallowed."""
    vowels = [at for at, letter in enumerate(word) if letter in "aeiou"]
    if vowels and (len(word) < 4 or rng.random() < 0.5):
        at = rng.choice(vowels)
        other = rng.choice([vowel for vowel in "aeiou" if vowel != word[at]])
        return word[:at] + other + word[at + 1 :]
    return word[: max(1, len(word) * 2 // 3)]

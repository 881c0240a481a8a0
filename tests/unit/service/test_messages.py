"""The texts: each can be said and replaced, and a replacement that cannot be said is refused beforehand."""

import string

import pytest

from mockscribe.errors import ConfigError
from mockscribe.service.messages import MESSAGES, NOT_PUBLIC, check, message


@pytest.mark.parametrize("key", MESSAGES)
def test_every_text_has_its_values_and_no_others(key: str) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(MESSAGES[key].text) if name is not None}
    assert names <= set(MESSAGES[key].values)
    text = message(key, **{name: f"<{name}>" for name in MESSAGES[key].values})
    assert all(f"<{name}>" in text for name in names)
    assert "{" not in text
    check({key: MESSAGES[key].text})


def test_the_words_of_transcribe() -> None:
    assert message("idle_timeout", seconds=15) == (
        "Your request timed out because no new audio was received for 15 seconds."
    )
    assert message("chunk_too_big", size=1, limit=2) == (
        "Your stream is too big. Reduce the frame size and try your request again."
    )
    assert message("missing_empty_frame") == "A complete signal was sent without the preceding empty frame."
    for key in ("idle_timeout", "chunk_too_big", "missing_empty_frame", "signature_expired", "second_stream"):
        assert MESSAGES[key].source != NOT_PUBLIC


def test_a_text_can_be_replaced() -> None:
    overrides = {"idle_timeout": "No audio for {seconds} s: {{}}", "missing_empty_frame": ""}
    check(overrides)
    assert message("idle_timeout", overrides, seconds=3) == "No audio for 3 s: {}"
    assert message("missing_empty_frame", overrides) == ""
    assert message("second_stream", overrides) == MESSAGES["second_stream"].text


def test_a_value_with_braces_is_said_as_it_is() -> None:
    assert message("unexpected_event", reason="{seconds}") == "{seconds}"


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("idle", "x", "there is no such text; the keys are idle_timeout, chunk_too_big"),
        ("idle_timeout", "{second}", "may have {seconds}, and nothing else in braces"),
        ("idle_timeout", "{seconds:d}", "may have {seconds}, and nothing else in braces"),
        ("idle_timeout", "{seconds!r}", "may have {seconds}, and nothing else in braces"),
        ("idle_timeout", "{seconds.real}", "may have {seconds}, and nothing else in braces"),
        ("idle_timeout", "{}", "may have {seconds}, and nothing else in braces"),
        ("missing_empty_frame", "{x}", "may have no placeholder, and nothing else in braces"),
        ("bad_frame", "{offset} {x}", "may have {offset}, {reason}, and nothing else in braces"),
        ("idle_timeout", "{seconds", "is no template: expected '}' before end of string; write {{ and }} for braces"),
    ],
)
def test_a_replacement_that_cannot_be_said_is_refused(key: str, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check({key: text})
    assert caught.value.source == f"messages: {key}"
    assert reason in caught.value.message

"""The two tables: what is legal, and that all else is refused with what would have been legal."""

import itertools

import pytest

from mockscribe.errors import SequenceError
from mockscribe.session.lifecycle import SESSION_TABLE, TABLE, Event, Input, Status, Turn, follow, takes_audio, turn


@pytest.mark.parametrize(("state", "event"), list(itertools.product(Input, Event)))
def test_everything_absent_from_the_table_is_refused(state: Input, event: Event) -> None:
    if (state, event) in TABLE:
        assert follow(state, event) is TABLE[state, event]
    else:
        with pytest.raises(SequenceError) as caught:
            follow(state, event)
        assert caught.value.state == state.value
        assert event.value in str(caught.value)


def test_a_visit_as_documented() -> None:
    state = Input.FRESH
    for event in (Event.CONFIGURATION, Event.AUDIO, Event.AUDIO, Event.END_OF_SESSION, Event.EMPTY_FRAME):
        state = follow(state, event)
    assert state is Input.COMPLETE


def test_the_first_event_must_be_the_configuration() -> None:
    with pytest.raises(SequenceError) as caught:
        follow(Input.FRESH, Event.AUDIO)
    assert caught.value.legal == ("configurationEvent",)
    assert str(caught.value) == (
        "an audio event is not allowed before the configurationEvent; expected configurationEvent."
    )


def test_after_the_empty_frame_nothing_is_legal() -> None:
    with pytest.raises(SequenceError, match="expected nothing more"):
        follow(Input.COMPLETE, Event.AUDIO)


def test_a_session_pauses_resumes_and_completes() -> None:
    status = Status.NEW
    for event in (Turn.CONFIGURED, Turn.LEFT, Turn.CONFIGURED, Turn.ENDED, Turn.LEFT):
        status = turn(status, event)
    assert status is Status.COMPLETED


def test_a_completed_session_takes_no_configuration() -> None:
    assert (Status.COMPLETED, Turn.CONFIGURED) not in SESSION_TABLE
    with pytest.raises(KeyError):
        turn(Status.COMPLETED, Turn.CONFIGURED)


def test_audio_changes_nothing_where_it_is_legal() -> None:
    assert [state for state in Input if takes_audio(state)] == [Input.OPEN]
    assert [state for state in Input if (state, Event.AUDIO) in TABLE] == [Input.OPEN]

"""Sequences of events over the wire, stream after stream, against the tables of `session/lifecycle.py`."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mockscribe.session.lifecycle import SESSION_TABLE, TABLE, Event, Input, Status, Turn
from tests.wire import (
    EMPTY_FRAME,
    END_OF_SESSION,
    SESSION_ID,
    Wire,
    audio,
    base64_audio,
    configuration,
    envelope,
    event,
    silence,
)

MESSAGES = {
    Event.CONFIGURATION: [configuration()],
    Event.AUDIO: [audio(silence(0.1)), base64_audio(silence(0.1))],
    Event.END_OF_SESSION: [END_OF_SESSION],
    Event.NOTHING: [event("sessionControlEvent", b"{}")],
}


class Visits(RuleBasedStateMachine):
    """One session: its streams one after another, each with events in any order."""

    def __init__(self) -> None:
        super().__init__()
        # `wait`: else the stream is over at END_OF_SESSION, and nothing can come after it
        self.wire = Wire(after_end_of_session="wait", idle_timeout_seconds=0)
        self.status = Status.NEW
        self.heard = 0.0
        self.begin()

    def begin(self) -> None:
        self.stream = self.wire.open()
        self.answer = self.wire.answers[self.stream]
        self.state = Input.FRESH
        self.open = True

    def leave(self) -> None:
        self.open = False
        self.status = SESSION_TABLE[self.status, Turn.LEFT]

    @precondition(lambda self: self.open)
    @rule(sent=st.sampled_from(Event), form=st.integers(0, 1), signed=st.booleans(), cut=st.integers(1, 200))
    def send(self, sent: Event, form: int, signed: bool, cut: int) -> None:
        if sent is Event.EMPTY_FRAME:
            message = EMPTY_FRAME
        else:
            forms = MESSAGES[sent]
            message = forms[form % len(forms)]
            message = envelope(message) if signed else message
        self.wire.send(self.stream, message, chunk=cut)
        before, after = self.state, TABLE.get((self.state, sent))
        if after is None:
            kind, text = self.answer.exception or ("", "")
            assert kind == "validationException"
            assert sent.value in text
            assert before.value in text
            for at, legal in TABLE:
                assert at is not before or legal is Event.NOTHING or legal.value in text
            assert self.answer.ended
            self.leave()
            return
        assert self.answer.exception is None
        assert not self.answer.ended
        self.state = after
        if sent is Event.CONFIGURATION:
            self.status = SESSION_TABLE[self.status, Turn.CONFIGURED]
        elif sent is Event.END_OF_SESSION:
            self.status = SESSION_TABLE[self.status, Turn.ENDED]
        elif sent is Event.AUDIO:
            self.heard += 0.1

    @precondition(lambda self: self.open)
    @rule()
    def close(self) -> None:
        self.wire.end(self.stream)
        assert self.answer.ended
        assert (self.answer.exception is not None) == (self.state is Input.FRESH)
        self.leave()

    @precondition(lambda self: self.open)
    @rule()
    def reset(self) -> None:
        self.wire.reset(self.stream)
        self.leave()

    @precondition(lambda self: not self.open)
    @rule()
    def come_again(self) -> None:
        if self.status is Status.COMPLETED:
            refused = self.wire.visit_refused()
            assert (refused.status, refused.headers["x-amzn-errortype"]) == (400, "ValidationException")
        else:
            self.begin()

    @rule(seconds=st.floats(0, 1000))
    def wait(self, seconds: float) -> None:
        self.wire.advance(seconds)

    @invariant()
    def the_account_knows(self) -> None:
        account = self.wire.account
        session = account.sessions[SESSION_ID]
        assert session.status is self.status
        assert len(account.live) == self.open
        assert abs((session.audio.seconds if session.audio else 0.0) - self.heard) < 1e-6


Visits.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestVisits = Visits.TestCase

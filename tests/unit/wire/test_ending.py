"""The end of a connection: half-close, linger, abort."""

import pytest

from mockscribe.wire.ending import LINGER_SECONDS, Ending
from mockscribe.wire.exchange import Closing


def test_a_connection_is_born_open() -> None:
    ending = Ending()
    ending.tick(5.0)
    assert not ending.begun
    assert not ending.aborted
    assert ending.announce() is None
    assert ending.deadline(5.0) is None


def test_a_half_close_lingers_and_then_aborts() -> None:
    ending = Ending()
    ending.begin(Closing.EOF)
    assert ending.begun
    assert ending.announce() is Closing.EOF
    assert ending.announce() is None
    assert ending.deadline(10.0) == 10.0
    assert not ending.aborted
    ending.tick(10.0)
    assert ending.deadline(10.0) == 10.0 + LINGER_SECONDS
    ending.tick(10.5)
    assert ending.deadline(10.5) == 10.0 + LINGER_SECONDS
    assert ending.announce() is None
    ending.tick(10.0 + LINGER_SECONDS)
    assert ending.aborted
    assert ending.announce() is Closing.ABORT
    assert ending.announce() is None
    assert ending.deadline(20.0) is None


def test_a_client_that_closes_too_ends_the_linger() -> None:
    ending = Ending()
    ending.begin(Closing.EOF)
    ending.announce()
    ending.receive_eof()
    assert ending.announce() is Closing.ABORT


def test_nothing_overrides_an_abort() -> None:
    ending = Ending()
    ending.begin(Closing.ABORT)
    ending.begin(Closing.EOF)
    assert ending.announce() is Closing.ABORT
    ending.tick(1.0)
    assert ending.deadline(1.0) is None


def test_an_end_that_is_delayed_is_announced_late_and_lingers_then() -> None:
    ending = Ending()
    ending.delay_seconds = 5.0
    assert ending.announce() is None
    assert ending.deadline(10.0) is None
    ending.begin(Closing.EOF)
    assert ending.announce() is None
    assert ending.deadline(10.0) == 10.0
    ending.tick(10.0)
    assert ending.deadline(10.0) == 15.0
    ending.tick(14.9)
    assert ending.announce() is None
    ending.tick(15.0)
    assert ending.announce() is Closing.EOF
    ending.tick(15.0)
    assert ending.deadline(15.0) == 15.0 + LINGER_SECONDS


@pytest.mark.parametrize("closing", [Closing.ABORT, Closing.RESET])
def test_what_is_not_in_order_is_not_delayed_and_not_overridden(closing: Closing) -> None:
    ending = Ending()
    ending.delay_seconds = 5.0
    ending.begin(closing)
    ending.begin(Closing.EOF)
    assert ending.aborted
    assert ending.announce() is closing
    ending.tick(10.0)
    assert ending.deadline(10.0) is None


def test_an_alert_lingers_as_a_half_close_does() -> None:
    ending = Ending()
    ending.begin(Closing.ALERT)
    assert ending.announce() is Closing.ALERT
    ending.tick(10.0)
    ending.tick(10.0 + LINGER_SECONDS)
    assert ending.announce() is Closing.ABORT


def test_our_half_closes_without_an_end() -> None:
    ending = Ending()
    ending.half_closing = True
    assert ending.announce() is Closing.EOF
    assert ending.half_closed
    assert not ending.begun
    assert ending.announce() is None
    assert ending.deadline(10.0) is None
    ending.receive_eof()
    assert ending.announce() is Closing.ABORT


def test_an_end_makes_a_half_close_needless() -> None:
    ending = Ending()
    ending.half_closing = True
    ending.begin(Closing.ABORT)
    assert ending.announce() is Closing.ABORT
    assert not ending.half_closed

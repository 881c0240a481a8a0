"""The end of a connection: half-close, linger, abort."""

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

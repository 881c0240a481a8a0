"""Mock time as a function of real time."""

import pytest

from mockscribe.clock import Clock


def test_real_time_passes_from_zero() -> None:
    clock = Clock("real", now=100.0)
    assert clock.time(100.0) == 0.0
    assert clock.time(101.5) == 1.5
    assert clock.real(2.0) == 102.0


def test_time_never_goes_back() -> None:
    assert Clock("real", now=100.0).time(99.0) == 0.0


def test_scaled_time_passes_faster() -> None:
    clock = Clock("x10", now=0.0)
    assert clock.time(2.0) == 20.0
    assert clock.real(30.0) == 3.0


def test_manual_time_stands_until_it_is_advanced() -> None:
    clock = Clock("manual", now=0.0)
    assert clock.time(1000.0) == 0.0
    assert clock.real(1.0) is None
    clock.advance(1800.0, now=5.0)
    assert clock.time(5.0) == 1800.0
    assert clock.real(1800.0) == 5.0


def test_advance_is_waiting_and_a_leap_is_not() -> None:
    clock = Clock("autojump", now=0.0)
    clock.advance(10.0, now=0.0)
    clock.leap(40.0, now=0.0)
    assert clock.time(0.0) == 40.0
    assert clock.waited(0.0) == 10.0
    assert clock.real_waited(15.0) == 5.0


def test_a_leap_backwards_is_none() -> None:
    clock = Clock("autojump", now=0.0)
    clock.leap(40.0, now=0.0)
    clock.leap(30.0, now=1.0)
    assert clock.time(1.0) == 41.0


@pytest.mark.parametrize("mode", ["manual", "x5", "autojump"])
def test_a_change_of_mode_keeps_the_time_that_it_is(mode: str) -> None:
    clock = Clock("real", now=0.0)
    clock.set_mode(mode, now=7.0)
    assert clock.time(7.0) == 7.0

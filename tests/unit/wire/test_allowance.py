"""A token bucket with time in the test's hand."""

from mockscribe.wire.allowance import Allowance


def spent(allowance: Allowance, now: float) -> int:
    """How many can be spent at one moment."""
    count = 0
    while allowance.spend(now):
        count += 1
    return count


def test_the_burst_can_be_spent_at_once_and_no_more() -> None:
    assert spent(Allowance(3, 1.0), 0.0) == 3


def test_it_is_refilled_at_its_rate() -> None:
    allowance = Allowance(3, 2.0)
    assert [allowance.spend(5.0) for _ in range(3)] == [True] * 3
    assert allowance.spend(5.5)
    assert not allowance.spend(5.5)


def test_it_never_holds_more_than_the_burst() -> None:
    allowance = Allowance(3, 1.0)
    assert allowance.spend(0.0)
    assert spent(allowance, 1e9) == 3


def test_who_goes_on_after_the_end_waits_longer() -> None:
    allowance = Allowance(1, 1.0)
    assert [allowance.spend(0.0) for _ in range(3)] == [True, False, False]
    assert not allowance.spend(2.5)
    assert allowance.spend(4.5)

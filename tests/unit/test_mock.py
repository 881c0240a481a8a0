"""The mock's state: accounts by their keys, and an account back to its start."""

from collections.abc import Sequence

from mockscribe.instant import Kept
from mockscribe.mock import DEFAULT_ACCOUNT
from mockscribe.scenario.script import parse
from mockscribe.service.resources import Subscription
from mockscribe.service.store import Row
from tests.wire import SESSION_ID, Wire, audio, configuration, silence

SUBSCRIPTION = Subscription(
    number=1, domain_id="hai-1", subscription_id="sub-1", arn="", created=0.0, updated=0.0, activated=0.0
)


class Keeper:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def rows(self, account: str) -> Sequence[Row]:
        return ()

    def clock(self, account: str) -> Kept | None:
        return None

    def keep(self, account: str, kind: str, key: str, data: bytes | None, clock: Kept) -> None:
        self.told.append(("keep", key))

    def keep_clock(self, account: str, clock: Kept) -> None:
        self.told.append(("clock", account))

    def forget(self, account: str) -> None:
        self.told.append(("forget", account))


def test_a_key_of_twelve_digits_is_an_account_and_any_other_is_the_default_one() -> None:
    mock = Wire().mock
    assert mock.account("111122223333", 0.0).id == "111122223333"
    others = ("test", "AKIDEXAMPLE", "", "1" * 11, "1" * 13, "١" * 12)
    assert {mock.account(key, 0.0).id for key in others} == {DEFAULT_ACCOUNT}
    assert mock.account("test", 0.0) is mock.account("other", 0.0)


def test_a_reset_takes_everything_but_numbers_go_on() -> None:
    wire = Wire()
    wire.account.scenarios.extend(parse("scenario: one\n", "test.yaml"))
    wire.account.store.put(SUBSCRIPTION)
    wire.account.set_clock_mode("manual", wire.now)
    wire.account.advance(100, wire.now)
    stream = wire.open()
    wire.send(stream, configuration(), audio(silence(0.1)))
    last = wire.account.journal.last_seq
    wire.mock.reset(wire.account.id, wire.now)
    wire.pump()
    account = wire.account
    assert wire.answers[stream].reset == 8
    assert (account.sessions, account.attempts, account.scenarios, account.uses, account.live) == (
        {},
        {},
        [],
        {},
        set(),
    )
    assert (account.clock.mode, account.clock.time(wire.now)) == ("real", 0.0)
    assert account.store.all(Subscription) == ()
    assert len(account.journal) == 0
    wire.visit(silence(0.1))
    assert account.sessions[SESSION_ID].scenario is None
    assert min(entry.seq for entry in account.journal) > last


def test_a_reset_is_one_accounts_alone() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    wire.mock.reset("111122223333", wire.now)
    assert list(wire.account.sessions) == [SESSION_ID]


def test_what_is_kept_elsewhere_is_forgotten_and_not_written_again() -> None:
    wire = Wire()
    keeper = wire.mock.keeper = Keeper()
    before = wire.mock.account("111122223333", wire.now)
    before.store.put(SUBSCRIPTION)
    assert keeper.told == [("keep", SUBSCRIPTION.key)]
    wire.mock.reset(before.id, wire.now)
    assert keeper.told[1:] == [("forget", before.id)]
    before.store.put(SUBSCRIPTION)  # by work that was under way
    assert keeper.told[1:] == [("forget", before.id)]
    wire.mock.account(before.id, wire.now).store.put(SUBSCRIPTION)
    assert keeper.told[2:] == [("keep", SUBSCRIPTION.key)]

"""Documented quotas and rates, in virtual time."""

import pytest

from mockscribe.config import Config
from mockscribe.errors import ServiceError
from mockscribe.service.model import service_model
from mockscribe.service.quotas import RATES, Rates, check_sessions
from tests.offline_client import connect, refused


def taken(rates: Rates, operation: str, time: float) -> bool:
    try:
        rates.check(operation, time)
    except ServiceError:
        return False
    return True


def test_a_rate_is_so_many_requests_a_second() -> None:
    rates = Rates()
    assert [taken(rates, "GetDomain", 0.0) for _ in range(6)] == [True] * 5 + [False]
    # a fifth of a second brings one request more
    assert [taken(rates, "GetDomain", 0.2) for _ in range(2)] == [True, False]
    # and a long pause no more than a second's worth
    assert [taken(rates, "GetDomain", 100.0) for _ in range(6)] == [True] * 5 + [False]


def test_a_request_over_the_rate_is_throttled() -> None:
    rates = Rates()
    rates.check("CreateDomain", 0.0)
    with pytest.raises(ServiceError, match="1 a second") as caught:
        rates.check("CreateDomain", 0.0)
    assert (caught.value.shape, caught.value.status) == ("ThrottlingException", 429)


def test_a_steady_client_at_the_rate_is_never_refused() -> None:
    rates = Rates()
    assert all(taken(rates, "GetDomain", number * 0.25) for number in range(1000))


def test_operations_do_not_share_their_rate() -> None:
    rates = Rates()
    assert taken(rates, "CreateDomain", 0.0)
    assert not taken(rates, "CreateDomain", 0.5)
    assert taken(rates, "DeleteDomain", 0.5)


def test_an_operation_without_a_public_rate_has_none() -> None:
    rates = Rates()
    assert all(taken(rates, "TagResource", 0.0) for _ in range(100))


def test_rates_are_of_operations_that_there_are() -> None:
    assert set(RATES) < set(service_model().operations)


def test_an_account_has_ten_domains() -> None:
    api, account = connect(Config(enforce_quotas=True))
    made = [api.create_domain(name="Clinic")["domainId"] for _ in range(10)]
    with refused("ServiceQuotaExceededException", 402, "10 domains"):
        api.create_domain(name="Clinic")
    api.delete_domain(domainId=made[0])
    with refused("ServiceQuotaExceededException", 402):
        api.create_domain(name="Clinic")
    account.time = 60.0
    assert api.create_domain(name="Clinic")["domainId"]


def test_no_quota_is_enforced_unasked() -> None:
    api, account = connect()
    for _ in range(11):
        api.create_domain(name="Clinic")
    account.sessions.live_sessions = 1000
    check_sessions(account.call())


@pytest.mark.parametrize(
    ("choice", "shape", "status"),
    [("quota", "ServiceQuotaExceededException", 402), ("throttling", "ThrottlingException", 429)],
)
def test_an_account_has_ten_live_sessions(choice: str, shape: str, status: int) -> None:
    _, account = connect(Config(enforce_quotas=True, session_quota_error=choice))  # type: ignore[arg-type]
    account.sessions.live_sessions = 9
    check_sessions(account.call())
    account.sessions.live_sessions = 10
    with pytest.raises(ServiceError, match="10") as caught:
        check_sessions(account.call())
    assert (caught.value.shape, caught.value.status) == (shape, status)

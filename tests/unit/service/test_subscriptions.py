"""Subscriptions through botocore, in virtual time."""

from typing import Any

import pytest

from mockscribe.config import Config
from mockscribe.errors import ServiceError
from mockscribe.service import subscriptions
from tests.offline_client import ACCOUNT, REGION, STARTED, Account, connect, refused

DOMAIN = "hai-0123456789abcdef"
SUBSCRIPTION = "sub-0123456789abcdefghijk"


def subscribed(config: Config | None = None) -> tuple[Any, Account, dict[str, str]]:
    """A client, its account, and the ids of a new subscription."""
    api, account = connect(config)
    domain_id = api.create_domain(name="Clinic")["domainId"]
    made = api.create_subscription(domainId=domain_id)
    return api, account, {"domainId": domain_id, "subscriptionId": made["subscriptionId"]}


def test_a_subscription_is_active_when_it_is_created() -> None:
    api, _, ids = subscribed()
    found = api.get_subscription(**ids)["subscription"]
    assert found["status"] == "ACTIVE"
    assert found["arn"] == (
        f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{ids['domainId']}/subscription/{ids['subscriptionId']}"
    )
    assert found["createdAt"] == found["lastUpdatedAt"] == found["activatedAt"]
    assert "deactivatedAt" not in found


def test_it_is_deactivated_and_activated_with_the_times_of_both() -> None:
    api, account, ids = subscribed()
    account.time = 5.0
    off = api.deactivate_subscription(**ids)["subscription"]
    assert (off["status"], off["deactivatedAt"].timestamp()) == ("INACTIVE", STARTED + 5)
    account.time = 9.0
    on = api.activate_subscription(**ids)["subscription"]
    assert on["status"] == "ACTIVE"
    assert [on[name].timestamp() - STARTED for name in ("createdAt", "lastUpdatedAt", "activatedAt")] == [0, 9, 9]
    assert api.get_subscription(**ids)["subscription"] == on


def test_a_repeated_activation_changes_nothing() -> None:
    api, account, ids = subscribed()
    account.time = 5.0
    assert api.activate_subscription(**ids)["subscription"]["lastUpdatedAt"].timestamp() == STARTED
    off = api.deactivate_subscription(**ids)["subscription"]
    account.time = 6.0
    assert api.deactivate_subscription(**ids)["subscription"] == off


def test_a_repeated_activation_can_be_refused() -> None:
    api, _, ids = subscribed(Config(repeated_activation="reject"))
    with refused("ValidationException", 400, "is ACTIVE already"):
        api.activate_subscription(**ids)
    api.deactivate_subscription(**ids)
    with refused("ValidationException", 400, "is INACTIVE already"):
        api.deactivate_subscription(**ids)


@pytest.mark.parametrize("operation", ["get_subscription", "activate_subscription", "deactivate_subscription"])
def test_a_subscription_that_was_not_created_cannot_be_shown_or_changed(operation: str) -> None:
    api, _ = connect()
    with refused("ResourceNotFoundException", 404, SUBSCRIPTION):
        getattr(api, operation)(domainId=DOMAIN, subscriptionId=SUBSCRIPTION)


def test_subscriptions_are_listed_within_their_domain() -> None:
    api, _, ids = subscribed()
    second = api.create_subscription(domainId=ids["domainId"])["subscriptionId"]
    api.create_subscription(domainId=DOMAIN)
    listed = api.list_subscriptions(domainId=ids["domainId"])["subscriptions"]
    assert [each["subscriptionId"] for each in listed] == [ids["subscriptionId"], second]


def test_a_domain_that_was_not_created_is_taken_as_existing() -> None:
    api, _ = connect()
    assert api.list_subscriptions(domainId=DOMAIN)["subscriptions"] == []
    made = api.create_subscription(domainId=DOMAIN)
    assert api.get_subscription(domainId=DOMAIN, subscriptionId=made["subscriptionId"])["subscription"]["arn"]


def test_it_is_refused_under_strict_resources() -> None:
    api, _ = connect(Config(strict_resources=True))
    with refused("ResourceNotFoundException", 404, DOMAIN):
        api.list_subscriptions(domainId=DOMAIN)
    with refused("ResourceNotFoundException", 404, DOMAIN):
        api.create_subscription(domainId=DOMAIN)


# ---- what a listening session asks


def test_a_session_may_use_an_active_subscription_and_an_unknown_one() -> None:
    _, account, ids = subscribed()
    found = subscriptions.usable(account.call(), ids)
    assert found is not None
    assert found.subscription_id == ids["subscriptionId"]
    assert subscriptions.usable(account.call(), {"domainId": DOMAIN, "subscriptionId": SUBSCRIPTION}) is None


def test_a_session_may_not_use_an_inactive_subscription() -> None:
    api, account, ids = subscribed()
    api.deactivate_subscription(**ids)
    with pytest.raises(ServiceError, match="is not active") as caught:
        subscriptions.usable(account.call(), ids)
    assert (caught.value.shape, caught.value.status) == ("ResourceNotFoundException", 404)
    assert subscriptions.existing(account.call(), ids) is not None


def test_a_session_may_not_use_an_unknown_subscription_under_strict_resources() -> None:
    _, account, ids = subscribed(Config(strict_resources=True))
    assert subscriptions.usable(account.call(), ids) is not None
    with pytest.raises(ServiceError, match=SUBSCRIPTION):
        subscriptions.usable(account.call(), {**ids, "subscriptionId": SUBSCRIPTION})

"""Resources that are there from the start."""

from typing import Any

import pytest
import yaml

from mockscribe.config import Config
from mockscribe.errors import ConfigError
from mockscribe.service import seeding
from tests.offline_client import ACCOUNT, connect

DOMAIN = "hai-0123456789abcdef"
SUBSCRIPTIONS = ["sub-0123456789abcdefghijk", "sub-abcdefghijk0123456789"]


def example() -> Any:
    """What the module's docstring shows."""
    assert seeding.__doc__ is not None
    text = "\n".join(line for line in seeding.__doc__.splitlines() if line.startswith("    "))
    return yaml.safe_load(text)


def test_seeded_domains_and_subscriptions_are_there_under_strict_resources() -> None:
    api, account = connect(Config(strict_resources=True))
    seeding.plant(account.store, seeding.parse("init.yaml", example()), ACCOUNT)
    found = api.get_domain(domainId=DOMAIN)
    assert (found["name"], found["tags"], found["status"]) == ("Clinic", {"team": "blue"}, "ACTIVE")
    assert found["arn"] == f"arn:aws:health-agent:us-west-2:{ACCOUNT}:domain/{DOMAIN}"
    listed = api.list_subscriptions(domainId=DOMAIN)["subscriptions"]
    assert [(each["subscriptionId"], each["status"]) for each in listed] == [
        (SUBSCRIPTIONS[0], "ACTIVE"),
        (SUBSCRIPTIONS[1], "INACTIVE"),
    ]
    assert listed[0]["arn"] == f"{found['arn']}/subscription/{SUBSCRIPTIONS[0]}"
    assert api.create_subscription(domainId=DOMAIN)["subscriptionId"] not in SUBSCRIPTIONS


def test_an_account_s_seeds_are_its_own() -> None:
    api, account = connect()
    seeding.plant(account.store, seeding.parse("init.yaml", example()), "000000000000")
    assert api.list_domains()["domains"] == []


def test_seeds_without_an_account_are_in_every_account() -> None:
    api, account = connect()
    seeds = seeding.parse("init.yaml", {"domains": [{"id": DOMAIN}]})
    seeding.plant(account.store, seeds, ACCOUNT)
    (domain,) = api.list_domains()["domains"]
    assert (domain["domainId"], domain["name"]) == (DOMAIN, DOMAIN)
    assert ":us-east-1:" in domain["arn"]


def test_what_is_there_already_stays_as_it_is() -> None:
    api, account = connect()
    seeds = seeding.parse("init.yaml", example())
    seeding.plant(account.store, seeds, ACCOUNT)
    api.deactivate_subscription(domainId=DOMAIN, subscriptionId=SUBSCRIPTIONS[0])
    api.delete_domain(domainId=DOMAIN)
    seeding.plant(account.store, seeds, ACCOUNT)
    assert api.get_domain(domainId=DOMAIN)["status"] == "DELETING"
    (first, _) = api.list_subscriptions(domainId=DOMAIN)["subscriptions"]
    assert first["status"] == "INACTIVE"


def test_an_empty_file_seeds_nothing() -> None:
    assert seeding.parse("init.yaml", None).domains == ()
    assert seeding.parse("init.yaml", {}).domains == ()


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("[]", "", "array"),
        ("domain: []", "", "unknown field"),
        ("domains: 1", "domains", "int"),
        ("domains: [{name: x}]", "domains[0]", "`id`"),
        ("domains: [{id: hai-1}]", "domains[0].id", "greater than or equal to 20"),
        (f"domains: [{{id: {DOMAIN}, account: 123456789012}}]", "domains[0].account", "write it in quotes"),
        (f"domains: [{{id: {DOMAIN}, account: '12'}}]", "domains[0].account", "regex"),
        (f"domains: [{{id: {DOMAIN}, region: 'US East'}}]", "domains[0].region", "regex"),
        (f"domains: [{{id: {DOMAIN}, name: ''}}]", "domains[0].name", "greater than or equal to 1"),
        (f"domains: [{{id: {DOMAIN}, tags: {{'': x}}}}]", "domains[0].tags", "keys"),
        (f"domains: [{{id: {DOMAIN}, subscriptions: [sub-1]}}]", "domains[0].subscriptions[0]", "25"),
        (f"domains: [{{id: {DOMAIN}, subscriptions: [{{id: sub-1}}]}}]", "domains[0].subscriptions[0].id", "25"),
        (
            f"domains: [{{id: {DOMAIN}, subscriptions: [{{id: {SUBSCRIPTIONS[0]}, status: DELETED}}]}}]",
            "domains[0].subscriptions[0].status",
            "Invalid enum value",
        ),
        (f"domains: [{{id: {DOMAIN}}}, {{id: {DOMAIN}, account: '123456789012'}}]", "domains[1].id", "there already"),
    ],
)
def test_errors_name_the_file_and_the_key(text: str, key: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        seeding.parse("init.yaml", yaml.safe_load(text))
    assert caught.value.source == ("init.yaml: " + key if key else "init.yaml")
    assert told in caught.value.message


def test_the_same_domain_may_be_in_two_accounts() -> None:
    each = [{"id": DOMAIN, "account": account} for account in ("000000000001", "000000000002")]
    assert len(seeding.parse("init.yaml", {"domains": each}).domains) == 2

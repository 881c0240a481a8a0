"""Pages of a list, through botocore and its paginators."""

import base64
from typing import Any

import pytest

from mockscribe.config import Config
from tests.offline_client import Account, connect, refused

DOMAIN = "hai-0123456789abcdef"
CONFIG = {"medicalCoding": {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}}


def filled(config: Config | None = None, count: int = 5) -> tuple[Any, Account, list[str]]:
    api, account = connect(config)
    return api, account, [api.create_domain(name=str(number))["domainId"] for number in range(count)]


def test_pages_come_in_the_order_of_creation() -> None:
    api, _, ids = filled()
    first = api.list_domains(maxResults=2)
    second = api.list_domains(maxResults=2, nextToken=first["nextToken"])
    third = api.list_domains(maxResults=2, nextToken=second["nextToken"])
    pages = [[each["domainId"] for each in page["domains"]] for page in (first, second, third)]
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    assert "nextToken" not in third


def test_the_last_page_may_be_full() -> None:
    api, _, _ = filled(count=2)
    assert "nextToken" not in api.list_domains(maxResults=2)


@pytest.mark.parametrize("operation", ["list_domains", "list_subscriptions", "list_datasets"])
def test_the_paginators_of_botocore_see_everything_once(operation: str) -> None:
    api, _, _ = filled()
    for number in range(5):
        api.create_subscription(domainId=DOMAIN)
        api.create_dataset(domainId=DOMAIN, name=str(number), config=CONFIG)
    arguments = {} if operation == "list_domains" else {"domainId": DOMAIN}
    pages = list(api.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 2}))
    key = {"list_domains": "domains", "list_subscriptions": "subscriptions", "list_datasets": "items"}[operation]
    assert [len(page[key]) for page in pages] == [2, 2, 1]
    assert len({each["arn"] for page in pages for each in page[key]}) == 5


def test_a_page_has_a_hundred_items_unless_asked_otherwise() -> None:
    api, _, _ = filled(count=101)
    assert len(api.list_domains()["domains"]) == 100


def test_the_newest_can_come_first() -> None:
    api, _, ids = filled(Config(list_order="newest-first"))
    first = api.list_domains(maxResults=3)
    rest = api.list_domains(nextToken=first["nextToken"])
    assert [each["domainId"] for page in (first, rest) for each in page["domains"]] == ids[::-1]


def test_a_token_holds_whatever_is_created_or_goes_in_between() -> None:
    api, account, ids = filled()
    token = api.list_domains(maxResults=2)["nextToken"]
    api.delete_domain(domainId=ids[1])
    api.delete_domain(domainId=ids[2])
    account.time = 60.0
    new = api.create_domain(name="New")["domainId"]
    assert [each["domainId"] for each in api.list_domains(nextToken=token)["domains"]] == [ids[3], ids[4], new]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "!",
        "AAAA",
        "é",
        base64.b64encode(b"domains:x").decode(),
        base64.b64encode(b"domains:1\n").decode(),
        "x" * 99,
    ],
)
def test_a_token_of_no_list_is_refused(token: str) -> None:
    api, _, _ = filled(count=1)
    with refused("ValidationException", 400, "nextToken"):
        api.list_domains(nextToken=token)


def test_a_token_of_another_list_is_refused() -> None:
    api, _, _ = filled()
    token = api.list_domains(maxResults=1)["nextToken"]
    with refused("ValidationException", 400, "nextToken"):
        api.list_subscriptions(domainId=DOMAIN, nextToken=token)


@pytest.mark.parametrize("size", [0, 101])
def test_a_page_size_out_of_range_is_refused(size: int) -> None:
    api, _ = connect(checks_parameters=False)
    with refused("ValidationException", 400, "maxResults"):
        api.list_domains(maxResults=size)

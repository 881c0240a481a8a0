"""Domains through botocore, in virtual time."""

import datetime
import json

import pytest

from mockscribe.config import Config
from tests.offline_client import ACCOUNT, REGION, STARTED, connect, refused

UNKNOWN = "hai-0123456789abcdef"


def test_a_domain_is_active_at_once_and_says_where_it_lives() -> None:
    api, account = connect()
    account.time = 12.3456
    made = api.create_domain(name="Clinic")
    domain_id = made["domainId"]
    assert len(domain_id) == 20
    assert made["arn"] == f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{domain_id}"
    assert (made["name"], made["status"]) == ("Clinic", "ACTIVE")
    assert made["encryptionContext"] == {"encryptionType": "AWS_OWNED_KEY"}
    assert made["createdAt"].timestamp() == STARTED + 12.346
    assert "webAppUrl" not in made
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["ResponseMetadata"]["RequestId"] == "the-request-id"
    # epoch seconds as a number, as the model says by saying nothing
    assert json.loads(account.last[2])["createdAt"] == STARTED + 12.346


def test_a_key_and_a_web_application_are_described() -> None:
    api, _ = connect()
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0123-abc"
    setup = {"ehrRole": f"arn:aws:iam::{ACCOUNT}:role/ehr", "idcInstanceId": "ssoins-1", "idcRegion": "us-east-1"}
    domain_id = api.create_domain(name="Clinic", kmsKeyArn=key, webAppSetupConfiguration=setup)["domainId"]
    found = api.get_domain(domainId=domain_id)
    assert found["kmsKeyArn"] == key
    assert found["encryptionContext"] == {"encryptionType": "CUSTOMER_MANAGED_KEY", "kmsKeyArn": key}
    assert found["webAppConfiguration"]["ehrRole"] == setup["ehrRole"]
    assert found["webAppConfiguration"]["idcApplicationId"].startswith("apl-")
    assert found["webAppUrl"].startswith(f"https://{domain_id}.")


def test_get_domain_returns_the_tags() -> None:
    api, _ = connect()
    tagged = api.create_domain(name="Clinic", tags={"team": "blue"})["domainId"]
    bare = api.create_domain(name="Clinic")["domainId"]
    assert api.get_domain(domainId=tagged)["tags"] == {"team": "blue"}
    assert api.get_domain(domainId=bare)["tags"] == {}


@pytest.mark.parametrize("strict", [False, True])
def test_a_domain_that_was_not_created_cannot_be_shown_or_deleted(strict: bool) -> None:
    api, _ = connect(Config(strict_resources=strict))
    with refused("ResourceNotFoundException", 404, UNKNOWN):
        api.get_domain(domainId=UNKNOWN)
    with refused("ResourceNotFoundException", 404):
        api.delete_domain(domainId=UNKNOWN)


def test_a_deleted_domain_is_deleting_for_a_moment_and_then_gone_with_all_in_it() -> None:
    api, account = connect(Config(domain_deletion_seconds=3.0))
    domain_id = api.create_domain(name="Clinic")["domainId"]
    subscription_id = api.create_subscription(domainId=domain_id)["subscriptionId"]
    account.time = 10.0
    assert api.delete_domain(domainId=domain_id)["status"] == "DELETING"
    account.time = 12.0
    assert api.delete_domain(domainId=domain_id)["status"] == "DELETING"
    assert api.get_domain(domainId=domain_id)["status"] == "DELETING"
    assert [each["status"] for each in api.list_domains()["domains"]] == ["DELETING"]
    assert api.get_subscription(domainId=domain_id, subscriptionId=subscription_id)["subscription"]["status"]
    assert account.store.next_change(account.time) == 13.0
    account.time = 13.0
    with refused("ResourceNotFoundException", 404):
        api.get_domain(domainId=domain_id)
    with refused("ResourceNotFoundException", 404):
        api.delete_domain(domainId=domain_id)
    with refused("ResourceNotFoundException", 404):
        api.get_subscription(domainId=domain_id, subscriptionId=subscription_id)
    # also where unknown ids are taken as existing: this one is known to be gone
    with refused("ResourceNotFoundException", 404):
        api.create_subscription(domainId=domain_id)
    assert api.list_domains()["domains"] == []
    assert api.list_domains(status="DELETED")["domains"] == []


def test_domains_are_listed_by_status() -> None:
    api, _ = connect()
    first, second = (api.create_domain(name=name)["domainId"] for name in ("One", "Two"))
    api.delete_domain(domainId=first)
    listed = {
        status: [each["domainId"] for each in api.list_domains(status=status)["domains"]]
        for status in ("ACTIVE", "DELETING", "DELETED")
    }
    assert listed == {"ACTIVE": [second], "DELETING": [first], "DELETED": []}


@pytest.mark.parametrize(
    ("choice", "error", "status"),
    [("not-found", "ResourceNotFoundException", 404), ("access-denied", "AccessDeniedException", 401)],
)
def test_a_domain_that_is_deleting_takes_nothing_new(choice: str, error: str, status: int) -> None:
    api, _ = connect(Config(inactive_resource=choice))  # type: ignore[arg-type]
    domain_id = api.create_domain(name="Clinic")["domainId"]
    api.delete_domain(domainId=domain_id)
    with refused(error, status, "is not active"):
        api.create_subscription(domainId=domain_id)
    with refused(error, status):
        api.start_medical_coding_job(
            domainId=domain_id, text="Cough.", outputDataConfig={"s3OutputPath": "s3://bucket"}
        )


def test_names_may_repeat() -> None:
    api, _ = connect()
    assert api.create_domain(name="Clinic")["domainId"] != api.create_domain(name="Clinic")["domainId"]


def test_every_violation_is_told_at_once() -> None:
    api, _ = connect(checks_parameters=False)
    with refused("ValidationException", 400, "2 validation errors detected"):
        api.create_domain(name="", kmsKeyArn="no")


def test_timestamps_are_read_back_as_instants() -> None:
    api, _ = connect()
    assert api.create_domain(name="Clinic")["createdAt"].astimezone(datetime.UTC).isoformat() == (
        "2023-11-14T22:13:20+00:00"
    )

"""Datasets through botocore, in virtual time."""

from typing import Any

from mockscribe.config import Config
from mockscribe.service import documents
from mockscribe.service.operations import documents_due
from tests.offline_client import ACCOUNT, REGION, STARTED, Account, connect, refused

DOMAIN = "dom-0123456789abcdef"
CONFIG = {"medicalCoding": {"s3InputPath": "s3://bucket/in/", "s3OutputPath": "s3://bucket/out/"}}


def building(**medical_coding: str) -> tuple[Any, Account, dict[str, str]]:
    """A client, its account, and the ids of a new dataset."""
    api, account = connect(Config(dataset_creation_seconds=4.0, dataset_deletion_seconds=2.0))
    config = {"medicalCoding": {**CONFIG["medicalCoding"], **medical_coding}}
    made = api.create_dataset(domainId=DOMAIN, name="Examples", config=config, clientToken="one")
    return api, account, {"domainId": DOMAIN, "datasetId": made["datasetId"]}


def seconds(moment: Any) -> float:
    since: float = moment.timestamp() - STARTED
    return since


def test_a_dataset_is_built_and_leaves_its_evaluation() -> None:
    api, account, ids = building()
    assert account.last[0] == 201
    found = api.get_dataset(**ids)
    assert (found["status"], found["type"], found["name"]) == ("CREATING", "MEDICAL_CODING", "Examples")
    assert found["arn"] == f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{DOMAIN}/dataset/{ids['datasetId']}"
    assert found["config"] == CONFIG
    assert "artifacts" not in found
    assert account.store.next_change(0.0) == 4.0
    account.time = 4.0
    found = api.get_dataset(**ids)
    assert found["status"] == "ACTIVE"
    assert (seconds(found["createdAt"]), seconds(found["updatedAt"])) == (0, 4)
    location = found["artifacts"]["medicalCoding"]["evaluationS3Uri"]
    assert location == f"s3://bucket/out/{ids['datasetId']}/evaluation.json"
    assert account.written[location]["datasetId"] == ids["datasetId"]


def test_it_is_not_active_before_its_document_is_written() -> None:
    api, account, ids = building()
    account.writes = False
    account.time = 100.0
    assert api.get_dataset(**ids)["status"] == "CREATING"
    account.write()
    assert api.get_dataset(**ids)["status"] == "ACTIVE"


def test_a_document_that_cannot_be_written_fails_it() -> None:
    api, account, ids = building()
    account.time = 4.0
    account.writes = False
    (document,) = documents_due(account.call())
    documents.settle(account.store, document, "The bucket is gone.")
    found = api.get_dataset(**ids)
    assert (found["status"], found["statusDetails"]) == ("CREATE_FAILED", "The bucket is gone.")
    assert "artifacts" not in found


def test_a_bucket_that_cannot_be_used_fails_it_and_it_can_be_deleted() -> None:
    api, account, ids = building(s3OutputPath="s3://mockscribe-fail/out")
    assert api.get_dataset(**ids)["status"] == "CREATING"
    account.time = 4.0
    found = api.get_dataset(**ids)
    assert found["status"] == "CREATE_FAILED"
    assert "mockscribe-fail" in found["statusDetails"]
    assert account.written == {}
    assert api.delete_dataset(**ids)["status"] == "DELETING"


def test_it_is_deleting_for_a_moment_and_then_gone() -> None:
    api, account, ids = building()
    account.time = 5.0
    gone = api.delete_dataset(**ids)
    assert (gone["status"], account.last[0]) == ("DELETING", 202)
    account.time = 6.0
    # the operation is idempotent: nothing starts anew
    assert api.delete_dataset(**ids)["status"] == "DELETING"
    found = api.get_dataset(**ids)
    assert (found["status"], seconds(found["updatedAt"])) == ("DELETING", 5)
    assert found["artifacts"]
    account.time = 7.0
    with refused("ResourceNotFoundException", 404):
        api.get_dataset(**ids)
    with refused("ResourceNotFoundException", 404):
        api.delete_dataset(**ids)
    assert api.list_datasets(domainId=DOMAIN)["items"] == []


def test_what_is_being_built_cannot_be_deleted() -> None:
    api, _, ids = building()
    with refused("ConflictException", 409, "CREATING"):
        api.delete_dataset(**ids)


def test_a_deletion_can_fail_once() -> None:
    api, account, ids = building(s3InputPath="s3://mockscribe-fail/in")
    account.time = 10.0
    api.delete_dataset(**ids)
    account.time = 12.0
    found = api.get_dataset(**ids)
    assert (found["status"], seconds(found["updatedAt"])) == ("DELETE_FAILED", 12)
    assert "mockscribe-fail" in found["statusDetails"]
    assert api.delete_dataset(**ids)["status"] == "DELETING"
    account.time = 14.0
    with refused("ResourceNotFoundException", 404):
        api.get_dataset(**ids)


def test_the_same_token_gets_the_same_dataset_as_it_is_by_then() -> None:
    api, account, ids = building()
    account.time = 4.0
    again = api.create_dataset(domainId=DOMAIN, name="Examples", config=CONFIG, clientToken="one")
    assert (again["datasetId"], again["status"]) == (ids["datasetId"], "ACTIVE")
    with refused("ConflictException", 409, "clientToken"):
        api.create_dataset(domainId=DOMAIN, name="Other", config=CONFIG, clientToken="one")
    assert len(api.list_datasets(domainId=DOMAIN)["items"]) == 1


def test_datasets_are_listed_within_their_domain() -> None:
    api, _, ids = building()
    api.create_dataset(domainId="dom-another0123456789", name="Elsewhere", config=CONFIG)
    (listed,) = api.list_datasets(domainId=DOMAIN, type="MEDICAL_CODING")["items"]
    assert listed["datasetId"] == ids["datasetId"]
    assert listed["status"] == "CREATING"


def test_a_config_of_no_type_is_refused() -> None:
    api, _ = connect(checks_parameters=False)
    with refused("ValidationException", 400, "Exactly one of"):
        api.create_dataset(domainId=DOMAIN, name="Examples", config={})

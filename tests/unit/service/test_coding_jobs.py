"""Medical coding jobs through botocore, in virtual time."""

import json
from typing import Any

import pytest

from mockscribe.config import Config
from mockscribe.service import documents
from mockscribe.service.medical_codes import medical_codes
from mockscribe.service.operations import documents_due
from tests.offline_client import ACCOUNT, REGION, STARTED, Account, connect, refused

DOMAIN = "hai-0123456789abcdef"
TEXT = "Type 2 diabetes is stable. Dry cough since Monday."


def arguments(**more: Any) -> dict[str, Any]:
    return {"domainId": DOMAIN, "text": TEXT, "outputDataConfig": {"s3OutputPath": "s3://bucket/codes"}, **more}


def started(config: Config | None = None, **more: Any) -> tuple[Any, Account, dict[str, str]]:
    """A client, its account, and the ids of a new job: a second SUBMITTED, three IN_PROGRESS."""
    api, account = connect(config or Config(job_queue_seconds=1.0, coding_job_seconds=3.0))
    made = api.start_medical_coding_job(**arguments(**more))
    return api, account, {"domainId": DOMAIN, "jobId": made["jobId"]}


def test_a_job_passes_through_its_states_as_time_goes_by() -> None:
    api, account, ids = started()
    seen = []
    for time in (0.0, 0.9, 1.0, 3.9, 4.0, 100.0):
        account.time = time
        found = api.get_medical_coding_job(**ids)
        seen.append((found["jobStatus"], found["updatedTime"].timestamp() - STARTED))
    assert seen == [
        ("SUBMITTED", 0),
        ("SUBMITTED", 0),
        ("IN_PROGRESS", 1),
        ("IN_PROGRESS", 1),
        ("SUCCEEDED", 4),
        ("SUCCEEDED", 4),
    ]


def test_the_times_are_iso_8601_text() -> None:
    _, account, _ = started()
    assert json.loads(account.last[2])["creationTime"] == "2023-11-14T22:13:20.000Z"


def test_the_store_knows_when_the_job_changes_next() -> None:
    _, account, _ = started()
    assert [account.store.next_change(time) for time in (0.0, 1.0, 4.0)] == [1.0, 4.0, None]


def test_it_repeats_what_was_asked_and_says_where_the_codes_are() -> None:
    context = {
        "patientContext": {"sex": "FEMALE", "status": "NEW", "dateOfBirth": "2023-11-14", "insurance": "None"},
        "encounterContext": {"encounterType": "TELEHEALTH", "encounterDate": "2023-11-15", "encounterReason": "Cough"},
    }
    api, account, ids = started(**context)
    found = api.get_medical_coding_job(**ids)
    assert {name: found[name] for name in ("text", *context)} == {"text": TEXT, **context}
    assert "clientToken" not in json.loads(account.last[2])
    assert "medicalCodingOutput" not in found
    assert "datasetId" not in found
    assert found["jobArn"] == (
        f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{DOMAIN}/medical-coding-job/{ids['jobId']}"
    )
    account.time = 4.0
    uri = api.get_medical_coding_job(**ids)["medicalCodingOutput"]["uri"]
    assert uri == f"s3://bucket/codes/{ids['jobId']}/medical-codes.json"
    codes = account.written[uri]["medicalCodes"]
    assert [(each["system"], each["name"]) for each in codes] == [
        ("ICD10", "E11.9"),
        ("ICD10", "R05.9"),
        ("CPT", "99203"),
    ]


def test_it_is_in_progress_until_its_codes_are_written() -> None:
    api, account, ids = started()
    account.writes = False
    account.time = 100.0
    assert api.get_medical_coding_job(**ids)["jobStatus"] == "IN_PROGRESS"
    (document,) = documents_due(account.call())
    documents.settle(account.store, document, "The bucket is gone.")
    found = api.get_medical_coding_job(**ids)
    assert (found["jobStatus"], found["statusDetails"]) == ("FAILED", "The bucket is gone.")
    assert documents_due(account.call()) == ()


def test_a_bucket_that_cannot_be_used_fails_it() -> None:
    api, account, ids = started(outputDataConfig={"s3OutputPath": "s3://mockscribe-fail/x"})
    account.time = 3.9
    assert api.get_medical_coding_job(**ids)["jobStatus"] == "IN_PROGRESS"
    account.time = 4.0
    found = api.get_medical_coding_job(**ids)
    assert found["jobStatus"] == "FAILED"
    assert "mockscribe-fail" in found["statusDetails"]
    assert "medicalCodingOutput" not in found
    assert account.written == {}


def test_the_same_token_gets_the_first_job() -> None:
    api, account, ids = started(clientToken="one")
    account.time = 50.0
    again = api.start_medical_coding_job(**arguments(clientToken="one"))
    assert (again["jobId"], again["creationTime"].timestamp()) == (ids["jobId"], STARTED)
    with refused("ConflictException", 409, "clientToken"):
        api.start_medical_coding_job(**arguments(clientToken="one", text="Fever."))
    with refused("ConflictException", 409):
        api.start_medical_coding_job(**{**arguments(clientToken="one"), "domainId": "hai-another0123456789"})
    assert api.start_medical_coding_job(**arguments(clientToken="two"))["jobId"] != ids["jobId"]


def test_a_text_over_the_limit_is_refused_in_the_documented_words() -> None:
    api, _, _ = started()
    assert api.start_medical_coding_job(**arguments(text="x" * 100_000))["jobId"]
    with refused("ValidationException", 400, "^.*Text field exceeds maximum length of 100000 characters$"):
        api.start_medical_coding_job(**arguments(text="x" * 100_001))


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"patientContext": {"dateOfBirth": "2023-11-15"}}, "patientContext.dateOfBirth"),
        ({"patientContext": {"dateOfBirth": "2023-02-30"}}, "patientContext.dateOfBirth"),
        ({"encounterContext": {"encounterDate": "2023-11-16"}}, "encounterContext.encounterDate"),
        ({"encounterContext": {"encounterDate": "2023-02-30"}}, "encounterContext.encounterDate"),
        ({"encounterContext": {"encounterReason": "   "}}, "encounterContext.encounterReason"),
    ],
)
def test_a_context_beyond_what_the_model_allows_is_refused(context: dict[str, Any], told: str) -> None:
    api, _, _ = started()
    with refused("ValidationException", 400, told):
        api.start_medical_coding_job(**arguments(**context))


def test_a_job_that_was_not_started_is_not_found() -> None:
    api, _ = connect()
    with refused("ResourceNotFoundException", 404):
        api.get_medical_coding_job(domainId=DOMAIN, jobId="nothing")


def test_the_jobs_of_a_domain_go_with_it() -> None:
    api, account = connect()
    domain_id = api.create_domain(name="Clinic")["domainId"]
    job_id = api.start_medical_coding_job(**{**arguments(), "domainId": domain_id})["jobId"]
    api.delete_domain(domainId=domain_id)
    account.time = 60.0
    with refused("ResourceNotFoundException", 404, domain_id):
        api.get_medical_coding_job(domainId=domain_id, jobId=job_id)
    # what was running has finished all the same
    assert [uri.rpartition("/")[2] for uri in account.written] == ["medical-codes.json"]


def test_an_unknown_domain_is_refused_under_strict_resources() -> None:
    api, _ = connect(Config(strict_resources=True))
    with refused("ResourceNotFoundException", 404, DOMAIN):
        api.start_medical_coding_job(**arguments())


# ---- datasets


def with_dataset(config: Config | None = None) -> tuple[Any, Account, dict[str, str]]:
    api, account = connect(config)
    domain_id = api.create_domain(name="Clinic")["domainId"]
    medical_coding = {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}
    made = api.create_dataset(domainId=domain_id, name="Examples", config={"medicalCoding": medical_coding})
    return api, account, {"domainId": domain_id, "datasetId": made["datasetId"]}


def test_only_an_active_dataset_may_be_named() -> None:
    api, account, ids = with_dataset()
    with refused("ValidationException", 400, "is CREATING; it must be ACTIVE"):
        api.start_medical_coding_job(**arguments(**ids))
    account.time = 2.0
    job_id = api.start_medical_coding_job(**arguments(**ids))["jobId"]
    found = api.get_medical_coding_job(domainId=ids["domainId"], jobId=job_id)
    assert found["datasetId"] == ids["datasetId"]
    api.delete_dataset(**ids)
    with refused("ValidationException", 400, "is DELETING"):
        api.start_medical_coding_job(**arguments(**ids))
    account.time = 50.0
    with refused("ResourceNotFoundException", 404):
        api.start_medical_coding_job(**arguments(**ids))
    # the job that used it has finished all the same
    assert api.get_medical_coding_job(domainId=ids["domainId"], jobId=job_id)["jobStatus"] == "SUCCEEDED"


def test_a_dataset_that_was_not_created_is_taken_as_active_unless_strict() -> None:
    api, _, ids = with_dataset()
    assert api.start_medical_coding_job(**arguments(**{**ids, "datasetId": "other"}))["jobId"]
    api, _, ids = with_dataset(Config(strict_resources=True))
    with refused("ResourceNotFoundException", 404, "other"):
        api.start_medical_coding_job(**arguments(**{**ids, "datasetId": "other"}))


# ---- the codes


def test_every_code_names_its_evidence_and_what_it_is_linked_to() -> None:
    codes = medical_codes("Dry COUGH, no fever. Knee pain.")["medicalCodes"]
    for each in codes:
        for evidence in each["evidence"]:
            place = slice(evidence["startOffset"], evidence["endOffset"])
            assert "Dry COUGH, no fever. Knee pain."[place] == evidence["text"] != ""
    assert [each["sequence"] for each in codes] == [1, 2, 3, 4]
    named = {(each["system"], each["name"], each["sequence"]) for each in codes}
    (visit,) = [each for each in codes if each["system"] == "CPT"]
    assert visit["name"] == "99213"
    assert {(each["system"], each["name"], each["sequence"]) for each in visit["linkedCodes"]} < named
    assert len(visit["linkedCodes"]) == 3


def test_codes_come_in_the_order_of_their_evidence() -> None:
    codes = medical_codes("Back pain since the fever; hypertension.")["medicalCodes"]
    assert [each["name"] for each in codes] == ["M54.50", "R50.9", "I10", "99213"]


def test_a_text_without_a_known_word_has_one_diagnosis_and_none_without_any_word() -> None:
    assert [each["name"] for each in medical_codes(" All is well. Bye.")["medicalCodes"]] == ["R69", "99213"]
    assert medical_codes(" \n") == {"medicalCodes": []}

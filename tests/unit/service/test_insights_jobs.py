"""Patient insights jobs through botocore, in virtual time."""

import json
from typing import Any

import pytest

from mockscribe.config import Config
from mockscribe.service.resources import KINDS
from tests.offline_client import ACCOUNT, REGION, Account, connect, refused

DOMAIN = "hai-0123456789abcdef"
FHIR = {"fhirEndpoint": "https://ehr.example/fhir", "oauthToken": "opensesame"}


def arguments(**more: Any) -> dict[str, Any]:
    return {
        "domainId": DOMAIN,
        "patientContext": {"patientId": "patient-1", "pronouns": "SHE_HER"},
        "insightsContext": {"insightsType": "PRE_VISIT"},
        "encounterContext": {"encounterReason": "Back pain"},
        "userContext": {"role": "CLINICIAN", "userId": "user-1"},
        "inputDataConfig": {"s3Sources": [{"uri": "s3://bucket/records/1"}]},
        "outputDataConfig": {"s3OutputPath": "s3://bucket/insights/"},
        **more,
    }


def started(config: Config | None = None, **more: Any) -> tuple[Any, Account, dict[str, str]]:
    api, account = connect(config or Config(job_queue_seconds=1.0, insights_job_seconds=3.0))
    made = api.start_patient_insights_job(**arguments(**more))
    return api, account, {"domainId": DOMAIN, "jobId": made["jobId"]}


def test_a_job_succeeds_and_its_summary_is_where_it_says() -> None:
    api, account, ids = started()
    found = api.get_patient_insights_job(**ids)
    assert found["jobStatus"] == "SUBMITTED"
    assert "insightsOutput" not in found
    assert found["jobArn"] == (
        f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{DOMAIN}/patient-insights-job/{ids['jobId']}"
    )
    account.time = 1.0
    assert api.get_patient_insights_job(**ids)["jobStatus"] == "IN_PROGRESS"
    account.time = 60.0
    found = api.get_patient_insights_job(**ids)
    assert found["jobStatus"] == "SUCCEEDED"
    uri = found["insightsOutput"]["uri"]
    assert uri == f"s3://bucket/insights/{ids['jobId']}/patient-1/summary.json"
    summary = account.written[uri]["PatientSummaries"][0]["PatientSummary"]
    assert (summary["JobId"], summary["SummaryType"], summary["PatientId"]) == (ids["jobId"], "Pre-visit", "patient-1")
    # the time at which it was done, not the time at which it was asked for
    assert summary["GeneratedAt"] == "2023-11-14T22:13:24.000Z"
    texts = [each["Text"] for section in summary["Sections"] for each in section["ClinicalNarrative"]]
    assert any("Back pain" in text for text in texts)
    assert any("s3://bucket/records/1" in text for text in texts)


def test_it_repeats_what_was_asked_but_no_credentials() -> None:
    sources = {"fhirServer": FHIR, "s3Sources": []}
    api, account, ids = started(inputDataConfig=sources, clientToken="one")
    found = api.get_patient_insights_job(**ids)
    assert found["inputDataConfig"] == {"fhirServer": {"fhirEndpoint": FHIR["fhirEndpoint"]}, "s3Sources": []}
    asked = arguments()
    for name in ("patientContext", "insightsContext", "encounterContext", "userContext", "outputDataConfig"):
        assert found[name] == asked[name]
    account.time = 60.0
    account.write()
    kept = [each for kind in KINDS.values() for each in account.store.all(kind)]
    assert FHIR["fhirEndpoint"] in repr(kept)
    assert "opensesame" not in repr(kept)
    (document,) = account.written.values()
    assert FHIR["fhirEndpoint"] in json.dumps(document)
    assert (
        api.start_patient_insights_job(**arguments(inputDataConfig=sources, clientToken="one"))["jobId"]
        == (ids["jobId"])
    )


def test_a_job_without_records_says_so() -> None:
    _, account, _ = started(inputDataConfig={})
    account.time = 60.0
    account.write()
    (document,) = account.written.values()
    assert "No records were named." in json.dumps(document)


def test_the_same_token_with_other_parameters_is_a_conflict() -> None:
    api, _, ids = started(clientToken="one")
    assert api.start_patient_insights_job(**arguments(clientToken="one"))["jobId"] == ids["jobId"]
    with refused("ConflictException", 409):
        api.start_patient_insights_job(**arguments(clientToken="one", patientContext={"patientId": "patient-2"}))


def test_a_coding_job_is_no_insights_job() -> None:
    api, _, ids = started()
    with refused("ResourceNotFoundException", 404):
        api.get_medical_coding_job(**ids)


@pytest.mark.parametrize("enforced", [True, False])
def test_a_domain_runs_25_jobs_at_the_same_time(enforced: bool) -> None:
    api, account, _ = started(Config(enforce_quotas=enforced))
    for _ in range(24):
        api.start_patient_insights_job(**arguments())
    if not enforced:
        api.start_patient_insights_job(**arguments())
        return
    with refused("ThrottlingException", 429, "25"):
        api.start_patient_insights_job(**arguments())
    api.start_patient_insights_job(**{**arguments(), "domainId": "hai-another0123456789"})
    account.time = 60.0
    assert api.start_patient_insights_job(**arguments())["jobId"]

"""clientToken: what counts as the same request."""

from typing import Any

import pytest

from mockscribe.service import idempotency
from tests.offline_client import Account, connect, refused

DOMAIN = "hai-0123456789abcdef"
JOB = {
    "domainId": DOMAIN,
    "text": "Cough.",
    "outputDataConfig": {"s3OutputPath": "s3://bucket"},
    "patientContext": {"sex": "MALE", "status": "NEW"},
    "clientToken": "one",
}


def first() -> tuple[Any, Account, str]:
    api, account = connect(checks_parameters=False)
    return api, account, api.start_medical_coding_job(**JOB)["jobId"]


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"patientContext": {"status": "NEW", "sex": "MALE"}},
        {"patientContext": {"sex": "MALE", "status": "NEW", "insurance": None}},
    ],
)
def test_order_and_nulls_make_no_difference(same: dict[str, Any]) -> None:
    api, _, job_id = first()
    assert api.start_medical_coding_job(**{**JOB, **same})["jobId"] == job_id


@pytest.mark.parametrize("other", [{"text": "Cough"}, {"patientContext": {"sex": "MALE"}}, {"patientContext": None}])
def test_other_parameters_are_a_conflict_and_leave_no_trace(other: dict[str, Any]) -> None:
    api, _, job_id = first()
    with refused("ConflictException", 409):
        api.start_medical_coding_job(**{**JOB, **other})
    assert api.start_medical_coding_job(**JOB)["jobId"] == job_id


def test_a_token_belongs_to_one_operation() -> None:
    api, _, _ = first()
    config = {"medicalCoding": {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}}
    assert api.create_dataset(domainId=DOMAIN, name="Examples", config=config, clientToken="one")["datasetId"]


def test_a_request_without_a_token_is_always_new() -> None:
    _, account, _ = first()
    values = {**JOB, "clientToken": None}
    assert idempotency.remember(account.call(), "StartMedicalCodingJob", values, "x") is None
    assert idempotency.earlier(account.call(), "StartMedicalCodingJob", values) is None

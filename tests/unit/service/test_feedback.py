"""Feedback through botocore."""

from typing import Any

from mockscribe.config import Config
from mockscribe.service.resources import Feedback
from tests.offline_client import STARTED, connect, refused

DOMAIN = "hai-0123456789abcdef"
SESSION = "00000000-0000-4000-8000-000000000001"


def arguments(**more: Any) -> dict[str, Any]:
    return {
        "domainId": DOMAIN,
        "artifactSourceId": SESSION,
        "artifactType": "CLINICAL_DOC",
        "signedArtifactS3Uri": "s3://bucket/signed.json",
        **more,
    }


def test_feedback_is_accepted_and_kept() -> None:
    api, account = connect()
    account.time = 3.0
    answer = api.submit_feedback(**arguments(comments="Well done", clientToken="one"))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert account.last[2] == b"{}"
    (kept,) = account.store.all(Feedback)
    assert (kept.domain_id, kept.created) == (DOMAIN, 3.0)
    assert kept.request == {
        "artifactSourceId": SESSION,
        "artifactType": "CLINICAL_DOC",
        "signedArtifactS3Uri": "s3://bucket/signed.json",
        "comments": "Well done",
    }
    assert account.call().epoch(kept.created) == STARTED + 3


def test_a_repeated_token_is_silently_ignored_whatever_else_is_said() -> None:
    api, account = connect()
    api.submit_feedback(**arguments(clientToken="one"))
    api.submit_feedback(**arguments(clientToken="one", comments="Once more"))
    api.submit_feedback(**arguments(clientToken="two"))
    assert ["comments" in each.request for each in account.store.all(Feedback)] == [False, False]


def test_the_oldest_feedback_goes_first() -> None:
    api, account = connect(Config(kept_jobs=2))
    for number in range(4):
        api.submit_feedback(**arguments(comments=str(number)))
    assert [each.request["comments"] for each in account.store.all(Feedback)] == ["2", "3"]


def test_its_subscription_may_be_unknown_or_inactive_but_its_domain_not_gone() -> None:
    api, account = connect()
    domain_id = api.create_domain(name="Clinic")["domainId"]
    subscription_id = api.create_subscription(domainId=domain_id)["subscriptionId"]
    api.deactivate_subscription(domainId=domain_id, subscriptionId=subscription_id)
    api.submit_feedback(**arguments(domainId=domain_id, subscriptionId=subscription_id))
    api.submit_feedback(**arguments(subscriptionId="sub-0123456789abcdefghijk"))
    api.delete_domain(domainId=domain_id)
    with refused("ResourceNotFoundException", 404):
        api.submit_feedback(**arguments(domainId=domain_id))
    assert len(account.store.all(Feedback)) == 2


def test_under_strict_resources_all_that_it_names_must_be_there() -> None:
    api, account = connect(Config(strict_resources=True))
    with refused("ResourceNotFoundException", 404, DOMAIN):
        api.submit_feedback(**arguments())
    domain_id = api.create_domain(name="Clinic")["domainId"]
    with refused("ResourceNotFoundException", 404, SESSION):
        api.submit_feedback(**arguments(domainId=domain_id))
    account.sessions.known[SESSION] = object()
    with refused("ResourceNotFoundException", 404, "sub-0123456789abcdefghijk"):
        api.submit_feedback(**arguments(domainId=domain_id, subscriptionId="sub-0123456789abcdefghijk"))
    api.submit_feedback(**arguments(domainId=domain_id))
    # the codes of a session are asked after by the session's id
    api.submit_feedback(**arguments(domainId=domain_id, artifactType="MEDICAL_CODES"))
    other = SESSION[:-1] + "2"
    with refused("ResourceNotFoundException", 404, other):
        api.submit_feedback(**arguments(domainId=domain_id, artifactType="MEDICAL_CODES", artifactSourceId=other))
    job_id = api.start_medical_coding_job(
        domainId=domain_id, text="Cough.", outputDataConfig={"s3OutputPath": "s3://bucket"}
    )["jobId"]
    api.submit_feedback(**arguments(domainId=domain_id, artifactType="MEDICAL_CODES", artifactSourceId=job_id))
    with refused("ResourceNotFoundException", 404, job_id):
        api.submit_feedback(**arguments(domainId=domain_id, artifactSourceId=job_id))
    assert len(account.store.all(Feedback)) == 3

"""Tags through botocore: the ARN arrives as one percent-encoded segment of the path."""

from typing import Any

import pytest

from mockscribe.config import Config
from tests.offline_client import ACCOUNT, REGION, connect, refused

UNKNOWN = f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/hai-0123456789abcdef"
CONFIG = {"medicalCoding": {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}}


def arns(api: Any) -> dict[str, str]:
    """The ARN of one resource of each kind that has one."""
    domain = api.create_domain(name="Clinic", tags={"team": "blue"})
    ids = {"domainId": domain["domainId"]}
    coding = api.start_medical_coding_job(**ids, text="Cough.", outputDataConfig={"s3OutputPath": "s3://bucket"})
    insights = api.start_patient_insights_job(
        **ids,
        patientContext={"patientId": "p"},
        insightsContext={"insightsType": "PRE_VISIT"},
        encounterContext={"encounterReason": "Cough"},
        userContext={"role": "CLINICIAN", "userId": "u"},
        inputDataConfig={},
        outputDataConfig={"s3OutputPath": "s3://bucket"},
    )
    return {
        "domain": domain["arn"],
        "subscription": api.create_subscription(**ids)["arn"],
        "dataset": api.create_dataset(**ids, name="Examples", config=CONFIG)["arn"],
        "coding": coding["jobArn"],
        "insights": insights["jobArn"],
    }


@pytest.mark.parametrize("kind", ["domain", "subscription", "dataset", "coding", "insights"])
def test_everything_with_an_arn_can_be_tagged(kind: str) -> None:
    api, account = connect(Config(strict_resources=True))
    arn = arns(api)[kind]
    before = api.list_tags_for_resource(resourceArn=arn)["tags"]
    assert before == ({"team": "blue"} if kind == "domain" else {})
    api.tag_resource(resourceArn=arn, tags={"team": "red", "Ünïcode key": ""})
    assert account.last[::2] == (204, b"")
    assert "content-type" not in account.last[1]
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "red", "Ünïcode key": ""}
    api.untag_resource(resourceArn=arn, tagKeys=["Ünïcode key", "not there"])
    assert account.last[::2] == (204, b"")
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "red"}
    api.untag_resource(resourceArn=arn, tagKeys=["team"])
    api.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_the_tags_of_a_domain_are_seen_by_get_domain() -> None:
    api, _ = connect()
    made = api.create_domain(name="Clinic")
    api.tag_resource(resourceArn=made["arn"], tags={"a": "b"})
    assert api.get_domain(domainId=made["domainId"])["tags"] == {"a": "b"}


@pytest.mark.parametrize("suffix", ["", "/subscription/sub-0123456789abcdefghijk", "/dataset/abc"])
def test_a_resource_that_was_not_created_can_be_tagged_unless_strict(suffix: str) -> None:
    api, _ = connect()
    api.tag_resource(resourceArn=UNKNOWN + suffix, tags={"a": "b"})
    assert api.list_tags_for_resource(resourceArn=UNKNOWN + suffix)["tags"] == {"a": "b"}
    api, _ = connect(Config(strict_resources=True))
    with refused("ResourceNotFoundException", 404):
        api.tag_resource(resourceArn=UNKNOWN + suffix, tags={"a": "b"})


def test_an_arn_of_another_region_means_the_same_resource_unless_strict() -> None:
    api, _ = connect()
    arn = api.create_domain(name="Clinic")["arn"]
    elsewhere = arn.replace(REGION, "eu-west-2")
    api.tag_resource(resourceArn=elsewhere, tags={"a": "b"})
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    api, _ = connect(Config(strict_resources=True))
    arn = api.create_domain(name="Clinic")["arn"]
    with refused("ResourceNotFoundException", 404):
        api.list_tags_for_resource(resourceArn=arn.replace(REGION, "eu-west-2"))


def test_what_is_gone_has_no_tags() -> None:
    api, account = connect()
    found = arns(api)
    account.time = 10.0
    domain_id, dataset_id = found["dataset"].split("domain/")[1].split("/dataset/")
    api.delete_dataset(domainId=domain_id, datasetId=dataset_id)
    account.time = 20.0
    with refused("ResourceNotFoundException", 404):
        api.list_tags_for_resource(resourceArn=found["dataset"])
    api.delete_domain(domainId=domain_id)
    account.time = 30.0
    for arn in found.values():
        with refused("ResourceNotFoundException", 404):
            api.list_tags_for_resource(resourceArn=arn)


@pytest.mark.parametrize("arn", ["nonsense", "arn:aws:s3:::bucket", UNKNOWN + "/toothbrush/1", UNKNOWN + "\n"])
def test_an_arn_of_something_else_is_refused(arn: str) -> None:
    api, _ = connect()
    with refused("ValidationException", 400):
        api.list_tags_for_resource(resourceArn=arn)


def test_more_than_fifty_keys_are_refused() -> None:
    api, _ = connect()
    api.untag_resource(resourceArn=UNKNOWN, tagKeys=[str(number) for number in range(50)])
    with refused("ValidationException", 400, "less than or equal to 50"):
        api.untag_resource(resourceArn=UNKNOWN, tagKeys=[str(number) for number in range(51)])

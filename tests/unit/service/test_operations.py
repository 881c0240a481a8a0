"""All operations together: each has a handler, and each answer is what botocore's model says."""

import json
from typing import Any

import pytest

from mockscribe.service import restjson
from mockscribe.service.model import service_model
from mockscribe.service.operations import HANDLERS, documents_due
from mockscribe.service.resources import Work
from mockscribe.service.serialisation import json_value
from tests.offline_client import connect

SESSION_OPERATIONS = {"StartMedicalScribeListeningSession", "GetMedicalScribeListeningSession"}


def test_every_operation_of_the_model_has_a_handler() -> None:
    assert set(HANDLERS) | {"StartMedicalScribeListeningSession"} == set(service_model().operations)
    assert "StartMedicalScribeListeningSession" not in HANDLERS


def test_a_day_in_the_life_of_an_application_answers_by_the_model() -> None:
    """Every operation without a session; the client checks each answer on the way (see tests/offline_client.py)."""
    api, account = connect()
    called: set[str] = set()
    api.meta.events.register_last(
        "after-call.connecthealth", lambda model, **_: called.add(model.name), unique_id="day"
    )
    try:
        domain = api.create_domain(name="Clinic", tags={"team": "blue"})
        ids = {"domainId": domain["domainId"]}
        api.list_domains()
        api.get_domain(**ids)
        subscription = api.create_subscription(**ids)["subscriptionId"]
        api.list_subscriptions(**ids)
        api.get_subscription(**ids, subscriptionId=subscription)
        api.deactivate_subscription(**ids, subscriptionId=subscription)
        api.activate_subscription(**ids, subscriptionId=subscription)
        config = {"medicalCoding": {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}}
        dataset = {"datasetId": api.create_dataset(**ids, name="Examples", config=config)["datasetId"]}
        account.time += 60
        api.list_datasets(**ids)
        api.get_dataset(**ids, **dataset)
        output = {"outputDataConfig": {"s3OutputPath": "s3://bucket/jobs/"}}
        coding = api.start_medical_coding_job(**ids, **dataset, **output, text="Cough.")["jobId"]
        insights = api.start_patient_insights_job(
            **ids,
            **output,
            patientContext={"patientId": "p"},
            insightsContext={"insightsType": "PRE_VISIT"},
            encounterContext={"encounterReason": "Cough"},
            userContext={"role": "CLINICIAN", "userId": "u", "specialty": "PRIMARY_CARE"},
            inputDataConfig={"s3Sources": [{"uri": "s3://bucket/records"}]},
        )["jobId"]
        for _ in range(3):
            account.time += 1.5
            api.get_medical_coding_job(**ids, jobId=coding)
            api.get_patient_insights_job(**ids, jobId=insights)
        api.submit_feedback(
            **ids,
            artifactSourceId=coding,
            artifactType="MEDICAL_CODES",
            signedArtifactS3Uri="s3://bucket/signed",
            comments="Fine",
        )
        api.tag_resource(resourceArn=domain["arn"], tags={"a": "b"})
        api.list_tags_for_resource(resourceArn=domain["arn"])
        api.untag_resource(resourceArn=domain["arn"], tagKeys=["a"])
        api.delete_dataset(**ids, **dataset)
        api.delete_domain(**ids)
    finally:
        api.meta.events.unregister("after-call.connecthealth", unique_id="day")
    assert called == set(HANDLERS) - SESSION_OPERATIONS
    assert sorted(uri.rpartition("/")[2] for uri in account.written) == [
        "evaluation.json",
        "medical-codes.json",
        "summary.json",
    ]


def test_work_of_a_kind_without_a_document_is_a_mistake() -> None:
    _, account = connect()

    class Odd(Work, frozen=True, kw_only=True):
        kind = "dataset"

        @property
        def key(self) -> str:
            return "odd"

    account.store.put(Odd(number=1, domain_id="d", arn="a", created=0.0, finished=0.0))
    with pytest.raises(TypeError, match="Odd"):
        documents_due(account.call())


# ---- the response


def test_unknown_members_and_nulls_are_left_out() -> None:
    operation = service_model().operations["GetDomain"]
    status, headers, body = restjson.response(
        operation, {"domainId": "d", "name": None, "colour": "red", "encryptionContext": {"colour": "red"}}, "an-id"
    )
    assert (status, json.loads(body)) == (200, {"domainId": "d", "encryptionContext": {}})
    assert dict(headers) == {
        "content-type": "application/json",
        "x-amzn-request-id": "an-id",
        "x-amzn-requestid": "an-id",
    }


def test_an_operation_without_an_output_answers_without_a_body() -> None:
    status, headers, body = restjson.response(service_model().operations["TagResource"], {}, "an-id")
    assert (status, body) == (204, b"")
    assert dict(headers) == {"x-amzn-request-id": "an-id", "x-amzn-requestid": "an-id"}


def test_no_other_output_than_the_session_s_is_bound_to_http() -> None:
    model = service_model()
    outputs = [each.output for each in model.operations.values() if each.name not in SESSION_OPERATIONS and each.output]
    assert outputs
    for name in outputs:
        assert model.shapes[name].payload is None
        assert not any(member.location for member in model.shapes[name].members.values())


@pytest.mark.parametrize(
    ("shape", "value", "written"),
    [
        ("Timestamp", 1_700_000_000.12345, 1_700_000_000.123),
        ("SyntheticTimestamp_date_time", 1_700_000_000.12345, "2023-11-14T22:13:20.123Z"),
        ("SyntheticTimestamp_date_time", 1_700_000_000.0, "2023-11-14T22:13:20.000Z"),
        ("S3Sources", [{"uri": "s3://a", "x": 1}, {"uri": None}], [{"uri": "s3://a"}, {}]),
        ("TagMap", {"a": "b"}, {"a": "b"}),
    ],
)
def test_a_value_is_written_by_its_shape(shape: str, value: Any, written: Any) -> None:
    assert json_value(shape, value) == written


def test_the_model_has_no_other_format_of_time() -> None:
    formats = {shape.timestamp_format for shape in service_model().shapes.values() if shape.type == "timestamp"}
    assert formats == {None, "iso8601"}

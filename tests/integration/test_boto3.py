"""An application on boto3 against mockscribe over real sockets: every operation and every error that it raises.

boto3 has every operation but the streaming one, which it removes for want of HTTP/2; a raw client holds the visit.
"""

import contextlib
import json
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock as patching

import boto3
import pytest
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError, EndpointConnectionError

from mockscribe import Mockscribe
from tests.clients import Http2Client, request_headers, trusting
from tests.wire import EMPTY_FRAME, END_OF_SESSION, Answer, audio, configuration, envelope, silence

SESSION_ID = "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11"
DOMAIN_ID = "hai-0123456789abcdef"
CODED = {
    "postStreamActionSettings": {
        "outputS3Uri": "s3://bucket/prefix",
        "clinicalNoteGenerationSettings": {"noteTemplateSettings": {"managedTemplate": {"templateType": "DAP"}}},
        "medicalCodeGenerationSettings": {"enabled": True},
    }
}
DATASET = {"medicalCoding": {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ca")


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Mockscribe]]:
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Mockscribe(ca_folder=folder, **settings))


def connect(mock: Mockscribe, **config: Any) -> Any:
    """A client over TLS, as an application makes it; no retries, and no waits before them."""
    options = {"inject_host_prefix": False, "retries": {"total_max_attempts": 1}, **config}
    return boto3.client(
        "connecthealth",
        endpoint_url=mock.https_url,
        verify=str(mock.ca_file),
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=BotoConfig(**options),
    )


def visit(mock: Mockscribe, configured: Any = CODED, **headers: str) -> Answer:
    """A whole session."""
    with Http2Client(mock.port, trusting(mock.ca_file, "h2")) as client:
        number = client.open(request_headers(**headers))
        client.send(number, *map(envelope, (configuration(configured), audio(silence(0.5)), END_OF_SESSION)))
        client.send(number, EMPTY_FRAME, end=True)
        client.until(lambda: client.answers[number].ended)
        return client.answers[number]


# ---- the whole application


def insights(domain_id: str) -> dict[str, Any]:
    return {
        "domainId": domain_id,
        "patientContext": {"patientId": "patient-1"},
        "insightsContext": {"insightsType": "PRE_VISIT"},
        "encounterContext": {"encounterReason": "Check-up"},
        "userContext": {"role": "CLINICIAN", "userId": "user-1"},
        "inputDataConfig": {"s3Sources": [{"uri": "s3://bucket/records"}]},
        "outputDataConfig": {"s3OutputPath": "s3://bucket/insights"},
    }


def test_an_application_uses_every_operation(start: Callable[..., Mockscribe]) -> None:
    mock = start(clock="manual", strict_resources=True)
    clock = mock.clock
    health = connect(mock)
    called: set[str] = set()
    statuses: dict[str, int] = {}

    def remember(parsed: Any, model: Any, **_: Any) -> None:
        called.add(model.name)
        statuses[model.name] = parsed["ResponseMetadata"]["HTTPStatusCode"]
        headers = parsed["ResponseMetadata"]["HTTPHeaders"]
        assert headers["x-amzn-requestid"] == headers["x-amzn-request-id"] == parsed["ResponseMetadata"]["RequestId"]

    health.meta.events.register("after-call.connecthealth", remember)

    domain = health.create_domain(name="Clinic", tags={"team": "blue"})
    domain_id = domain["domainId"]
    assert health.get_domain(domainId=domain_id)["tags"] == {"team": "blue"}
    assert [each["domainId"] for each in health.list_domains()["domains"]] == [domain_id]
    subscription = health.create_subscription(domainId=domain_id)
    ids = {"domainId": domain_id, "subscriptionId": subscription["subscriptionId"]}
    assert subscription["status"] == "ACTIVE"
    assert health.deactivate_subscription(**ids)["subscription"]["status"] == "INACTIVE"
    assert health.activate_subscription(**ids)["subscription"]["status"] == "ACTIVE"
    assert health.get_subscription(**ids)["subscription"]["arn"] == subscription["arn"]
    assert [each["status"] for each in health.list_subscriptions(domainId=domain_id)["subscriptions"]] == ["ACTIVE"]

    health.tag_resource(resourceArn=subscription["arn"], tags={"a/b": "ü &=+", "x": ""})
    health.untag_resource(resourceArn=subscription["arn"], tagKeys=["x", "no such key"])
    assert health.list_tags_for_resource(resourceArn=subscription["arn"])["tags"] == {"a/b": "ü &=+"}

    dataset_id = health.create_dataset(domainId=domain_id, name="Notes", config=DATASET)["datasetId"]
    clock.advance("10s")
    dataset = health.get_dataset(domainId=domain_id, datasetId=dataset_id)
    assert dataset["status"] == "ACTIVE"
    assert [each["status"] for each in health.list_datasets(domainId=domain_id)["items"]] == ["ACTIVE"]
    coding = health.start_medical_coding_job(
        domainId=domain_id, text="A cough.", outputDataConfig={"s3OutputPath": "s3://bucket/codes"},
        datasetId=dataset_id,
    )  # fmt: skip
    summary = health.start_patient_insights_job(**insights(domain_id))
    clock.advance("10s")
    coded = health.get_medical_coding_job(domainId=domain_id, jobId=coding["jobId"])
    assert (coded["jobStatus"], summary["jobId"] in summary["jobArn"]) == ("SUCCEEDED", True)
    found = health.get_patient_insights_job(domainId=domain_id, jobId=summary["jobId"])
    assert found["insightsOutput"]["uri"].startswith("s3://bucket/insights/")

    answer = visit(mock, domain_id=domain_id, subscription_id=ids["subscriptionId"])
    assert (answer.status, answer.exception) == (200, None)
    clock.advance("60s")
    session = health.get_medical_scribe_listening_session(**ids, sessionId=SESSION_ID)
    details = session["medicalScribeListeningSessionDetails"]
    assert details["streamStatus"] == "COMPLETED"
    notes = details["postStreamActionResult"]["clinicalNoteGenerationResult"]
    assert {each["status"] for each in notes.values()} == {"COMPLETED"}
    health.submit_feedback(
        domainId=domain_id, artifactSourceId=SESSION_ID, artifactType="CLINICAL_DOC",
        signedArtifactS3Uri=notes["noteResult"]["outputLocation"],
    )  # fmt: skip
    health.delete_dataset(domainId=domain_id, datasetId=dataset_id)
    assert health.delete_domain(domainId=domain_id)["status"] == "DELETING"
    clock.advance("10s")
    with pytest.raises(health.exceptions.ResourceNotFoundException):
        health.get_domain(domainId=domain_id)
    streaming = "StartMedicalScribeListeningSession"
    assert called == set(health.meta.service_model.operation_names) - {streaming}
    assert len(called) == 22
    assert not hasattr(health, "start_medical_scribe_listening_session")
    assert {name: code for name, code in statuses.items() if code not in (200, 404)} == {
        "CreateDomain": 201,
        "CreateSubscription": 201,
        "CreateDataset": 201,
        "DeleteDataset": 202,
        "SubmitFeedback": 202,
        "TagResource": 204,
        "UntagResource": 204,
    }


# ---- errors


def unknown_domain(health: Any) -> None:
    health.create_subscription(domainId=DOMAIN_ID)


def used_token(health: Any) -> None:
    for name in ("One", "Two"):
        health.create_dataset(domainId=DOMAIN_ID, name=name, config=DATASET, clientToken="a-token")


def eleventh_domain(health: Any) -> None:
    for number in range(11):
        health.create_domain(name=f"Clinic {number}")


def inactive_subscription(health: Any) -> None:
    domain_id = health.create_domain(name="Clinic")["domainId"]
    health.delete_domain(domainId=domain_id)
    health.create_subscription(domainId=domain_id)


def wrong_status(health: Any) -> None:
    health.list_datasets(domainId=DOMAIN_ID, maxResults=0)


def too_often(health: Any) -> None:
    for _ in range(11):
        with contextlib.suppress(health.exceptions.ResourceNotFoundException):
            health.get_medical_coding_job(domainId=DOMAIN_ID, jobId=str(uuid.uuid4()))


def full_disk(health: Any) -> None:
    health.create_subscription(domainId=DOMAIN_ID)


ERRORS = {
    "ResourceNotFoundException": (404, unknown_domain, {"strict_resources": True}),
    "ConflictException": (409, used_token, {}),
    "ServiceQuotaExceededException": (402, eleventh_domain, {"enforce_quotas": True, "clock": "x100000"}),
    "AccessDeniedException": (401, inactive_subscription, {"inactive_resource": "access-denied", "clock": "manual"}),
    "ValidationException": (400, wrong_status, {}),
    "ThrottlingException": (429, too_often, {"enforce_quotas": True, "clock": "manual"}),
    "InternalServerException": (500, full_disk, {"data": "data"}),
}


def test_every_error_of_the_model_is_tried(start: Callable[..., Mockscribe]) -> None:
    assert {shape.name for shape in connect(start()).meta.service_model.error_shapes} == set(ERRORS)


@pytest.mark.parametrize("name", ERRORS)
def test_boto3_raises_the_class_of_each_error(
    name: str, start: Callable[..., Mockscribe], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    status, provoke, settings = ERRORS[name]
    if "data" in settings:
        settings = {"data": str(tmp_path)}
    health = connect(start(**settings), parameter_validation=False)
    broken: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    if name == "InternalServerException":
        error = sqlite3.OperationalError("database or disk is full")
        broken = patching.patch("mockscribe.persistence.Persistence.keep", side_effect=error)
    with broken, pytest.raises(getattr(health.exceptions, name)) as caught:
        provoke(health)
    response = caught.value.response
    metadata = response["ResponseMetadata"]
    headers = metadata["HTTPHeaders"]
    assert (metadata["HTTPStatusCode"], response["Error"]["Code"]) == (status, name)
    assert headers["x-amzn-errortype"] == name
    assert headers["x-amzn-requestid"] == headers["x-amzn-request-id"] == metadata["RequestId"]
    assert headers["content-type"] == "application/json"
    assert response["message"] == response["Error"]["Message"] != ""
    assert ("disk is full" in caplog.text) is (name == "InternalServerException")


def test_what_boto3_does_not_check_the_mock_does_member_by_member(start: Callable[..., Mockscribe]) -> None:
    health = connect(start(), parameter_validation=False)
    with pytest.raises(health.exceptions.ValidationException) as caught:
        health.start_medical_coding_job(domainId="x", text=7, outputDataConfig={"s3OutputPath": ["s3://bucket"]})
    text = caught.value.response["message"]
    assert "validation errors detected" in text
    assert all(f"'{path}'" in text for path in ("domainId", "text", "outputDataConfig.s3OutputPath")), text


def test_required_members_that_are_missing_are_named_and_unknown_ones_ignored(start: Callable[..., Mockscribe]) -> None:
    mock = start()
    health = connect(mock, parameter_validation=False)
    with pytest.raises(health.exceptions.ValidationException, match="outputDataConfig"):
        health.start_medical_coding_job(domainId=DOMAIN_ID, text="A cough.")
    health.meta.events.register(
        "before-call.connecthealth", lambda params, **_: params.update(body=b'{"name": "Clinic", "no such": [1]}')
    )
    assert health.create_domain(name="Never sent")["name"] == "Clinic"


# ---- pages, tokens, tags


@pytest.mark.parametrize("setting", ["oldest-first", "newest-first"])  # row 35
def test_paginators_turn_every_page_in_order(start: Callable[..., Mockscribe], setting: str) -> None:
    health = connect(start(list_order=setting))
    domains = [health.create_domain(name=f"Clinic {number}")["domainId"] for number in range(7)]
    lists = {
        "list_domains": ("domains", "domainId", {}, domains),
        "list_subscriptions": (
            "subscriptions",
            "subscriptionId",
            {"domainId": DOMAIN_ID},
            [health.create_subscription(domainId=DOMAIN_ID)["subscriptionId"] for _ in range(5)],
        ),
        "list_datasets": (
            "items",
            "datasetId",
            {"domainId": DOMAIN_ID},
            [
                health.create_dataset(domainId=DOMAIN_ID, name=f"Notes {number}", config=DATASET)["datasetId"]
                for number in range(5)
            ],
        ),
    }
    assert all(health.can_paginate(name) for name in lists)
    for name, (key, id_name, arguments, made) in lists.items():
        pages = list(health.get_paginator(name).paginate(**arguments, PaginationConfig={"PageSize": 3}))
        assert [len(page[key]) for page in pages] == [3] * (len(made) // 3) + [len(made) % 3]
        found = [each[id_name] for page in pages for each in page[key]]
        assert found == (made if setting == "oldest-first" else made[::-1])


def test_a_token_that_is_none_is_refused(start: Callable[..., Mockscribe]) -> None:
    health = connect(start())
    with pytest.raises(health.exceptions.ValidationException, match="nextToken"):
        health.list_subscriptions(domainId=DOMAIN_ID, nextToken="made up")


def test_a_client_token_gets_the_first_result_again(start: Callable[..., Mockscribe]) -> None:
    health = connect(start())
    job = {"domainId": DOMAIN_ID, "text": "A cough.", "outputDataConfig": {"s3OutputPath": "s3://bucket/codes"}}
    first, again = (health.start_medical_coding_job(**job, clientToken="token-1") for _ in range(2))
    assert first["jobId"] == again["jobId"]
    assert health.start_medical_coding_job(**job)["jobId"] != first["jobId"]  # boto3 draws a token of its own
    with pytest.raises(health.exceptions.ConflictException):
        health.start_medical_coding_job(**{**job, "text": "Another cough."}, clientToken="token-1")


def test_arns_are_found_as_boto3_encodes_them(start: Callable[..., Mockscribe]) -> None:
    mock = start()
    health = connect(mock)
    arn = health.create_domain(name="Clinic")["arn"]
    health.tag_resource(resourceArn=arn, tags={"team": "blue"})
    assert health.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "blue"}
    sent = [each["target"] for each in mock.journal if each["kind"] == "request"]
    assert sent[1] == f"/tags/{arn.replace(':', '%3A').replace('/', '%2F')}"


# ---- accounts and Regions


def test_accounts_share_nothing(start: Callable[..., Mockscribe]) -> None:
    mock = start()
    health = connect(mock)
    other = boto3.client(
        "connecthealth", endpoint_url=mock.http_url, region_name="us-east-1", aws_access_key_id="222222222222",
        aws_secret_access_key="test", config=BotoConfig(inject_host_prefix=False),
    )  # fmt: skip
    arn = health.create_domain(name="Clinic")["arn"]
    assert arn.startswith("arn:aws:health-agent:us-west-2:000000000000:domain/")
    assert other.list_domains()["domains"] == []
    assert other.create_domain(name="Clinic")["arn"].startswith("arn:aws:health-agent:us-east-1:222222222222:domain/")


# ---- host prefixes (facts 11)


def calls(health: Any) -> None:
    health.list_domains()
    with contextlib.suppress(health.exceptions.ResourceNotFoundException):
        health.get_medical_coding_job(domainId=DOMAIN_ID, jobId=str(uuid.uuid4()))
    with contextlib.suppress(health.exceptions.ResourceNotFoundException):
        health.get_medical_scribe_listening_session(
            domainId=DOMAIN_ID, subscriptionId="sub-0123456789abcdefghijk", sessionId=SESSION_ID
        )


def test_prefixed_hosts_are_answered_over_tls_wherever_they_resolve(start: Callable[..., Mockscribe]) -> None:
    mock = start()
    resolve = socket.getaddrinfo

    def everything_here(host: Any, *arguments: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith("localhost") else host, *arguments, **options)

    with patching.patch("socket.getaddrinfo", everything_here):
        calls(connect(mock, inject_host_prefix=True))
    hosts = [each["authority"] for each in mock.journal if each["kind"] == "request"]
    assert hosts == [f"localhost:{mock.port}", f"runtime.localhost:{mock.port}", f"streaming.localhost:{mock.port}"]


def test_without_the_setting_boto3_needs_a_resolver_and_with_it_none(start: Callable[..., Mockscribe]) -> None:
    mock = start()
    resolve = socket.getaddrinfo

    def as_on_debian(host: Any, *arguments: Any, **options: Any) -> Any:
        if str(host).endswith(".localhost"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    with patching.patch("socket.getaddrinfo", as_on_debian):
        calls(connect(mock))
        with pytest.raises(EndpointConnectionError, match=r"runtime\.localhost"):
            calls(connect(mock, inject_host_prefix=True))


# ---- what seeds make repeatable


def test_a_seed_gives_the_same_ids_twice(start: Callable[..., Mockscribe]) -> None:
    def everything(seed: int) -> list[str]:
        with_echo = "scenario: s\nsteps:\n  - {say: Hello., at: 100ms, takes: 100ms, partials: none}\n"
        mock = start(seed=seed, scenarios=[with_echo], clock="manual")
        health = connect(mock)
        domain = health.create_domain(name="Clinic")
        domain_id = domain["domainId"]
        ids = [domain_id, health.create_subscription(domainId=domain_id)["subscriptionId"]]
        ids.append(health.create_dataset(domainId=domain_id, name="Notes", config=DATASET)["datasetId"])
        ids.append(
            health.start_medical_coding_job(
                domainId=domain_id, text="A cough.", outputDataConfig={"s3OutputPath": "s3://bucket"}
            )["jobId"]
        )
        ids.append(health.start_patient_insights_job(**insights(domain_id))["jobId"])
        answer = visit(mock)
        ids += [answer.headers["x-amzn-request-id"], answer.segments[0]["segmentId"]]
        return [*ids, domain["ResponseMetadata"]["RequestId"]]

    first, again, other = everything(7), everything(7), everything(8)
    assert first == again
    assert len(set(first)) == 8
    assert not set(first) & set(other)


def test_an_error_carries_a_json_body_with_a_lower_case_message(start: Callable[..., Mockscribe]) -> None:
    health = connect(start(strict_resources=True))
    bodies: list[bytes] = []
    health.meta.events.register(
        "response-received.connecthealth", lambda response_dict, **_: bodies.append(response_dict["body"])
    )
    with pytest.raises(ClientError):
        unknown_domain(health)
    assert list(json.loads(bodies[0])) == ["message"]

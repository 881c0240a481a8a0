"""The files that sessions and jobs leave, where they are really written: a folder, or S3 as moto serves it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config as BotoConfig
from moto.server import ThreadedMotoServer

from mockscribe import Mockscribe
from tests.integration.test_boto3 import DOMAIN_ID, SESSION_ID, connect, insights, visit
from tests.wire import CONFIGURATION, SUBSCRIPTION_ID

IDS = {"domainId": DOMAIN_ID, "subscriptionId": SUBSCRIPTION_ID, "sessionId": SESSION_ID}
LINES = """
scenario: visit
steps:
  - {say: A dry cough since Monday., by: PATIENT, at: 100ms, takes: 300ms, partials: none}
"""
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ca")


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[str, Any]]:
    """An S3 server's endpoint with the bucket `bucket`, and a client of it."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=url, config=BotoConfig(s3={"addressing_style": "path"}), **KEYS)
    client.create_bucket(Bucket="bucket")
    yield url, client
    client.close()
    server.stop()


def coded(bucket: str) -> dict[str, Any]:
    settings = CONFIGURATION["postStreamActionSettings"]
    uri = {"outputS3Uri": f"s3://{bucket}/prefix", "medicalCodeGenerationSettings": {"enabled": True}}
    return {"postStreamActionSettings": {**settings, **uri}}


def results(health: Any) -> dict[str, dict[str, Any]]:
    """ArtifactDetails by artifact, once all have ended; asking lets an autojump clock leap."""
    while True:
        found = health.get_medical_scribe_listening_session(**IDS)["medicalScribeListeningSessionDetails"]
        notes = found["postStreamActionResult"]["clinicalNoteGenerationResult"]
        codes = found["postStreamActionResult"]["medicalCodeGenerationResult"]["medicalCodesResult"]
        told = {**notes, "medicalCodesResult": codes}
        if {each["status"] for each in told.values()} <= {"COMPLETED", "FAILED", "SKIPPED"}:
            return told


def jobs(health: Any, bucket: str) -> list[dict[str, Any]]:
    """A job of each kind, once they have ended."""
    paths = {"s3InputPath": "s3://bucket/in", "s3OutputPath": f"s3://{bucket}/out"}
    dataset = health.create_dataset(domainId=DOMAIN_ID, name="Notes", config={"medicalCoding": paths})["datasetId"]
    output = {"s3OutputPath": f"s3://{bucket}/codes"}
    coding = health.start_medical_coding_job(domainId=DOMAIN_ID, text="A cough.", outputDataConfig=output)["jobId"]
    asked = {**insights(DOMAIN_ID), "outputDataConfig": {"s3OutputPath": f"s3://{bucket}/insights"}}
    summary = health.start_patient_insights_job(**asked)["jobId"]
    while True:
        found = [
            health.get_dataset(domainId=DOMAIN_ID, datasetId=dataset),
            health.get_medical_coding_job(domainId=DOMAIN_ID, jobId=coding),
            health.get_patient_insights_job(domainId=DOMAIN_ID, jobId=summary),
        ]
        if not {each.get("jobStatus", each.get("status")) for each in found} & {"CREATING", "SUBMITTED", "IN_PROGRESS"}:
            return found


def outputs(found: list[dict[str, Any]]) -> list[str]:
    dataset, coding, summary = found
    return [
        dataset["artifacts"]["medicalCoding"]["evaluationS3Uri"],
        coding["medicalCodingOutput"]["uri"],
        summary["insightsOutput"]["uri"],
    ]


@pytest.mark.parametrize("clock", ["autojump", "x100"])
def test_a_session_leaves_its_files_below_the_folder(folder: Path, tmp_path: Path, clock: str) -> None:
    with Mockscribe(ca_folder=folder, scenarios=[LINES], clock=clock, output_dir=str(tmp_path)) as mock:
        answer = visit(mock, coded("bucket"))
        told = results(connect(mock))
    assert {each["status"] for each in told.values()} == {"COMPLETED"}
    read = {name: json.loads((tmp_path / each["outputLocation"][5:]).read_bytes()) for name, each in told.items()}
    (turn,) = read["transcriptResult"]["Conversation"]["TranscriptSegments"]
    assert (turn["SegmentId"], turn["Content"]) == (answer.segments[0]["segmentId"], answer.finals[0])
    assert "A dry cough since Monday." in json.dumps(read["noteResult"]["ClinicalDocumentation"]["Sections"])
    assert [each["name"] for each in read["medicalCodesResult"]["medicalCodes"]][:1] == ["R05.9"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 4


def test_what_is_under_way_when_the_mock_is_left_is_written_first(folder: Path, tmp_path: Path) -> None:
    with Mockscribe(ca_folder=folder, scenarios=[LINES], clock="manual", output_dir=str(tmp_path)) as mock:
        visit(mock, coded("bucket"))
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 4


def test_a_session_leaves_its_files_in_s3(folder: Path, s3: tuple[str, Any]) -> None:
    url, client = s3
    with Mockscribe(ca_folder=folder, scenarios=[LINES], clock="autojump", s3_endpoint_url=url) as mock:
        visit(mock, coded("bucket"))
        told = results(connect(mock))
    assert {each["status"] for each in told.values()} == {"COMPLETED"}
    for each in told.values():
        found = client.get_object(Bucket="bucket", Key=each["outputLocation"].removeprefix("s3://bucket/"))
        assert found["ContentType"] == "application/json"
        assert json.loads(found["Body"].read())


def test_without_either_they_are_kept_in_memory(folder: Path) -> None:
    with Mockscribe(ca_folder=folder, scenarios=[LINES], clock="autojump") as mock:
        visit(mock, coded("bucket"))
        told = results(connect(mock))
        kept = {each.uri: each.content for each in mock.sessions.one().artifacts}
    assert set(kept) == {each["outputLocation"] for each in told.values()}
    assert all(kept.values())


def test_jobs_and_datasets_write_theirs_the_same_ways(folder: Path, tmp_path: Path, s3: tuple[str, Any]) -> None:
    url, client = s3
    with Mockscribe(ca_folder=folder, clock="autojump", output_dir=str(tmp_path)) as mock:
        for uri in outputs(jobs(connect(mock), "bucket")):
            assert json.loads((tmp_path / uri[5:]).read_bytes())
    with Mockscribe(ca_folder=folder, clock="autojump", s3_endpoint_url=url) as mock:
        for uri in outputs(jobs(connect(mock), "bucket")):
            found = client.get_object(Bucket="bucket", Key=uri.removeprefix("s3://bucket/"))
            assert json.loads(found["Body"].read())


def test_a_bucket_that_is_not_there_makes_each_fail_with_the_reason(folder: Path, s3: tuple[str, Any]) -> None:
    with Mockscribe(ca_folder=folder, scenarios=[LINES], clock="autojump", s3_endpoint_url=s3[0]) as mock:
        health = connect(mock)
        visit(mock, coded("no-such-bucket"))
        told = results(health)
        found = jobs(health, "no-such-bucket")
    assert {each["status"] for each in told.values()} == {"FAILED"}
    assert all("NoSuchBucket" in each["failureReason"] for each in told.values())
    assert [each.get("jobStatus", each.get("status")) for each in found] == ["CREATE_FAILED", "FAILED", "FAILED"]
    assert all("NoSuchBucket" in each["statusDetails"] for each in found)


@pytest.mark.parametrize("path", ["..", "../../outside", "a/../../../outside", "."])
def test_a_client_cannot_write_outside_the_folder(folder: Path, tmp_path: Path, path: str) -> None:
    out = tmp_path / "deep" / "out"
    with Mockscribe(ca_folder=folder, clock="autojump", output_dir=str(out)) as mock:
        health = connect(mock)
        job = health.start_medical_coding_job(
            domainId=DOMAIN_ID, text="x", outputDataConfig={"s3OutputPath": f"s3://bucket/{path}"}
        )
        while (found := health.get_medical_coding_job(domainId=DOMAIN_ID, jobId=job["jobId"]))["jobStatus"] not in (
            "SUCCEEDED",
            "FAILED",
        ):
            pass
    assert (found["jobStatus"], "no name of a file" in found["statusDetails"]) == ("FAILED", True)
    assert list(tmp_path.rglob("*")) == [tmp_path / "deep", out]


def test_a_disk_that_refuses_makes_the_artifact_fail_and_streams_go_on(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("a file where a folder should be")
    with Mockscribe(ca_folder=folder, scenarios=[LINES], clock="autojump", output_dir=str(tmp_path)) as mock:
        visit(mock, coded("bucket"))
        told = results(connect(mock))
        assert {each["status"] for each in told.values()} == {"FAILED"}
        assert "bucket" in told["noteResult"]["failureReason"]
        answer = visit(mock, coded("other"), session_id=SESSION_ID.replace("0", "1"))
        assert answer.finals == ["A dry cough since Monday."]

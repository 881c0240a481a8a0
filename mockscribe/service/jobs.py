"""What the two kinds of jobs have in common: they are started, known by a clientToken, and asked after."""

from __future__ import annotations

import random
import uuid
from typing import Any, TypeVar

from mockscribe.service import domains, idempotency
from mockscribe.service.call import Call, Input, Output, not_found
from mockscribe.service.documents import unusable
from mockscribe.service.resources import Job

J = TypeVar("J", bound=Job)


def earlier(call: Call, operation: str, kind: type[J], values: Input) -> J | None:
    """The job that the first request with this clientToken started.

    Raises:
        ServiceError: ConflictException, that request had other parameters.
    """
    key = idempotency.earlier(call, operation, values)
    return call.store.get(kind, key) if key is not None else None


def start(call: Call, operation: str, kind: type[J], values: Input, *, noun: str, request: Input, seconds: float) -> J:
    """A new job: `noun` as its ARN has it, `request` as its Get operation repeats it, `seconds` in progress."""
    domain_id = values["domainId"]
    job_id = call.store.new_id(kind, draw_id, domain_id)
    failure = unusable(call, request["outputDataConfig"]["s3OutputPath"])
    started = call.time + call.config.job_queue_seconds
    job = kind(
        number=call.store.next_number(),
        domain_id=domain_id,
        job_id=job_id,
        arn=call.arn(f"domain/{domain_id}/{noun}/{job_id}"),
        request=request,
        created=call.time,
        started=started,
        finished=started + seconds,
        failure=failure,
        settled=failure is not None,
        token=idempotency.remember(call, operation, values, f"{domain_id}/{job_id}"),
    )
    call.store.put(job)
    call.store.keep(kind, call.config.kept_jobs, call.time)
    return job


def created(call: Call, kind: type[J], values: Input) -> J:
    """The job that `domainId` and `jobId` name, which must have been started.

    Raises:
        ServiceError: ResourceNotFoundException.
    """
    domains.existing(call, values["domainId"])
    job = call.store.get(kind, f"{values['domainId']}/{values['jobId']}")
    if job is None:
        raise not_found("Job", values["jobId"])
    return job


def receipt(call: Call, job: Job) -> Output:
    """What starting it answers."""
    return {"jobArn": job.arn, "jobId": job.job_id, "creationTime": call.epoch(job.created)}


def description(call: Call, job: Job) -> dict[str, Any]:
    """What asking after it answers, without its output."""
    status = job.status(call.time)
    return {
        **job.request,
        **receipt(call, job),
        "jobStatus": status,
        "updatedTime": call.epoch(job.updated(call.time)),
        "statusDetails": job.failure if status == "FAILED" else None,
    }


def draw_id(chance: random.Random) -> str:
    """A UUID: MODEL, ArtifactSourceId, which a coding job's id must be."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))

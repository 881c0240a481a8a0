"""Medical coding jobs (preview): clinical text in, ICD-10 and CPT codes out."""

from __future__ import annotations

import msgspec

from mockscribe.service import datasets, domains, encounter, jobs, validation
from mockscribe.service.call import Call, Input, Output, refusal
from mockscribe.service.documents import Document, uri
from mockscribe.service.medical_codes import medical_codes
from mockscribe.service.resources import CodingJob
from mockscribe.service.serialisation import known_input

MAX_TEXT_CHARACTERS = 100_000
"""UG-mc, whose text the message is."""


def start(call: Call, values: Input) -> Output:
    """StartMedicalCodingJob.

    Raises:
        ServiceError: ResourceNotFoundException (domain, dataset), ValidationException, ConflictException (clientToken).
    """
    domains.usable(call, values["domainId"])
    _check(call, values)
    job = jobs.earlier(call, "StartMedicalCodingJob", CodingJob, values)
    if job is None:
        if values.get("datasetId") is not None:
            datasets.require_active(call, values)
        job = jobs.start(
            call,
            "StartMedicalCodingJob",
            CodingJob,
            values,
            noun="medical-coding-job",
            request=known_input("StartMedicalCodingJobRequest", values, "domainId", "clientToken"),
            seconds=call.config.coding_job_seconds,
        )
    return jobs.receipt(call, job)


def get(call: Call, values: Input) -> Output:
    """GetMedicalCodingJob; 404 for every id that was not started, also without --strict-resources."""
    job = jobs.created(call, CodingJob, values)
    output = {"uri": _location(job)} if job.status(call.time) == "SUCCEEDED" else None
    return {**jobs.description(call, job), "medicalCodingOutput": output}


def document(job: CodingJob) -> Document:
    """The medical codes."""
    status = job.request.get("patientContext", {}).get("status")
    codes = medical_codes(job.request["text"], established=status != "NEW")
    return Document(work=job, uri=_location(job), body=msgspec.json.encode(codes))


def _location(job: CodingJob) -> str:
    return uri(job.request["outputDataConfig"]["s3OutputPath"], job.job_id, "medical-codes.json")  # UG-mc


def _check(call: Call, values: Input) -> None:
    if len(values["text"]) > MAX_TEXT_CHARACTERS:
        text = f"Text field exceeds maximum length of {MAX_TEXT_CHARACTERS} characters"
        raise refusal("ValidationException", text)
    today = call.today()
    found = [
        *encounter.patient_violations("patientContext", values.get("patientContext") or {}, today),
        *encounter.encounter_violations("encounterContext", values.get("encounterContext") or {}, today),
    ]
    if found:
        raise refusal("ValidationException", validation.message(found))

"""Patient insights jobs: a patient's records in, a summary before the visit out."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from mockscribe.service import domains, jobs, quotas
from mockscribe.service.call import Call, Input, Output
from mockscribe.service.documents import Document, uri
from mockscribe.service.resources import InsightsJob
from mockscribe.service.serialisation import known_input


def start(call: Call, values: Input) -> Output:
    """StartPatientInsightsJob.

    Raises:
        ServiceError: ResourceNotFoundException (domain), ConflictException (clientToken), ThrottlingException (quota).
    """
    domains.usable(call, values["domainId"])
    job = jobs.earlier(call, "StartPatientInsightsJob", InsightsJob, values)
    if job is None:
        quotas.check_insights_jobs(call, values["domainId"])
        job = jobs.start(
            call,
            "StartPatientInsightsJob",
            InsightsJob,
            values,
            noun="patient-insights-job",
            request=_without_credentials(
                known_input("StartPatientInsightsJobRequest", values, "domainId", "clientToken")
            ),
            seconds=call.config.insights_job_seconds,
        )
    return jobs.receipt(call, job)


def get(call: Call, values: Input) -> Output:
    """GetPatientInsightsJob; 404 for every id that was not started, also without --strict-resources."""
    job = jobs.created(call, InsightsJob, values)
    output = {"uri": _location(job)} if job.status(call.time) == "SUCCEEDED" else None
    return {**jobs.description(call, job), "insightsOutput": output}


def document(call: Call, job: InsightsJob) -> Document:
    """The summary, in the form that SAMPLE reads; it says what the request said, for there are no records to read."""
    moment = datetime.datetime.fromtimestamp(call.epoch(job.finished) or 0, datetime.UTC)
    data: dict[str, Any] = job.request["inputDataConfig"]
    sources = [each["uri"] for each in data.get("s3Sources", ())]
    if "fhirServer" in data:
        sources.append(data["fhirServer"]["fhirEndpoint"])
    sections = {
        "REASON FOR VISIT": [f"The patient comes for: {job.request['encounterContext']['encounterReason']}."],
        "SOURCES": [f"Records were taken from {source}." for source in sources] or ["No records were named."],
    }
    summary = {
        "JobId": job.job_id,
        "SummaryType": "Pre-visit",
        "PatientId": job.request["patientContext"]["patientId"],
        "GeneratedAt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "Sections": [
            {"SectionName": name, "ClinicalNarrative": [{"Text": text, "Evidence": []} for text in texts]}
            for name, texts in sections.items()
        ],
    }
    body = msgspec.json.encode({"PatientSummaries": [{"PatientSummary": summary}]})
    return Document(work=job, uri=_location(job), body=body)


def _location(job: InsightsJob) -> str:
    path = job.request["outputDataConfig"]["s3OutputPath"]
    return uri(path, job.job_id, job.request["patientContext"]["patientId"], "summary.json")  # SAMPLE


def _without_credentials(request: dict[str, Any]) -> dict[str, Any]:
    """Own choice: the token that opens the FHIR server is neither kept nor repeated."""
    data = request["inputDataConfig"]
    if "fhirServer" not in data:
        return request
    server = {name: value for name, value in data["fhirServer"].items() if name != "oauthToken"}
    return {**request, "inputDataConfig": {**data, "fhirServer": server}}

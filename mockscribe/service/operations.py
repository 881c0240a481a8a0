"""Which function answers which operation, and the documents that finished work leaves.

Adding an operation is a refreshed model and a line here. StartMedicalScribeListeningSession, which is a stream, is
answered by `listening.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockscribe.service import (
    artifacts,
    coding_jobs,
    datasets,
    domains,
    feedback,
    insights_jobs,
    listening_sessions,
    subscriptions,
    tags,
)
from mockscribe.service.call import Call, Handler
from mockscribe.service.documents import Document
from mockscribe.service.resources import Artifact, CodingJob, Dataset, InsightsJob, ListeningSession, Work

HANDLERS: Mapping[str, Handler] = {
    "CreateDomain": domains.create,
    "GetDomain": domains.get,
    "ListDomains": domains.list_all,
    "DeleteDomain": domains.delete,
    "CreateSubscription": subscriptions.create,
    "GetSubscription": subscriptions.get,
    "ListSubscriptions": subscriptions.list_all,
    "ActivateSubscription": subscriptions.activate,
    "DeactivateSubscription": subscriptions.deactivate,
    "CreateDataset": datasets.create,
    "GetDataset": datasets.get,
    "ListDatasets": datasets.list_all,
    "DeleteDataset": datasets.delete,
    "StartMedicalCodingJob": coding_jobs.start,
    "GetMedicalCodingJob": coding_jobs.get,
    "StartPatientInsightsJob": insights_jobs.start,
    "GetPatientInsightsJob": insights_jobs.get,
    "SubmitFeedback": feedback.submit,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_all,
    "GetMedicalScribeListeningSession": listening_sessions.get,
}


def documents_due(call: Call) -> tuple[Document, ...]:
    """What finished work leaves behind by now and is not written yet. Write each, then `documents.settle` it.

    To be done before a request is answered, and whenever `Store.next_change` has come.
    """
    return tuple(_document(call, work) for work in call.store.due(call.time))


def documents(call: Call) -> tuple[Document, ...]:
    """What all work that has succeeded by now has left behind, kind by kind, each in the order of its creation."""
    kinds: tuple[type[Work], ...] = (Dataset, CodingJob, InsightsJob, Artifact)
    done = [work for kind in kinds for work in call.store.all(kind) if work.over(call.time) and not work.failure]
    return tuple(_document(call, work) for work in done if not (isinstance(work, Artifact) and work.skipped))


def _document(call: Call, work: Work) -> Document:
    match work:
        case Dataset():
            return datasets.document(work)
        case CodingJob():
            return coding_jobs.document(work)
        case InsightsJob():
            return insights_jobs.document(call, work)
        case Artifact(session_key=key):
            session = call.store.get(ListeningSession, key)
            assert session is not None, "a session and its artifacts go together"
            return artifacts.document(session, work, transcript_form=call.config.transcript_form)
        case _:
            raise TypeError(f"{type(work).__name__} leaves no document")

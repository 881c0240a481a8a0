"""What a session has left behind: its artifacts and their documents, wherever they were written."""

from __future__ import annotations

from typing import Any

import msgspec

from mockscribe.account import Account
from mockscribe.live import Session
from mockscribe.service import artifacts
from mockscribe.service.resources import Artifact, ListeningSession


class ArtifactSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact: `transcript`, `note`, `afterVisitSummary` or `codes`.

    `status` is PENDING, IN_PROGRESS, COMPLETED, FAILED (`failure` says why) or SKIPPED; `content` is its document once
    it is COMPLETED, and `uri` where that is, or would be, in S3.
    """

    name: str
    status: str
    uri: str
    failure: str | None
    content: Any


def artifacts_of(account: Account, session: Session, now: float) -> tuple[ArtifactSummary, ...]:
    """The session's artifacts in the order in which they are made; none before its last stream is over."""
    record, time = account.store.get(ListeningSession, session.key), account.clock.time(now)
    kept = [account.store.get(Artifact, f"{session.key}/{name}") for name in artifacts.NAMES]
    return tuple(_summary(account, record, each, time) for each in kept if record is not None and each is not None)


def _summary(account: Account, session: ListeningSession, artifact: Artifact, time: float) -> ArtifactSummary:
    status, content = artifact.status(time), None
    if status == "COMPLETED":
        document = artifacts.document(session, artifact, transcript_form=account.mock.config.transcript_form)
        content = msgspec.json.decode(document.body)
    failure = artifact.failure if status == "FAILED" else None
    return ArtifactSummary(name=artifact.name, status=status, uri=artifact.uri, failure=failure, content=content)

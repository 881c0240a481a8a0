"""What an account has, as frozen values that carry their whole timeline.

Times are mock time, seconds. Nothing is scheduled: a resource's status is a function of the time that it is asked at,
and `moments` are the times at which it changes on its own. `number` is its place in the order of creation. Every value
survives JSON, so that a store can be kept. Life cycles are those of facts.md 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec
from msgspec.structs import replace


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Anything a store keeps: `kind` is its table, `key` its name there."""

    kind: ClassVar[str]
    number: int

    @property
    def key(self) -> str:
        raise NotImplementedError

    @property
    def moments(self) -> tuple[float, ...]:
        """The times at which it changes on its own."""
        return ()


class Domain(Resource, frozen=True, kw_only=True):
    """A domain; `web_app` is its webAppConfiguration. It is DELETING from `deleting` on and gone at `deleted`."""

    kind = "domain"
    domain_id: str
    arn: str
    name: str
    created: float
    kms_key_arn: str | None = None
    web_app: Mapping[str, str] | None = None
    deleting: float | None = None
    deleted: float | None = None

    @property
    def key(self) -> str:
        return self.domain_id

    @property
    def moments(self) -> tuple[float, ...]:
        return () if self.deleted is None else (self.deleted,)

    def status(self, time: float) -> str:
        """ACTIVE at once: the model has no CREATING."""
        if self.deleted is None:
            return "ACTIVE"
        return "DELETING" if time < self.deleted else "DELETED"


class Subscription(Resource, frozen=True, kw_only=True):
    """A subscription; `activated` and `deactivated` are when it last was."""

    kind = "subscription"
    domain_id: str
    subscription_id: str
    arn: str
    created: float
    updated: float
    active: bool = True
    activated: float | None = None
    deactivated: float | None = None

    @property
    def key(self) -> str:
        return f"{self.domain_id}/{self.subscription_id}"

    def status(self) -> str:
        """A subscription is never DELETED: it goes with its domain."""
        return "ACTIVE" if self.active else "INACTIVE"


class Work(Resource, frozen=True, kw_only=True):
    """What takes until `finished` and leaves a document behind.

    It has its result only once that document is where it belongs (`settled`), so that a client which sees success finds
    it. `failure` says why there is none.
    """

    domain_id: str
    arn: str
    created: float
    finished: float
    failure: str | None = None
    settled: bool = False

    @property
    def moments(self) -> tuple[float, ...]:
        return (self.finished,)

    def over(self, time: float) -> bool:
        """Whether the result is there."""
        return self.settled and time >= self.finished

    def hurried(self, time: float) -> Self:
        """The same work, finished at `time` at the latest."""
        return replace(self, finished=min(self.finished, time))


class Dataset(Work, frozen=True, kw_only=True):
    """A dataset: CREATING until the work is over; DELETING from `deleting` to `deleted`, unless `deletion_failure`."""

    kind = "dataset"
    dataset_id: str
    name: str
    config: Mapping[str, Any]
    deleting: float | None = None
    deleted: float | None = None
    deletion_failure: str | None = None

    @property
    def key(self) -> str:
        return f"{self.domain_id}/{self.dataset_id}"

    @property
    def moments(self) -> tuple[float, ...]:
        return (self.finished,) if self.deleted is None else (self.finished, self.deleted)

    def status(self, time: float) -> str:
        """One of DatasetStatus."""
        if self.deleted is not None:
            if time < self.deleted:
                return "DELETING"
            return "DELETE_FAILED" if self.deletion_failure else "DELETED"
        if not self.over(time):
            return "CREATING"
        return "CREATE_FAILED" if self.failure else "ACTIVE"

    def details(self, time: float) -> str | None:
        """Why it is in the state of failure that it is in."""
        return {"CREATE_FAILED": self.failure, "DELETE_FAILED": self.deletion_failure}.get(self.status(time))

    def updated(self, time: float) -> float:
        """When its status last changed."""
        built = self.finished if self.over(time) else self.created
        return max(moment for moment in (built, self.deleting, self.deleted) if moment is not None and moment <= time)


class Job(Work, frozen=True, kw_only=True):
    """A job: SUBMITTED, IN_PROGRESS from `started` on, then SUCCEEDED or FAILED.

    `request` is what the client asked for, by the model's member names, as the Get operation repeats it; `token` is the
    key of its Token.
    """

    job_id: str
    request: Mapping[str, Any]
    started: float
    token: str | None = None

    @property
    def key(self) -> str:
        return f"{self.domain_id}/{self.job_id}"

    @property
    def moments(self) -> tuple[float, ...]:
        return (self.started, self.finished)

    def hurried(self, time: float) -> Self:
        return replace(super().hurried(time), started=min(self.started, time))

    def status(self, time: float) -> str:
        """One of JobStatus."""
        if time < self.started:
            return "SUBMITTED"
        if not self.over(time):
            return "IN_PROGRESS"
        return "FAILED" if self.failure else "SUCCEEDED"

    def updated(self, time: float) -> float:
        """When its status last changed."""
        if time < self.started:
            return self.created
        return self.finished if self.over(time) else self.started


class CodingJob(Job, frozen=True, kw_only=True):
    """A medical coding job."""

    kind = "coding_job"


class InsightsJob(Job, frozen=True, kw_only=True):
    """A patient insights job."""

    kind = "insights_job"


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A final segment as it was streamed; `begin` and `end` are seconds of the session's audio."""

    segment_id: str
    begin: float
    end: float
    content: str
    role: str | None = None


class ListeningSession(Resource, frozen=True, kw_only=True):
    """A listening session, from its first accepted configuration on.

    `parameters` and `configuration` are the client's, by the model's member names. `state` is its streamStatus as it
    was last set; a PAUSED one is FAILED from `expires` on. `samples` is the audio received, per channel; `numbered` the
    segments that were named by number, `attempts` the requests for its id. `contents` are what a scenario wants in its
    artifacts.
    """

    kind = "listening_session"
    session_key: str
    parameters: Mapping[str, Any]
    configuration: Mapping[str, Any]
    state: str
    created: float
    expires: float | None = None
    ended: float | None = None
    samples: int = 0
    segments: tuple[Spoken, ...] = ()
    numbered: int = 0
    attempts: int = 0
    contents: Mapping[str, Any] = {}

    @property
    def key(self) -> str:
        return self.session_key

    def status(self, time: float) -> str:
        """streamStatus."""
        late = self.state == "PAUSED" and self.expires is not None and time >= self.expires
        return "FAILED" if late else self.state


class Artifact(Work, frozen=True, kw_only=True):
    """A file that a session leaves: PENDING, IN_PROGRESS from `started`, then COMPLETED, FAILED or SKIPPED."""

    kind = "artifact"
    session_key: str
    name: str
    uri: str
    started: float
    skipped: bool = False

    @property
    def key(self) -> str:
        return f"{self.session_key}/{self.name}"

    @property
    def moments(self) -> tuple[float, ...]:
        return (self.started, self.finished)

    def hurried(self, time: float) -> Self:
        return replace(super().hurried(time), started=min(self.started, time))

    def status(self, time: float) -> str:
        """One of PostStreamArtifactGenerationStatus."""
        if time < self.started:
            return "PENDING"
        if not self.over(time):
            return "IN_PROGRESS"
        if self.skipped:
            return "SKIPPED"
        return "FAILED" if self.failure else "COMPLETED"


class Feedback(Resource, frozen=True, kw_only=True):
    """Feedback that a client submitted; `token` is the key of its Token."""

    kind = "feedback"
    domain_id: str
    created: float
    request: Mapping[str, Any]
    token: str | None = None

    @property
    def key(self) -> str:
        return f"#{self.number}"

    def over(self, time: float) -> bool:
        """There is nothing to wait for."""
        return True


class Tags(Resource, frozen=True, kw_only=True):
    """The tags of one ARN."""

    kind = "tags"
    arn: str
    tags: Mapping[str, str]

    @property
    def key(self) -> str:
        return self.arn


class Token(Resource, frozen=True, kw_only=True):
    """A clientToken that an operation has seen: the `fingerprint` of its other parameters, the key of the `result`."""

    kind = "token"
    operation: str
    client_token: str
    fingerprint: str
    result: str

    @property
    def key(self) -> str:
        return f"{self.operation}/{self.client_token}"


KINDS: Mapping[str, type[Resource]] = {
    each.kind: each
    for each in (
        Domain,
        Subscription,
        Dataset,
        CodingJob,
        InsightsJob,
        ListeningSession,
        Artifact,
        Feedback,
        Tags,
        Token,
    )
}

"""The service's documented quotas and rates (facts.md 9: UG-quota, UG-mc), which --enforce-quotas turns on."""

from __future__ import annotations

from collections.abc import Mapping

from mockscribe.service.call import Call, refusal
from mockscribe.service.resources import Domain, InsightsJob

MAX_DOMAINS = 10
"""UG-quota: per account, fixed. A domain counts until it is gone (own choice)."""

MAX_INSIGHTS_JOBS = 25
"""UG-quota: at the same time in a domain."""

RATES: Mapping[str, int] = {
    "StartMedicalScribeListeningSession": 2,
    "GetMedicalScribeListeningSession": 10,
    "StartPatientInsightsJob": 5,
    "GetPatientInsightsJob": 10,
    "StartMedicalCodingJob": 5,
    "GetMedicalCodingJob": 10,
    "ListDomains": 5,
    "GetDomain": 5,
    "CreateDomain": 1,
    "DeleteDomain": 1,
    "CreateSubscription": 1,
    "GetSubscription": 5,
    "ListSubscriptions": 5,
    "ActivateSubscription": 1,
    "DeactivateSubscription": 1,
}
"""UG-quota, UG-mc: requests a second, per account. Operations that are not here have no public rate."""


class Rates:
    """A bucket of requests for each operation: it holds a second's worth (own choice) and fills in mock time."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, operation: str, time: float) -> None:
        """Take one request.

        Raises:
            ServiceError: ThrottlingException 429, also for operations that do not model it (row 30).
        """
        rate = RATES.get(operation)
        if rate is None:
            return
        left, since = self._buckets.get(operation, (float(rate), time))
        left = min(float(rate), left + (time - since) * rate)
        if left < 1:
            raise refusal("ThrottlingException", f"The rate of {operation} is limited to {rate} a second.")
        self._buckets[operation] = (left - 1, time)


def check_domains(call: Call) -> None:
    """Make sure that the account may have one more domain.

    Raises:
        ServiceError: ServiceQuotaExceededException.
    """
    if not call.config.enforce_quotas:
        return
    if sum(each.status(call.time) != "DELETED" for each in call.store.all(Domain)) >= MAX_DOMAINS:
        raise refusal("ServiceQuotaExceededException", f"An account can have {MAX_DOMAINS} domains.")


def check_insights_jobs(call: Call, domain_id: str) -> None:
    """Make sure that the domain may have one more patient insights job.

    Raises:
        ServiceError: ThrottlingException; the operation models no ServiceQuotaExceededException.
    """
    if not call.config.enforce_quotas:
        return
    jobs = call.store.all(InsightsJob)
    if sum(each.domain_id == domain_id and not each.over(call.time) for each in jobs) >= MAX_INSIGHTS_JOBS:
        text = f"A domain can have {MAX_INSIGHTS_JOBS} patient insights jobs at the same time."
        raise refusal("ThrottlingException", text)


def check_sessions(call: Call) -> None:
    """Make sure that the account may have one more live listening session.

    Raises:
        ServiceError: as `session_quota_error` says (row 30).
    """
    limit = call.config.concurrent_sessions
    if not call.config.enforce_quotas or call.sessions.live_sessions < limit:
        return
    throttling = call.config.session_quota_error == "throttling"
    shape = "ThrottlingException" if throttling else "ServiceQuotaExceededException"
    raise refusal(shape, f"You have reached your limit of concurrent sessions, {limit}. Try again later.")

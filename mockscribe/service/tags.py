"""Tags by ARN. Everything that has an ARN can be tagged (own choice; CreateDomain is the only one that takes tags).

The three operations model no error at all. An ARN that is none of this service's gets ValidationException, one whose
resource is gone (or unknown under --strict-resources) ResourceNotFoundException: what other operations would answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mockscribe.service import domains
from mockscribe.service.call import Call, Input, Output, not_found, refusal
from mockscribe.service.resources import CodingJob, Dataset, Domain, InsightsJob, Subscription, Tags

NOUNS: Mapping[str, type[Subscription | Dataset | CodingJob | InsightsJob]] = {
    "subscription": Subscription,
    "dataset": Dataset,
    "medical-coding-job": CodingJob,
    "patient-insights-job": InsightsJob,
}

_ARN = re.compile(
    rf"arn:aws[a-z-]*:health-agent:[a-z0-9-]+:[0-9]{{12}}:domain/((?:hai-|dom-)[a-z0-9]+)"
    rf"(?:/({'|'.join(NOUNS)})/([a-zA-Z0-9-]+))?"
)


def tag(call: Call, values: Input) -> Output:
    """TagResource: a key that is there already gets the new value."""
    arn = _resource(call, values["resourceArn"])
    _put(call, arn, {**_tags(call, arn), **values["tags"]})
    return {}


def untag(call: Call, values: Input) -> Output:
    """UntagResource: a key that is not there is no error."""
    arn = _resource(call, values["resourceArn"])
    _put(call, arn, {key: value for key, value in _tags(call, arn).items() if key not in values["tagKeys"]})
    return {}


def list_all(call: Call, values: Input) -> Output:
    """ListTagsForResource."""
    return {"tags": _tags(call, _resource(call, values["resourceArn"]))}


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kept = call.store.get(Tags, arn)
    return {} if kept is None else kept.tags


def _put(call: Call, arn: str, tags: Mapping[str, str]) -> None:
    kept = call.store.get(Tags, arn)
    if tags:
        call.store.put(Tags(number=call.store.next_number() if kept is None else kept.number, arn=arn, tags=tags))
    elif kept is not None:
        call.store.remove(kept)


def _resource(call: Call, arn: str) -> str:
    """The ARN that the resource's tags are kept by: its own, or the given one where it was never created."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise refusal("ValidationException", f"{arn} is not the ARN of a resource of this service.")
    domain_id, noun, name = found.groups()
    resource: Domain | Subscription | Dataset | CodingJob | InsightsJob | None = domains.existing(call, domain_id)
    if noun is not None:
        resource = call.store.get(NOUNS[noun], f"{domain_id}/{name}")
    gone = isinstance(resource, Dataset) and resource.status(call.time) == "DELETED"
    unknown = resource is None or resource.arn != arn
    if gone or (unknown and call.config.strict_resources):
        raise not_found("Resource", arn)
    return arn if resource is None else resource.arn

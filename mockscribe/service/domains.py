"""Domains: what the other resources live in.

A domain that was deleted is kept as such, so that its id stays gone also where unknown ids are taken as existing.
CreateDomain has no clientToken and names may repeat, so every call makes a domain (own choice; the model marks the
operation idempotent without saying how).
"""

from __future__ import annotations

import random
import string
from typing import Any

from msgspec.structs import replace

from mockscribe.errors import ServiceError
from mockscribe.service import quotas
from mockscribe.service.call import Call, Input, Output, not_found, refusal
from mockscribe.service.pagination import page
from mockscribe.service.resources import Domain, Tags


def create(call: Call, values: Input) -> Output:
    """CreateDomain."""
    quotas.check_domains(call)
    domain_id = call.store.new_id(Domain, _draw_id)
    web_app = values.get("webAppSetupConfiguration")
    domain = Domain(
        number=call.store.next_number(),
        domain_id=domain_id,
        arn=call.arn(f"domain/{domain_id}"),
        name=values["name"],
        created=call.time,
        kms_key_arn=values.get("kmsKeyArn"),
        web_app=None if web_app is None else _web_app(domain_id, web_app),
    )
    call.store.put(domain)
    if values.get("tags"):
        call.store.put(Tags(number=call.store.next_number(), arn=domain.arn, tags=values["tags"]))
    return _description(call, domain)


def get(call: Call, values: Input) -> Output:
    """GetDomain; 404 for every id that was not created, also without --strict-resources: there is nothing to show."""
    domain = created(call, values["domainId"])
    tags = call.store.get(Tags, domain.arn)
    return {**_description(call, domain), "tags": {} if tags is None else tags.tags}


def list_all(call: Call, values: Input) -> Output:
    """ListDomains. What is DELETED is gone and not listed, whatever the filter (own choice: datasets do so, MODEL)."""
    wanted = ("ACTIVE", "DELETING") if values.get("status") is None else (values["status"],)
    domains = [
        each for each in call.store.all(Domain) if (status := each.status(call.time)) in wanted and status != "DELETED"
    ]
    shown, token = page(call, domains, values, "domains")
    return {"domains": [_summary(call, each) for each in shown], "nextToken": token}


def delete(call: Call, values: Input) -> Output:
    """DeleteDomain: DELETING, then gone with all that lives in it (row 36); again while it goes changes nothing."""
    domain = created(call, values["domainId"])
    if domain.deleting is None:
        until = call.time + call.config.domain_deletion_seconds
        domain = replace(domain, deleting=call.time, deleted=until)
        call.store.put(domain)
    return {"domainId": domain.domain_id, "arn": domain.arn, "status": domain.status(call.time)}


# ---- what other resources ask of their domain


def created(call: Call, domain_id: str) -> Domain:
    """The domain, which must have been created and not be gone.

    Raises:
        ServiceError: ResourceNotFoundException.
    """
    domain = call.store.get(Domain, domain_id)
    if domain is None or domain.status(call.time) == "DELETED":
        raise not_found("Domain", domain_id)
    return domain


def existing(call: Call, domain_id: str) -> Domain | None:
    """The domain, for reading in it; None: it was never created, and is taken as existing.

    Raises:
        ServiceError: ResourceNotFoundException, it is gone, or unknown under --strict-resources.
    """
    if not call.config.strict_resources and call.store.get(Domain, domain_id) is None:
        return None
    return created(call, domain_id)


def usable(call: Call, domain_id: str) -> Domain | None:
    """The domain, for something new in it.

    Raises:
        ServiceError: as `existing`, and also when it is DELETING (row 23).
    """
    domain = existing(call, domain_id)
    if domain is not None and domain.status(call.time) == "DELETING":
        raise inactive(call, "Domain", domain_id)
    return domain


def inactive(call: Call, what: str, name: str) -> ServiceError:
    """The error for what is there but cannot be used (row 23)."""
    if call.config.inactive_resource == "access-denied":
        return refusal("AccessDeniedException", f"{what} {name} is not active.")
    return refusal("ResourceNotFoundException", f"{what} {name} is not active.")


def _summary(call: Call, domain: Domain) -> dict[str, Any]:
    """A DomainSummary, which is also the beginning of every description."""
    return {
        "domainId": domain.domain_id,
        "arn": domain.arn,
        "name": domain.name,
        "status": domain.status(call.time),
        "createdAt": call.epoch(domain.created),
    }


def _description(call: Call, domain: Domain) -> dict[str, Any]:
    key = domain.kms_key_arn
    return {
        **_summary(call, domain),
        "kmsKeyArn": key,
        "encryptionContext": {
            "encryptionType": "AWS_OWNED_KEY" if key is None else "CUSTOMER_MANAGED_KEY",
            "kmsKeyArn": key,
        },
        # Own choice: what the real address looks like is not public, and this one can lead nowhere (RFC 6761, 6.4).
        "webAppUrl": None if domain.web_app is None else f"https://{domain.domain_id}.health-agent.invalid/",
        "webAppConfiguration": domain.web_app,
    }


def _draw_id(chance: random.Random) -> str:
    # `hai-` or `dom-` and 16 to 21 characters (MODEL); UG-mc's example has 16.
    return "hai-" + "".join(chance.choices(string.ascii_lowercase + string.digits, k=16))


def _web_app(domain_id: str, setup: Input) -> dict[str, str]:
    """The webAppConfiguration that a webAppSetupConfiguration leads to: the service makes an application of its own."""
    return {
        "ehrRole": setup["ehrRole"],
        "idcApplicationId": f"apl-{domain_id.partition('-')[2]}",
        "idcRegion": setup["idcRegion"],
    }

"""Subscriptions: one a clinician, in a domain; active when created (UG-sub). There is no update and no delete."""

from __future__ import annotations

import random
import string
from typing import Any

from msgspec.structs import replace

from mockscribe.service import domains
from mockscribe.service.call import Call, Input, Output, not_found, refusal
from mockscribe.service.pagination import page
from mockscribe.service.resources import Subscription


def create(call: Call, values: Input) -> Output:
    """CreateSubscription."""
    domain_id = values["domainId"]
    domains.usable(call, domain_id)
    subscription_id = call.store.new_id(Subscription, _draw_id, domain_id)
    subscription = Subscription(
        number=call.store.next_number(),
        domain_id=domain_id,
        subscription_id=subscription_id,
        arn=call.arn(f"domain/{domain_id}/subscription/{subscription_id}"),
        created=call.time,
        updated=call.time,
        activated=call.time,
    )
    call.store.put(subscription)
    return _description(call, subscription)


def get(call: Call, values: Input) -> Output:
    """GetSubscription; 404 for every id that was not created, also without --strict-resources."""
    domains.existing(call, values["domainId"])
    return {"subscription": _description(call, created(call, values))}


def list_all(call: Call, values: Input) -> Output:
    """ListSubscriptions."""
    domain_id = values["domainId"]
    domains.existing(call, domain_id)
    mine = [each for each in call.store.all(Subscription) if each.domain_id == domain_id]
    shown, token = page(call, mine, values, f"subscriptions:{domain_id}")
    return {"subscriptions": [_description(call, each) for each in shown], "nextToken": token}


def activate(call: Call, values: Input) -> Output:
    """ActivateSubscription."""
    return _turn(call, values, active=True)


def deactivate(call: Call, values: Input) -> Output:
    """DeactivateSubscription: no new sessions; those that run go on (UG-sub)."""
    return _turn(call, values, active=False)


# ---- what others ask of a subscription


def created(call: Call, values: Input) -> Subscription:
    """The subscription that `domainId` and `subscriptionId` name, which must have been created.

    Raises:
        ServiceError: ResourceNotFoundException.
    """
    subscription = call.store.get(Subscription, f"{values['domainId']}/{values['subscriptionId']}")
    if subscription is None:
        raise not_found("Subscription", values["subscriptionId"])
    return subscription


def existing(call: Call, values: Input) -> Subscription | None:
    """The subscription, active or not; None: it was never created, and is taken as existing.

    Raises:
        ServiceError: ResourceNotFoundException, its domain is gone, or one of the two is unknown under
            --strict-resources.
    """
    domains.existing(call, values["domainId"])
    if call.config.strict_resources:
        return created(call, values)
    return call.store.get(Subscription, f"{values['domainId']}/{values['subscriptionId']}")


def usable(call: Call, values: Input) -> Subscription | None:
    """The subscription, for a new listening session.

    Raises:
        ServiceError: as `existing`, and also when it is INACTIVE or its domain DELETING (row 23).
    """
    domains.usable(call, values["domainId"])
    subscription = existing(call, values)
    if subscription is not None and not subscription.active:
        raise domains.inactive(call, "Subscription", subscription.subscription_id)
    return subscription


def _turn(call: Call, values: Input, *, active: bool) -> Output:
    domains.usable(call, values["domainId"])
    subscription = created(call, values)
    if subscription.active is active:
        if call.config.repeated_activation == "reject":
            text = f"Subscription {subscription.subscription_id} is {subscription.status()} already."
            raise refusal("ValidationException", text)
    else:
        when = {"activated" if active else "deactivated": call.time}
        subscription = replace(subscription, active=active, updated=call.time, **when)
        call.store.put(subscription)
    return {"subscription": _description(call, subscription)}


def _description(call: Call, subscription: Subscription) -> dict[str, Any]:
    return {
        "domainId": subscription.domain_id,
        "subscriptionId": subscription.subscription_id,
        "arn": subscription.arn,
        "status": subscription.status(),
        "createdAt": call.epoch(subscription.created),
        "lastUpdatedAt": call.epoch(subscription.updated),
        "activatedAt": call.epoch(subscription.activated),
        "deactivatedAt": call.epoch(subscription.deactivated),
    }


def _draw_id(chance: random.Random) -> str:
    return "sub-" + "".join(chance.choices(string.ascii_letters + string.digits, k=21))  # MODEL, SubscriptionId

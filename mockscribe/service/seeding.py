"""Resources that are there from the start: the content of an `--init` file → domains and subscriptions in a store.

    domains:
      - id: hai-0123456789abcdef        # required, the form of the model
        name: Clinic                    # else the id
        account: "123456789012"         # else in every account
        region: us-west-2               # else us-east-1; stands in the ARNs
        tags: {team: blue}
        subscriptions:
          - sub-0123456789abcdefghijk
          - {id: sub-abcdefghijk0123456789, status: INACTIVE}

Pure: whoever reads the file hands in what it contains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from mockscribe.errors import ConfigError
from mockscribe.service import validation
from mockscribe.service.call import DEFAULT_REGION, arn
from mockscribe.service.model import service_model
from mockscribe.service.resources import Domain, Subscription, Tags
from mockscribe.service.store import Store


class SubscriptionSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscription of an `--init` file."""

    id: str
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


class DomainSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A domain of an `--init` file; `account` None: every account has it."""

    id: str
    name: str | None = None
    account: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$")] | None = None
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+$")] = DEFAULT_REGION
    tags: Mapping[str, str] = {}
    subscriptions: tuple[str | SubscriptionSeed, ...] = ()


class Seeds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of an `--init` file."""

    domains: tuple[DomainSeed, ...] = ()


def parse(source: str, content: object) -> Seeds:
    """The seeds that the file `source` contains; `content` is what YAML or JSON makes of it, None when it is empty.

    Raises:
        ConfigError: naming the file and the key.
    """
    try:
        seeds = msgspec.convert({} if content is None else content, Seeds)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = path.removesuffix("`").removeprefix(".")
        hint = "; write it in quotes" if "Expected `str" in message and "got `int`" in message else ""
        raise ConfigError(f"{source}: {where}" if where else source, f"{message}{hint}") from None
    for path, shape, value in _constrained(seeds):
        for violation in validation.violations(service_model().shapes[shape], value, path):
            raise ConfigError(f"{source}: {path}", violation)
    seen: set[tuple[str | None, str]] = set()
    for number, seed in enumerate(seeds.domains):
        if (seed.account, seed.id) in seen or (None, seed.id) in seen:
            raise ConfigError(f"{source}: domains[{number}].id", f"{seed.id} is there already")
        seen.add((seed.account, seed.id))
    return seeds


def plant(store: Store, seeds: Seeds, account: str, time: float = 0.0) -> None:
    """Create what an account is to have; a domain or subscription that it has already stays as it is."""
    for seed in seeds.domains:
        if seed.account not in (None, account):
            continue
        domain_arn = arn(seed.region, account, f"domain/{seed.id}")
        if store.get(Domain, seed.id) is None:
            store.put(
                Domain(
                    number=store.next_number(),
                    domain_id=seed.id,
                    arn=domain_arn,
                    name=seed.name or seed.id,
                    created=time,
                )
            )
            if seed.tags:
                store.put(Tags(number=store.next_number(), arn=domain_arn, tags=seed.tags))
        for subscription in _subscriptions(seed):
            if store.get(Subscription, f"{seed.id}/{subscription.id}") is None:
                active = subscription.status == "ACTIVE"
                store.put(
                    Subscription(
                        number=store.next_number(),
                        domain_id=seed.id,
                        subscription_id=subscription.id,
                        arn=f"{domain_arn}/subscription/{subscription.id}",
                        created=time,
                        updated=time,
                        active=active,
                        activated=time,
                        deactivated=None if active else time,
                    )
                )


def _subscriptions(seed: DomainSeed) -> Iterator[SubscriptionSeed]:
    for each in seed.subscriptions:
        yield SubscriptionSeed(id=each) if isinstance(each, str) else each


def _constrained(seeds: Seeds) -> Iterator[tuple[str, str, object]]:
    """Path, shape and value of all that the model has a say in."""
    for number, seed in enumerate(seeds.domains):
        path = f"domains[{number}]"
        yield f"{path}.id", "DomainId", seed.id
        yield f"{path}.tags", "TagMap", seed.tags
        if seed.name is not None:
            yield f"{path}.name", "DomainName", seed.name
        for index, subscription in enumerate(_subscriptions(seed)):
            key = f"{path}.subscriptions[{index}]"
            yield key if isinstance(seed.subscriptions[index], str) else f"{key}.id", "SubscriptionId", subscription.id

"""The store: one door for changes, rows that bring it back, and the time at which something changes next."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mockscribe.config import Config
from mockscribe.service.resources import KINDS, Artifact, Dataset, Domain, Feedback, Resource, Tags, Token
from mockscribe.service.store import Store
from tests.offline_client import Account, connect


def domain(store: Store, domain_id: str, **fields: Any) -> Domain:
    made = Domain(number=store.next_number(), domain_id=domain_id, arn="a", name="n", created=0.0, **fields)
    store.put(made)
    return made


def artifact(store: Store, name: str, finished: float) -> Artifact:
    made = Artifact(
        number=store.next_number(), domain_id="hai-1", arn="", created=0.0, finished=finished, session_key="s",
        name=name, uri="s3://bucket/prefix", started=0.0,
    )  # fmt: skip
    store.put(made)
    return made


def busy_account() -> Account:
    """An account that has something of every kind."""
    api, account = connect()
    domain_id = api.create_domain(name="Clinic", tags={"team": "blue"})["domainId"]
    api.create_subscription(domainId=domain_id)
    config = {"medicalCoding": {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}}
    api.create_dataset(domainId=domain_id, name="Examples", config=config)
    job = api.start_medical_coding_job(
        domainId=domain_id, text="Cough.", outputDataConfig={"s3OutputPath": "s3://bucket/codes"}
    )
    api.start_patient_insights_job(
        domainId=domain_id,
        patientContext={"patientId": "p-1"},
        insightsContext={"insightsType": "PRE_VISIT"},
        encounterContext={"encounterReason": "Cough"},
        userContext={"role": "CLINICIAN", "userId": "u-1"},
        inputDataConfig={"s3Sources": [{"uri": "s3://bucket/records"}]},
        outputDataConfig={"s3OutputPath": "s3://bucket/insights/"},
    )
    api.submit_feedback(
        domainId=domain_id,
        artifactSourceId=job["jobId"],
        artifactType="MEDICAL_CODES",
        signedArtifactS3Uri="s3://bucket/signed",
    )
    return account


def contents(store: Store) -> dict[str, tuple[Resource, ...]]:
    return {kind: store.all(type_) for kind, type_ in KINDS.items()}


def test_every_kind_comes_back_from_its_rows_in_any_order() -> None:
    store = busy_account().store
    filled = {kind for kind, resources in contents(store).items() if resources}
    assert filled >= {"domain", "subscription", "dataset", "coding_job", "insights_job", "feedback", "tags", "token"}
    rows = [(each.kind, each.key, msgspec.json.encode(each)) for all_ in contents(store).values() for each in all_]
    random.Random(1).shuffle(rows)
    loaded = Store.load(random.Random(7), rows)
    assert contents(loaded) == contents(store)
    assert loaded.next_number() == store.next_number()
    assert loaded.next_change(0.0) == store.next_change(0.0) == 0.5
    assert loaded.due(1e9) == store.due(1e9) != ()


def test_a_watcher_is_told_every_change_and_can_bring_the_store_back() -> None:
    store = Store(random.Random(7))
    rows: dict[tuple[str, str], bytes] = {}

    def watch(kind: str, key: str, data: bytes | None) -> None:
        if data is None:
            del rows[kind, key]
        else:
            rows[kind, key] = data

    store.subscribe(watch)
    api, account = connect(store=store)
    domain_id = api.create_domain(name="Clinic", tags={"a": "b"})["domainId"]
    subscription_id = api.create_subscription(domainId=domain_id)["subscriptionId"]
    api.deactivate_subscription(domainId=domain_id, subscriptionId=subscription_id)
    arn = api.get_domain(domainId=domain_id)["arn"]
    api.untag_resource(resourceArn=arn, tagKeys=["a"])
    api.delete_domain(domainId=domain_id)
    loaded = Store.load(random.Random(7), [(kind, key, data) for (kind, key), data in rows.items()])
    assert contents(loaded) == contents(account.store)
    assert not loaded.all(Tags)


def test_nobody_is_told_what_a_retired_store_does() -> None:
    store, told = Store(random.Random(7)), []
    store.subscribe(lambda kind, key, data: told.append(key))
    domain(store, "hai-1")
    store.retire()
    domain(store, "hai-2")
    assert told == ["hai-1"]
    assert len(store.all(Domain)) == 2


def test_a_row_of_another_form_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        Store.load(random.Random(1), [("domain", "hai-1", b'{"number": 1}')])


def test_the_next_change_is_the_first_moment_after_the_time_that_it_is() -> None:
    store = Store(random.Random(1))
    assert store.next_change(0.0) is None
    domain(store, "hai-1", deleting=1.0, deleted=5.0)
    domain(store, "hai-2", deleting=1.0, deleted=3.0)
    domain(store, "hai-3")
    assert [store.next_change(time) for time in (0.0, 3.0, 4.9, 5.0)] == [3.0, 5.0, 5.0, None]


def test_moments_that_have_passed_take_no_room_whoever_asks_for_the_time() -> None:
    store = Store(random.Random(1))
    domain(store, "hai-1", deleting=1.0, deleted=5.0)
    store.due(3.0)
    assert len(store._moments) == 1
    store.due(5.0)
    assert len(store._moments) == 0


def test_an_id_that_is_taken_is_drawn_again() -> None:
    store = Store(random.Random(1))
    domain(store, "one")
    drawn = iter(["one", "one", "two"])
    assert store.new_id(Domain, lambda _: next(drawn)) == "two"


def test_ids_are_taken_within_their_domain_only() -> None:
    store = busy_account().store
    taken = store.all(Dataset)[0]
    again: Callable[[random.Random], str] = lambda chance: taken.dataset_id if chance.random() < 2 else ""  # noqa: E731
    assert store.new_id(Dataset, again, "hai-another") == taken.dataset_id


def test_the_same_seed_and_requests_give_the_same_ids() -> None:
    ids = []
    for seed in (7, 7, 8):
        api, _ = connect(seed=seed)
        domain_id = api.create_domain(name="Clinic")["domainId"]
        ids.append((domain_id, api.create_subscription(domainId=domain_id)["subscriptionId"]))
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


def test_a_removed_resource_is_gone_and_its_work_is_not_due() -> None:
    store = busy_account().store
    dataset = store.all(Dataset)[0]
    assert dataset in store.due(1e9)
    store.remove(dataset)
    assert store.get(Dataset, dataset.key) is None
    assert dataset not in store.due(1e9)


def test_work_is_due_in_the_order_in_which_it_finished_until_it_is_settled() -> None:
    store = Store(random.Random(1))
    late, early, moved = (artifact(store, name, finished) for name, finished in (("a", 9.0), ("b", 3.0), ("c", 2.0)))
    store.put(msgspec.structs.replace(moved, finished=12.0))
    assert store.due(2.0) == ()
    assert store.due(9.0) == (early, late)
    store.put(msgspec.structs.replace(early, settled=True))
    assert store.due(9.0) == (late,)
    store.put(late.hurried(5.0))
    assert [each.finished for each in store.due(12.0)] == [5.0, 12.0]


@pytest.mark.parametrize("with_token", [True, False])
def test_the_oldest_finished_go_first_and_take_their_token_along(with_token: bool) -> None:
    api, account = connect(Config(kept_jobs=2))
    domain_id = "hai-0123456789abcdef"
    arguments = {"domainId": domain_id, "text": "Cough.", "outputDataConfig": {"s3OutputPath": "s3://bucket"}}
    started = []
    for number in range(3):
        token = {"clientToken": f"token-{number}"} if with_token else {"clientToken": ""}
        started.append(_start(api, account, {**arguments, **token}, with_token=with_token))
    # The three run at the same time: none may go.
    assert len(account.store.all(KINDS["coding_job"])) == 3
    account.time = 10.0
    started.append(_start(api, account, {**arguments, "clientToken": "token-3"}, with_token=with_token))
    kept = [job.key.partition("/")[2] for job in account.store.all(KINDS["coding_job"])]
    assert kept == started[1:]
    tokens = [token.client_token for token in account.store.all(Token)]
    assert tokens == (["token-1", "token-2", "token-3"] if with_token else [])


def _start(api: Any, account: Account, arguments: dict[str, Any], *, with_token: bool) -> str:
    from mockscribe.service.coding_jobs import start

    if with_token:
        job_id: str = api.start_medical_coding_job(**arguments)["jobId"]
        return job_id
    # botocore makes up a token where there is none.
    account.write()
    made: str = start(account.call(), {**arguments, "clientToken": None})["jobId"]
    return made


def test_a_token_that_is_gone_already_is_no_error() -> None:
    store = Store(random.Random(1))
    for _ in range(2):
        number = store.next_number()
        store.put(Feedback(number=number, domain_id="d", created=0.0, request={}, token="SubmitFeedback/x"))
    store.keep(Feedback, 1, 0.0)
    assert [each.number for each in store.all(Feedback)] == [2]


def test_what_is_no_resource_of_its_own_has_no_key() -> None:
    with pytest.raises(NotImplementedError):
        _ = Resource(number=1).key

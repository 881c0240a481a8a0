"""Datasets: coded examples that medical coding jobs are tailored by (preview). Life cycle: MODEL, DatasetStatus."""

from __future__ import annotations

import random
import string
from typing import Any

import msgspec
from msgspec.structs import replace

from mockscribe.service import domains, idempotency
from mockscribe.service.call import Call, Input, Output, not_found, refusal
from mockscribe.service.documents import Document, unusable, uri
from mockscribe.service.pagination import page
from mockscribe.service.resources import Dataset
from mockscribe.service.serialisation import json_value


def create(call: Call, values: Input) -> Output:
    """CreateDataset. A repeated clientToken gets the dataset as it is by now (MODEL: "the dataset")."""
    domain_id = values["domainId"]
    domains.usable(call, domain_id)
    first = idempotency.earlier(call, "CreateDataset", values)
    dataset = call.store.get(Dataset, first) if first is not None else None
    if dataset is None:
        dataset = _new(call, values)
        call.store.put(dataset)
        idempotency.remember(call, "CreateDataset", values, dataset.key)
    described = _summary(call, dataset)
    return {name: described[name] for name in ("arn", "datasetId", "type", "status", "createdAt")}


def get(call: Call, values: Input) -> Output:
    """GetDataset; 404 for every id that was not created, also without --strict-resources."""
    dataset = created(call, values)
    built = call.time >= dataset.finished and dataset.settled and dataset.failure is None
    artifacts = {"medicalCoding": {"evaluationS3Uri": _location(dataset)}} if built else None
    return {**_summary(call, dataset), "config": dataset.config, "artifacts": artifacts}


def list_all(call: Call, values: Input) -> Output:
    """ListDatasets, without those that are DELETED; every dataset is of the only type there is."""
    domain_id = values["domainId"]
    domains.existing(call, domain_id)
    mine = [
        each for each in call.store.all(Dataset) if each.domain_id == domain_id and each.status(call.time) != "DELETED"
    ]
    shown, token = page(call, mine, values, f"datasets:{domain_id}")
    return {"items": [_summary(call, each) for each in shown], "nextToken": token}


def delete(call: Call, values: Input) -> Output:
    """DeleteDataset. While it is DELETING nothing changes (the model calls the operation idempotent).

    Raises:
        ServiceError: ResourceNotFoundException, or ConflictException for a dataset that is CREATING.
    """
    dataset = created(call, values)
    status = dataset.status(call.time)
    if status == "CREATING":
        raise refusal("ConflictException", f"Dataset {dataset.dataset_id} is CREATING and cannot be deleted.")
    if status != "DELETING":
        source = dataset.config["medicalCoding"]["s3InputPath"]
        dataset = replace(
            dataset,
            deleting=call.time,
            deleted=call.time + call.config.dataset_deletion_seconds,
            deletion_failure=unusable(call, source) if status != "DELETE_FAILED" else None,
        )
        call.store.put(dataset)
    return {"arn": dataset.arn, "datasetId": dataset.dataset_id, "status": dataset.status(call.time)}


def created(call: Call, values: Input) -> Dataset:
    """The dataset that `domainId` and `datasetId` name, which must have been created and not be gone.

    Raises:
        ServiceError: ResourceNotFoundException.
    """
    domains.existing(call, values["domainId"])
    dataset = call.store.get(Dataset, f"{values['domainId']}/{values['datasetId']}")
    if dataset is None or dataset.status(call.time) == "DELETED":
        raise not_found("Dataset", values["datasetId"])
    return dataset


def require_active(call: Call, values: Input) -> None:
    """Make sure that a new job may name the dataset.

    Raises:
        ServiceError: ResourceNotFoundException, it is gone, or unknown under --strict-resources; ValidationException,
            it is not ACTIVE (MODEL: such requests are rejected; with which error is not public).
    """
    known = call.store.get(Dataset, f"{values['domainId']}/{values['datasetId']}") is not None
    if known or call.config.strict_resources:
        status = created(call, values).status(call.time)
        if status != "ACTIVE":
            raise refusal("ValidationException", f"Dataset {values['datasetId']} is {status}; it must be ACTIVE.")


def document(dataset: Dataset) -> Document:
    """The evaluation scores. Their form is not public: an empty list stands for them."""
    scores: dict[str, Any] = {"datasetId": dataset.dataset_id, "evaluations": []}
    return Document(work=dataset, uri=_location(dataset), body=msgspec.json.encode(scores))


def _location(dataset: Dataset) -> str:
    # Under the s3OutputPath (MODEL); the names below it are ours.
    return uri(dataset.config["medicalCoding"]["s3OutputPath"], dataset.dataset_id, "evaluation.json")


def _new(call: Call, values: Input) -> Dataset:
    domain_id = values["domainId"]
    dataset_id = call.store.new_id(Dataset, _draw_id, domain_id)
    config = json_value("DatasetConfig", values["config"])
    failure = unusable(call, config["medicalCoding"]["s3OutputPath"])
    return Dataset(
        number=call.store.next_number(),
        domain_id=domain_id,
        dataset_id=dataset_id,
        arn=call.arn(f"domain/{domain_id}/dataset/{dataset_id}"),
        name=values["name"],
        config=config,
        created=call.time,
        finished=call.time + call.config.dataset_creation_seconds,
        failure=failure,
        settled=failure is not None,
    )


def _summary(call: Call, dataset: Dataset) -> dict[str, Any]:
    return {
        "arn": dataset.arn,
        "datasetId": dataset.dataset_id,
        "name": dataset.name,
        "type": "MEDICAL_CODING",
        "status": dataset.status(call.time),
        "statusDetails": dataset.details(call.time),
        "createdAt": call.epoch(dataset.created),
        "updatedAt": call.epoch(dataset.updated(call.time)),
    }


def _draw_id(chance: random.Random) -> str:
    # MODEL, DatasetId: 1 to 64 lower-case letters and digits; how many is own choice.
    return "".join(chance.choices(string.ascii_lowercase + string.digits, k=20))

"""A valid value for every shape of the API's inputs: by hand where a pattern must hold, else the model's limits."""

from __future__ import annotations

from typing import Any

from mockscribe.service.model import service_model

UUID = "01234567-89ab-cdef-0123-456789ABCDEF"

TEXTS = {
    "ArtifactSourceId": UUID,
    "BoundedSafeString": "Notes of 2026",
    "CreateDatasetInputClientTokenString": "token-1!",
    "CreateWebAppConfigurationEhrRoleString": "arn:aws:iam::123456789012:role/ehr",
    "DatasetId": "d4taset",
    "DomainId": "dom-0123456789abcdef",
    "FHIRServerFhirEndpointString": "https://fhir.example.org/r4?a=b",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0f-1e",
    "MedicalCodesEncounterContextEncounterReasonString": "Knee pain, left.",
    "MedicalCodingContextEncounterReasonString": "Follow-up 2",
    "NonEmptyString": " x\n",
    "PatientInsightsEncounterContextEncounterReasonString": "Check-up",
    "S3Uri": "s3://a-bucket/some/folder",
    "SensitiveIsoDateString": "1980-02-29",
    "SensitiveMarkdownString": "# Größe\n* 1.80 m (_tall_) 中文",
    "SensitiveNonEmptyString": "The patient – well – hurts.",
    "SensitiveSectionHeaderString": "CHIEF_COMPLAINT",
    "SessionId": UUID,
    "SubscriptionId": "sub-0123456789abcdefghijK",
}


def example(name: str) -> Any:
    """A value of the shape `name` with every member set (of a union: the last)."""
    shapes = service_model().shapes
    shape = shapes[name]
    match shape.type:
        case "structure":
            members = {key: member.shape for key, member in shape.members.items()}
            if shape.union:
                members = dict(list(members.items())[-1:])
            return {key: example(member) for key, member in members.items() if not shapes[member].event_stream}
        case "list":
            return [example(shape.item or "") for _ in range(shape.minimum or 1)]
        case "map":
            return {example(shape.key or ""): example(shape.value or "")}
        case "string":
            if name in TEXTS:
                return TEXTS[name]
            assert shape.pattern is None, f"tests/examples.py has no text for {name}"
            return shape.enum[-1] if shape.enum else "x" * (shape.minimum or 1)
        case "integer" | "long":
            return shape.minimum or 0
        case "boolean":
            return True
        case _:
            raise AssertionError(f"no input has a {shape.type}")


def input_shapes() -> list[str]:
    """The shapes of all inputs and of the configurationEvent, with everything in them; event streams left out."""
    shapes = service_model().shapes
    found: dict[str, None] = {}
    waiting = [operation.input for operation in service_model().operations.values()]
    waiting.append("MedicalScribeConfigurationEvent")
    while waiting:
        shape = shapes[waiting.pop()]
        if shape.name not in found and not shape.event_stream:
            found[shape.name] = None
            waiting += [member.shape for member in shape.members.values()]
            waiting += [part for part in (shape.item, shape.key, shape.value) if part]
    return sorted(found)

"""What a configurationEvent must satisfy: its shape, and the rules that only the documentation states.

Knows the configuration and the day; `facts` 3 has the sources by these short names: MODEL (botocore's model), UG-ctx,
UG-tpl, UG-ts (the user guide on encounter context, templates, troubleshooting).

The shape alone covers: exactly two channelDefinitions with ids 0 and 1, the character sets of unstructuredContext,
sectionInstruction and sectionHeader, 1 to 20 templateInstructions, the template names (PHYSICAL_SOAP is in the list of
the managed ones only), and the form of outputS3Uri, dates and encounterReason.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from mockscribe.service import validation
from mockscribe.service.model import service_model
from mockscribe.service.validation import failure
from mockscribe.service.validation import message as message

MAX_CONTEXT_BYTES = 20_480
"""UG-ctx: unstructuredContext in UTF-8 (an older page says 10 KB)."""

MAX_INSTRUCTIONS_BYTES = 15_360
"""UG-ts, newest text: all sectionInstructions of a template together, in UTF-8 (older text: each of them)."""


def violations(configuration: Mapping[str, Any], today: datetime.date) -> list[str]:
    """Everything that is wrong with a configuration, each text naming its path; `today` is the date in UTC."""
    shape = service_model().shapes["MedicalScribeConfigurationEvent"]
    return [
        *validation.violations(shape, configuration),
        *_channels(configuration),
        *_context(configuration),
        *_instructions(configuration),
        *_medical_coding(configuration, today),
    ]


def _channels(configuration: Mapping[str, Any]) -> Iterator[str]:
    definitions = configuration.get("channelDefinitions")
    ids = [_get(each, "channelId") for each in definitions] if isinstance(definitions, list) else []
    # Own choice: not documented, but one channel cannot have two roles.
    if len(ids) == 2 and ids[0] == ids[1] is not None:
        yield failure("channelDefinitions", "Each member must have a channelId of its own")


def _context(configuration: Mapping[str, Any]) -> Iterator[str]:
    path = ("encounterContext", "unstructuredContext")
    if _octets(_get(configuration, *path)) > MAX_CONTEXT_BYTES:  # UG-ctx
        yield failure(".".join(path), f"Member must have at most {MAX_CONTEXT_BYTES} bytes in UTF-8")


def _instructions(configuration: Mapping[str, Any]) -> Iterator[str]:
    path = ("postStreamActionSettings", "clinicalNoteGenerationSettings", "noteTemplateSettings", "customTemplate")
    instructions = _get(configuration, *path, "templateInstructions")
    if not isinstance(instructions, list):
        return
    if sum(_octets(_get(each, "sectionInstruction")) for each in instructions) > MAX_INSTRUCTIONS_BYTES:  # UG-ts
        text = f"The sectionInstructions must have at most {MAX_INSTRUCTIONS_BYTES} bytes in UTF-8 together"
        yield failure(".".join((*path, "templateInstructions")), text)


def _medical_coding(configuration: Mapping[str, Any], today: datetime.date) -> Iterator[str]:
    path = "encounterContext.medicalCodingContext"
    context = _get(configuration, "encounterContext", "medicalCodingContext")
    if not isinstance(context, Mapping):
        return
    settings = ("postStreamActionSettings", "medicalCodeGenerationSettings", "enabled")
    if _get(configuration, *settings) is not True:  # MODEL, MedicalCodingContext
        yield failure(path, f"Member is allowed only when {'.'.join(settings)} is true")
    born, met = _date(context.get("dateOfBirth")), _date(context.get("encounterDate"))
    for name, day in (("dateOfBirth", born), ("encounterDate", met)):
        # Own choice: the model's pattern lets 30 February by; a service that compares dates cannot.
        if isinstance(day, str):
            yield failure(f"{path}.{name}", "Member must be a date of the calendar")
    if isinstance(born, datetime.date) and born > today:  # MODEL, MedicalCodingContext.dateOfBirth
        yield failure(f"{path}.dateOfBirth", "Member must not be after the current date in UTC")
    if isinstance(met, datetime.date) and met > today + datetime.timedelta(days=1):  # MODEL, … .encounterDate
        yield failure(f"{path}.encounterDate", "Member must not be more than one day after the current date in UTC")
    reason = context.get("encounterReason")
    if isinstance(reason, str) and reason and not reason.strip(" "):  # MODEL, … .encounterReason
        yield failure(f"{path}.encounterReason", "Member must not contain only spaces")


# The shape may be broken in the same configuration, and that is reported already: below, what does not fit is None.


def _get(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _octets(value: object) -> int:
    return len(value.encode()) if isinstance(value, str) else 0


def _date(value: object) -> datetime.date | str | None:
    """The day that a text of the model's form names; the text itself when there is no such day."""
    pattern = service_model().shapes["SensitiveIsoDateString"].pattern
    if not isinstance(value, str) or pattern is None or validation.compiled(pattern).fullmatch(value) is None:
        return None
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        return value

"""What the model's prose asks of a patient's and an encounter's context, beyond their shapes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from mockscribe.service.validation import failure


def patient_violations(path: str, context: Mapping[str, Any], today: datetime.date) -> Iterator[str]:
    """What is wrong with a MedicalCodesPatientContext that fits its shape; `today` is the date in UTC."""
    born = context.get("dateOfBirth")
    if born is None:
        return
    if (day := _day(born)) is None:
        yield failure(f"{path}.dateOfBirth", "Member must be a date of the calendar")
    elif day > today:  # MODEL, MedicalCodesPatientContext.dateOfBirth
        yield failure(f"{path}.dateOfBirth", "Member must not be after the current date in UTC")


def encounter_violations(path: str, context: Mapping[str, Any], today: datetime.date) -> Iterator[str]:
    """What is wrong with a MedicalCodesEncounterContext that fits its shape; `today` is the date in UTC."""
    met = context.get("encounterDate")
    if met is not None:
        if (day := _day(met)) is None:
            yield failure(f"{path}.encounterDate", "Member must be a date of the calendar")
        elif day > today + datetime.timedelta(days=1):  # MODEL, MedicalCodesEncounterContext.encounterDate
            yield failure(f"{path}.encounterDate", "Member must not be more than one day after the current date in UTC")
    reason = context.get("encounterReason")
    if reason is not None and not reason.strip(" "):  # MODEL, MedicalCodesEncounterContext.encounterReason
        yield failure(f"{path}.encounterReason", "Member must not contain only spaces")


def _day(text: str) -> datetime.date | None:
    # Own choice: the model's pattern lets 30 February by; a service that compares dates cannot.
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None

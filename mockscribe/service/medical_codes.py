"""Medical codes for a text: a handful of words that the mock knows, each with the place in the text that it is from.

The form is UG-mc's (facts.md 6). Which codes there are is no more than an example; every code names its evidence.
"""

from __future__ import annotations

import re
from typing import Any

VERSION = "2026"
"""Own choice: what the service writes there is not public."""

# Words that lead to a code of ICD-10-CM, which is in the public domain; the descriptions are ours.
CONDITIONS = (
    (r"hypertension|high blood pressure", "I10", "Primary hypertension"),
    (r"diabetes|diabetic", "E11.9", "Type 2 diabetes without complications"),
    (r"asthma", "J45.909", "Asthma, without further detail"),
    (r"cough", "R05.9", "Cough, without further detail"),
    (r"fever", "R50.9", "Fever, without further detail"),
    (r"headaches?", "R51.9", "Headache, without further detail"),
    (r"migraines?", "G43.909", "Migraine, without further detail"),
    (r"sore throat", "J02.9", "Acute pharyngitis, without further detail"),
    (r"chest pain", "R07.9", "Chest pain, without further detail"),
    (r"back pain", "M54.50", "Low back pain, without further detail"),
    (r"knee pain", "M25.569", "Pain in a knee"),
    (r"fatigue|tired", "R53.83", "Fatigue"),
    (r"depression|depressed", "F32.A", "Depression, without further detail"),
    (r"anxiety|anxious", "F41.9", "Anxiety, without further detail"),
)
UNKNOWN = ("R69", "Illness, without further detail")


def medical_codes(text: str, *, established: bool = True) -> dict[str, Any]:
    """The document of a text: a diagnosis for each condition in it, and one office visit that they justify.

    `established` tells whether the patient was here before. Offsets count code points, the end is exclusive; what they
    count is not public.
    """
    found = [
        (place, (code, description))
        for pattern, code, description in CONDITIONS
        if (place := re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE)) is not None
    ]
    if not found and (sentence := re.search(r"\S[^.]*", text)) is not None:
        found.append((sentence, UNKNOWN))
    found.sort(key=lambda each: each[0].start())
    diagnoses = [
        {
            "sequence": number,
            "system": "ICD10",
            "version": VERSION,
            "name": code,
            "description": description,
            "unit": 1,
            "evidence": [{"text": place[0], "startOffset": place.start(), "endOffset": place.end()}],
            "linkedCodes": [],
            "modifiers": [],
            "confidence": 0.9,
        }
        for number, (place, (code, description)) in enumerate(found, 1)
    ]
    if not diagnoses:
        return {"medicalCodes": []}
    visit = {
        "sequence": len(diagnoses) + 1,
        "system": "CPT",
        "version": VERSION,
        "name": "99213" if established else "99203",
        "description": f"Office visit, {'established' if established else 'new'} patient",
        "unit": 1,
        "evidence": diagnoses[0]["evidence"],
        "linkedCodes": [{"name": each["name"], "system": "ICD10", "sequence": each["sequence"]} for each in diagnoses],
        "modifiers": [],
        "confidence": 0.9,
    }
    return {"medicalCodes": [*diagnoses, visit]}

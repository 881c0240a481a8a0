"""What a finished session leaves behind: transcript, clinical note, after-visit summary and codes, as documents.

The forms are those that public code reads (facts 6): HealthScribe's for the transcript (HS-demo), SAMPLE's for the
rest. A scenario's `content` takes the place of what would follow from the transcript; content that has the form already
is written as it stands. Pure: nothing is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mockscribe.service.documents import Document, uri
from mockscribe.service.medical_codes import medical_codes
from mockscribe.service.resources import Artifact, ListeningSession, Spoken

NAMES = ("transcript", "note", "afterVisitSummary", "codes")
"""In the order in which they are made: the note rests on the transcript, the other two on the note (UG-out, MODEL)."""

_FILES = {  # SAMPLE, reading live buckets
    "transcript": ("clinical-notes", "transcript.json"),
    "note": ("clinical-notes", "clinicalDoc.json"),
    "afterVisitSummary": ("clinical-notes", "afterVisitSummary.json"),
    "codes": ("medical-codes", "medicalCodes.json"),
}

_SOAP = ("SUBJECTIVE", "OBJECTIVE", "ASSESSMENT", "PLAN")
SECTIONS: Mapping[str, Sequence[str]] = {  # UG-tpl, in upper snake case as SAMPLE reads them
    "HISTORY_AND_PHYSICAL": (
        "CHIEF_COMPLAINT",
        "HISTORY_OF_PRESENT_ILLNESS",
        "REVIEW_OF_SYSTEMS",
        "PAST_MEDICAL_HISTORY",
        "PAST_FAMILY_HISTORY",
        "PAST_SOCIAL_HISTORY",
        "PHYSICAL_EXAMINATION",
        "DIAGNOSTIC_TESTING",
        "ASSESSMENT",
        "PLAN",
    ),
    "GIRPP": ("GOAL", "INTERVENTION", "RESPONSE", "PROGRESS", "PLAN"),
    "DAP": ("DATA", "ASSESSMENT", "PLAN"),
    "SIRP": ("SITUATION", "INTERVENTION", "RESPONSE", "PLAN"),
    "BIRP": ("BEHAVIOR", "INTERVENTION", "RESPONSE", "PLAN"),
    "BEHAVIORAL_SOAP": _SOAP,
    "PHYSICAL_SOAP": _SOAP,
}

_CLINICIANS = frozenset(
    ("PHYSICAL_EXAMINATION", "DIAGNOSTIC_TESTING", "ASSESSMENT", "PLAN", "OBJECTIVE", "INTERVENTION", "GOAL")
)
"""Sections that say what the clinician said; all others say what the patient said. Own choice."""

_WORDS = re.compile(r"\w+")


def location(session: ListeningSession, name: str) -> str:
    """Where an artifact goes (UG-out): below the outputS3Uri that the client gave."""
    return uri(
        session.configuration["postStreamActionSettings"]["outputS3Uri"],
        "health-agent-listening-session",
        session.parameters["domainId"],
        session.parameters["subscriptionId"],
        session.parameters["sessionId"],
        "post-stream-action",
        *_FILES[name],
    )


def document(session: ListeningSession, artifact: Artifact, *, transcript_form: str = "healthscribe") -> Document:
    """The file that an artifact is; `transcript_form` as in Config."""
    make = {
        "transcript": segments if transcript_form == "segments" else transcript,
        "note": note,
        "afterVisitSummary": after_visit_summary,
        "codes": codes,
    }
    return Document(work=artifact, uri=artifact.uri, body=msgspec.json.encode(make[artifact.name](session)))


# ---- the forms


def transcript(session: ListeningSession) -> Any:
    """What was streamed as final, turn by turn and word by word; or the scenario's content as it stands."""
    content = session.contents.get("transcript")
    if content is not None:
        return content
    return {
        "Conversation": {
            "ConversationId": session.parameters["sessionId"],
            "SessionId": session.parameters["sessionId"],
            "LanguageCode": session.parameters["languageCode"],
            "TranscriptSegments": [
                {
                    "SegmentId": each.segment_id,
                    "Content": each.content,
                    "BeginAudioTime": each.begin,
                    "EndAudioTime": each.end,
                    "ParticipantDetails": {"ParticipantRole": each.role or "CLINICIAN"},
                    "SectionDetails": {"SectionName": "OTHER"},
                }
                for each in session.segments
            ],
            "TranscriptItems": [item for each in session.segments for item in _items(each)],
            "ClinicalInsights": [],
        }
    }


def segments(session: ListeningSession) -> Any:
    """The transcript in its other form: turns only."""
    content = session.contents.get("transcript")
    if content is not None:
        return content
    return {
        "Transcript": {
            "TranscriptSegments": [
                {
                    "ParticipantRole": each.role or "CLINICIAN",
                    "Content": each.content,
                    "BeginAudioTime": each.begin,
                    "EndAudioTime": each.end,
                }
                for each in session.segments
            ]
        }
    }


def note(session: ListeningSession) -> Any:
    """The clinical document; the scenario's content may be its statements by section, or the document itself."""
    content = session.contents.get("note")
    if isinstance(content, Mapping) and "ClinicalDocumentation" in content:
        return content
    if isinstance(content, Mapping):
        statements = {str(name): list(map(str, _listed(texts))) for name, texts in content.items()}
        sections = [
            _section(name, [(text, _evidence(text, session)) for text in statements[name]]) for name in statements
        ]
    else:
        sections = [_section(name, _heard(name, session)) for name in SECTIONS[template(session)]]
    return {"ClinicalDocumentation": {"SessionId": session.parameters["sessionId"], "Sections": sections}}


def after_visit_summary(session: ListeningSession) -> Any:
    """The summary for the patient; the scenario's content may be its sentences, or the document itself."""
    content = session.contents.get("afterVisitSummary")
    if isinstance(content, Mapping):
        return content
    if content is not None:
        texts = list(map(str, _listed(content)))
    else:
        texts = [each.content for each in session.segments if each.role != "PATIENT"]
    return {"AfterVisitSummary": {"SummarizedSegments": [{"SummarizedSegment": text} for text in texts]}}


def codes(session: ListeningSession) -> Any:
    """The codes of what the note says; the scenario's content may be their list, or the document itself."""
    content = session.contents.get("codes")
    if content is None:
        return medical_codes("\n".join(_statements(note(session))), established=True)
    return content if isinstance(content, Mapping) else {"medicalCodes": _listed(content)}


def _statements(document: Any) -> Iterator[str]:
    """The statements of a clinical document, as far as it has the form of one."""
    try:
        for section in document["ClinicalDocumentation"]["Sections"]:
            for each in section["Summary"]:
                yield str(each["SummarizedSegment"])
    except (KeyError, TypeError):
        return


def template(session: ListeningSession) -> str:
    """The template that the client chose, managed or as the base of its own."""
    settings = session.configuration["postStreamActionSettings"]["clinicalNoteGenerationSettings"]
    chosen = settings["noteTemplateSettings"]
    return str((chosen.get("managedTemplate") or chosen.get("customTemplate") or {})["templateType"])


def _section(name: str, statements: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    return {
        "SectionName": name,
        "Summary": [
            {"SummarizedSegment": text, "EvidenceLinks": [{"SegmentId": each} for each in evidence]}
            for text, evidence in statements
        ],
    }


def _heard(section: str, session: ListeningSession) -> list[tuple[str, Sequence[str]]]:
    """What a section says when nobody wrote it: the words of whom it is about; the first complaint is the patient's."""
    wanted = "CLINICIAN" if section in _CLINICIANS else "PATIENT"
    said = [each for each in session.segments if (each.role or "CLINICIAN") == wanted]
    if section in ("CHIEF_COMPLAINT", "SITUATION"):
        said = said[:1] or list(session.segments[:1])
    elif section.startswith("PAST_") or section in ("REVIEW_OF_SYSTEMS", "DIAGNOSTIC_TESTING", "PHYSICAL_EXAMINATION"):
        said = []
    return [(each.content, [each.segment_id]) for each in said]


def _evidence(text: str, session: ListeningSession) -> Sequence[str]:
    """The segment that shares the most words with a statement, so that every link leads somewhere."""
    words = set(_WORDS.findall(text.lower()))
    best = max(session.segments, key=lambda each: len(words & set(_WORDS.findall(each.content.lower()))), default=None)
    return [] if best is None else [best.segment_id]


def _items(segment: Spoken) -> Iterator[dict[str, Any]]:
    """The words of a segment, each with its share of the time by its letters, and its punctuation."""
    tokens = re.findall(r"\w[\w'-]*|[^\w\s]", segment.content)
    letters = sum(len(token) for token in tokens if token[0].isalnum()) or 1
    at, spoken = segment.begin, 0
    for token in tokens:
        begin, word = at, token[0].isalnum()
        if word:
            spoken += len(token)
            at = round(segment.begin + (segment.end - segment.begin) * spoken / letters, 3)
        yield {
            "BeginAudioTime": begin if word else at,
            "EndAudioTime": at,
            "Type": "pronunciation" if word else "punctuation",
            "Confidence": 1.0 if word else 0.0,
            "Content": token,
        }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]

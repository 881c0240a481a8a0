"""The files that a session leaves, in the forms that public code reads (facts 6)."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest

from mockscribe.service import artifacts
from mockscribe.service.resources import Artifact, ListeningSession, Spoken

SESSION_ID = "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11"
DOMAIN_ID = "hai-0123456789abcdef"
SUBSCRIPTION_ID = "sub-0123456789abcdefghijk"
SAID = (
    Spoken(segment_id="a", begin=0.4, end=1.4, content="What brings you here?", role="CLINICIAN"),
    Spoken(segment_id="b", begin=1.5, end=3.5, content="A dry cough since Monday.", role="PATIENT"),
    Spoken(segment_id="c", begin=3.6, end=4.6, content="Rest, and drink plenty.", role="CLINICIAN"),
    Spoken(segment_id="d", begin=4.7, end=5.2, content="Thank you, doctor.", role="PATIENT"),
)


def session(
    *said: Spoken,
    template: Mapping[str, Any] | None = None,
    contents: Mapping[str, Any] | None = None,
    uri: str = "s3://bucket/prefix",
) -> ListeningSession:
    chosen = template or {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}
    return ListeningSession(
        number=1,
        session_key=SESSION_ID,
        parameters={
            "sessionId": SESSION_ID,
            "domainId": DOMAIN_ID,
            "subscriptionId": SUBSCRIPTION_ID,
            "languageCode": "en-US",
        },
        configuration={
            "postStreamActionSettings": {
                "outputS3Uri": uri,
                "clinicalNoteGenerationSettings": {"noteTemplateSettings": chosen},
            }
        },
        state="COMPLETED",
        created=0.0,
        segments=said,
        contents=contents or {},
    )


def file(name: str, of: ListeningSession, form: str = "healthscribe") -> Any:
    """The artifact's document, as who opens the file reads it."""
    artifact = Artifact(
        number=2,
        domain_id=DOMAIN_ID,
        arn="",
        created=0.0,
        started=0.0,
        finished=1.0,
        session_key=SESSION_ID,
        name=name,
        uri=artifacts.location(of, name),
    )
    document = artifacts.document(of, artifact, transcript_form=form)
    assert (document.uri, document.work) == (artifact.uri, artifact)
    return json.loads(document.body)


def sections(document: Any) -> dict[str, list[str]]:
    found = document["ClinicalDocumentation"]["Sections"]
    return {each["SectionName"]: [line["SummarizedSegment"] for line in each["Summary"]] for each in found}


def links(document: Any) -> dict[str, list[str]]:
    """Statement → the segments that it rests on."""
    return {
        line["SummarizedSegment"]: [link["SegmentId"] for link in line["EvidenceLinks"]]
        for section in document["ClinicalDocumentation"]["Sections"]
        for line in section["Summary"]
    }


# ---- where


@pytest.mark.parametrize("uri", ["s3://bucket/prefix", "s3://bucket/prefix/"])
def test_the_files_lie_where_the_user_guide_says_and_samples_look(uri: str) -> None:
    base = (
        f"s3://bucket/prefix/health-agent-listening-session/{DOMAIN_ID}/{SUBSCRIPTION_ID}/{SESSION_ID}/"
        "post-stream-action"
    )
    assert {name: artifacts.location(session(uri=uri), name) for name in artifacts.NAMES} == {
        "transcript": f"{base}/clinical-notes/transcript.json",
        "note": f"{base}/clinical-notes/clinicalDoc.json",
        "afterVisitSummary": f"{base}/clinical-notes/afterVisitSummary.json",
        "codes": f"{base}/medical-codes/medicalCodes.json",
    }


# ---- the transcript


def test_the_transcript_has_each_turn_as_it_was_streamed() -> None:
    conversation = file("transcript", session(*SAID))["Conversation"]
    assert {name: conversation[name] for name in ("ConversationId", "SessionId", "LanguageCode")} == {
        "ConversationId": SESSION_ID,
        "SessionId": SESSION_ID,
        "LanguageCode": "en-US",
    }
    assert [
        (
            each["SegmentId"],
            each["Content"],
            each["BeginAudioTime"],
            each["EndAudioTime"],
            each["ParticipantDetails"]["ParticipantRole"],
        )
        for each in conversation["TranscriptSegments"]
    ] == [(each.segment_id, each.content, each.begin, each.end, each.role) for each in SAID]


def test_the_items_are_the_words_and_marks_within_the_turns_time() -> None:
    items = file("transcript", session(SAID[1]))["Conversation"]["TranscriptItems"]
    assert [each["Content"] for each in items] == ["A", "dry", "cough", "since", "Monday", "."]
    assert [each["Type"] for each in items] == ["pronunciation"] * 5 + ["punctuation"]
    assert items[0]["BeginAudioTime"] == SAID[1].begin
    assert items[-1]["EndAudioTime"] == SAID[1].end
    for before, after in itertools.pairwise(items):
        assert before["BeginAudioTime"] <= before["EndAudioTime"] == after["BeginAudioTime"]


def test_words_keep_their_apostrophes_and_a_turn_without_letters_has_no_words() -> None:
    words = Spoken(segment_id="e", begin=0.0, end=1.0, content="It's a follow-up …", role=None)
    marks = Spoken(segment_id="f", begin=1.0, end=2.0, content="?!", role=None)
    items = file("transcript", session(words, marks))["Conversation"]["TranscriptItems"]
    assert [each["Content"] for each in items] == ["It's", "a", "follow-up", "…", "?", "!"]
    assert [each["Type"] for each in items][3:] == ["punctuation"] * 3


def test_who_has_no_role_counts_as_the_clinician() -> None:
    said = Spoken(segment_id="e", begin=0.0, end=1.0, content="Hello.", role=None)
    (turn,) = file("transcript", session(said))["Conversation"]["TranscriptSegments"]
    assert turn["ParticipantDetails"] == {"ParticipantRole": "CLINICIAN"}
    (turn,) = file("transcript", session(said), "segments")["Transcript"]["TranscriptSegments"]
    assert turn["ParticipantRole"] == "CLINICIAN"


def test_the_other_form_of_the_transcript_has_turns_only() -> None:
    assert file("transcript", session(SAID[1]), "segments") == {
        "Transcript": {
            "TranscriptSegments": [
                {
                    "ParticipantRole": "PATIENT",
                    "Content": "A dry cough since Monday.",
                    "BeginAudioTime": 1.5,
                    "EndAudioTime": 3.5,
                }
            ]
        }
    }


@pytest.mark.parametrize("form", ["healthscribe", "segments"])
def test_a_scenarios_transcript_is_written_as_it_stands(form: str) -> None:
    assert file("transcript", session(*SAID, contents={"transcript": {"mine": [1]}}), form) == {"mine": [1]}


# ---- the note


@pytest.mark.parametrize("template", sorted(artifacts.SECTIONS))
def test_the_note_has_the_sections_of_the_template(template: str) -> None:
    found = file("note", session(*SAID, template={"managedTemplate": {"templateType": template}}))
    assert tuple(sections(found)) == artifacts.SECTIONS[template]
    assert found["ClinicalDocumentation"]["SessionId"] == SESSION_ID
    assert any(sections(found).values())


def test_a_template_of_the_clients_own_has_the_sections_of_its_base() -> None:
    own = {"customTemplate": {"templateType": "GIRPP", "templateInstructions": []}}
    assert tuple(sections(file("note", session(template=own)))) == artifacts.SECTIONS["GIRPP"]


def test_the_note_says_what_was_said_and_every_statement_names_its_segment() -> None:
    found = file("note", session(*SAID))
    assert sections(found)["CHIEF_COMPLAINT"] == ["A dry cough since Monday."]
    assert sections(found)["PLAN"] == ["What brings you here?", "Rest, and drink plenty."]
    assert sections(found)["PAST_MEDICAL_HISTORY"] == []
    said = {each.content: [each.segment_id] for each in SAID}
    assert links(found) == {statement: said[statement] for statement in links(found)}


def test_the_complaint_is_what_was_said_first_when_the_patient_said_nothing() -> None:
    assert sections(file("note", session(SAID[0], SAID[2])))["CHIEF_COMPLAINT"] == ["What brings you here?"]


def test_a_visit_without_words_has_an_empty_note() -> None:
    assert set(map(tuple, sections(file("note", session())).values())) == {()}


def test_a_scenarios_statements_are_linked_to_the_segment_that_shares_most_words() -> None:
    contents = {"note": {"CHIEF_COMPLAINT": ["Dry cough"], "PLAN": "Drink and rest, please", "GOAL": []}}
    found = file("note", session(*SAID, contents=contents))
    assert sections(found) == {"CHIEF_COMPLAINT": ["Dry cough"], "PLAN": ["Drink and rest, please"], "GOAL": []}
    assert links(found) == {"Dry cough": ["b"], "Drink and rest, please": ["c"]}


def test_a_statement_about_nothing_that_was_said_has_no_link_that_leads_nowhere() -> None:
    contents = {"note": {"PLAN": ["Rest"]}}
    assert links(file("note", session(contents=contents))) == {"Rest": []}
    assert links(file("note", session(SAID[0], contents=contents))) == {"Rest": ["a"]}


def test_a_scenarios_whole_note_is_written_as_it_stands() -> None:
    whole = {"ClinicalDocumentation": {"Sections": [], "Mine": True}}
    assert file("note", session(*SAID, contents={"note": whole})) == whole


# ---- the after-visit summary


def test_the_summary_tells_the_patient_what_the_clinician_said() -> None:
    assert file("afterVisitSummary", session(*SAID)) == {
        "AfterVisitSummary": {
            "SummarizedSegments": [
                {"SummarizedSegment": "What brings you here?"},
                {"SummarizedSegment": "Rest, and drink plenty."},
            ]
        }
    }


@pytest.mark.parametrize(("content", "texts"), [(["One.", "Two."], ["One.", "Two."]), ("One.", ["One."]), ([], [])])
def test_a_scenarios_sentences_take_its_place(content: Any, texts: list[str]) -> None:
    found = file("afterVisitSummary", session(*SAID, contents={"afterVisitSummary": content}))
    assert [each["SummarizedSegment"] for each in found["AfterVisitSummary"]["SummarizedSegments"]] == texts


def test_a_scenarios_whole_summary_is_written_as_it_stands() -> None:
    assert file("afterVisitSummary", session(contents={"afterVisitSummary": {"mine": 1}})) == {"mine": 1}


# ---- codes


def names(document: Any) -> list[str]:
    return [each["name"] for each in document["medicalCodes"]]


def test_the_codes_are_of_what_the_note_says() -> None:
    assert "R05.9" in names(file("codes", session(*SAID)))  # ICD-10-CM: cough, unspecified
    assert "R05.9" not in names(file("codes", session(SAID[0], SAID[2])))
    contents = {"note": {"CHIEF_COMPLAINT": ["Cough"]}}
    assert "R05.9" in names(file("codes", session(contents=contents)))


@pytest.mark.parametrize(
    "note",
    [
        {"ClinicalDocumentation": {"Sections": [{"Summary": [{"SummarizedSegment": "Cough"}]}, {}]}},
        {"ClinicalDocumentation": None},
    ],
)
def test_a_note_of_another_form_is_read_as_far_as_it_goes(note: Any) -> None:
    found = names(file("codes", session(contents={"note": note})))
    assert ("R05.9" in found) is (note["ClinicalDocumentation"] is not None)


def test_a_scenarios_codes_are_its_list_or_its_document() -> None:
    assert file("codes", session(contents={"codes": [{"name": "Z00.0"}]})) == {"medicalCodes": [{"name": "Z00.0"}]}
    assert file("codes", session(contents={"codes": {"medicalCodes": [], "mine": 1}})) == {
        "medicalCodes": [],
        "mine": 1,
    }

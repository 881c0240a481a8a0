"""An account's resources in mock time: what becomes of a session's artifacts, whom a clock waits for."""

import json
from typing import Any

import pytest

from mockscribe.service.documents import settle
from mockscribe.service.resources import Artifact, ListeningSession
from tests.unit.test_listening import details, pause, request, stream
from tests.wire import (
    CONFIGURATION,
    DOMAIN_ID,
    EMPTY_FRAME,
    END_OF_SESSION,
    SESSION_ID,
    TWO_CHANNELS,
    Wire,
    audio,
    configuration,
    envelope,
    new_session_id,
    request_headers,
    silence,
)

LINES = """
scenario: visit
steps:
  - {say: What brings you here?, by: CLINICIAN, at: 100ms, takes: 400ms}
  - {say: A dry cough since Monday., by: PATIENT, at: 300ms, takes: 500ms, with: true}
  - send:
      transcriptEvent:
        transcriptSegment:
          {segmentId: mine, audioBeginOffset: 0.9, audioEndOffset: 1.5, isPartial: false, channelId: ch_1,
           content: Since Sunday.}
    at: 1500ms
  - {say: Rest and drink., by: CLINICIAN, after: 100ms, takes: 10s}
"""
CODED = {
    **TWO_CHANNELS,
    "postStreamActionSettings": {
        **CONFIGURATION["postStreamActionSettings"],
        "medicalCodeGenerationSettings": {"enabled": True},
    },
}
CHUNK = (silence(0.1, channels=2),)
STATES = ("transcript", "note", "afterVisitSummary", "codes")


def visit(wire: Wire, seconds: float = 2.0, **headers: str) -> Any:
    return wire.visit(*CHUNK * round(10 * seconds), configuration_value=CODED, **headers)


def results(wire: Wire, session_id: str = SESSION_ID) -> dict[str, dict[str, Any]]:
    found = details(wire, session_id)["postStreamActionResult"]
    notes = found["clinicalNoteGenerationResult"]
    return {
        "transcript": notes["transcriptResult"],
        "note": notes["noteResult"],
        "afterVisitSummary": notes["afterVisitSummaryResult"],
        "codes": found["medicalCodeGenerationResult"]["medicalCodesResult"],
    }


def initials(wire: Wire) -> str:
    return "".join(each["status"][0] for each in results(wire).values())


def files(wire: Wire) -> dict[str, Any]:
    """The documents in memory by the last part of their URI."""
    return {each.uri.rpartition("/")[2]: json.loads(each.body) for each in wire.account.documents(wire.now)}


# ---- artifacts


def test_the_transcript_file_agrees_with_the_finals_that_were_streamed() -> None:
    wire = Wire(LINES, clock="manual")
    answer = visit(wire)
    wire.account.advance(60, wire.now)
    written = files(wire)["transcript.json"]["Conversation"]["TranscriptSegments"]
    finals = [each for each in answer.segments if not each["isPartial"]]
    assert len(finals) == 4
    role = {"ch_0": "CLINICIAN", "ch_1": "PATIENT"}
    assert [
        (
            each["SegmentId"],
            each["Content"],
            each["BeginAudioTime"],
            each["EndAudioTime"],
            each["ParticipantDetails"]["ParticipantRole"],
        )
        for each in written
    ] == [
        (
            each["segmentId"],
            each["content"],
            each["audioBeginOffset"],
            each["audioEndOffset"],
            role[each["channelId"]],
        )
        for each in finals
    ]


def test_every_evidence_link_names_a_segment_that_was_streamed() -> None:
    wire = Wire(LINES, clock="manual")
    answer = visit(wire)
    wire.account.advance(60, wire.now)
    links = [
        link["SegmentId"]
        for section in files(wire)["clinicalDoc.json"]["ClinicalDocumentation"]["Sections"]
        for line in section["Summary"]
        for link in line["EvidenceLinks"]
    ]
    assert links
    assert set(links) <= {each["segmentId"] for each in answer.segments if not each["isPartial"]}


def test_a_file_has_all_that_was_said_over_several_streams() -> None:
    wire = Wire(LINES, clock="manual")
    half = (envelope(configuration(CODED)), *[envelope(audio(each)) for each in CHUNK * 8])
    first = stream(wire, *half, EMPTY_FRAME, end=True)
    second = stream(wire, *half, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
    wire.account.advance(60, wire.now)
    written = files(wire)["transcript.json"]["Conversation"]["TranscriptSegments"]
    assert [each["Content"] for each in written] == [*first.finals, *second.finals]
    assert len(first.finals) == len(second.finals) == 2


@pytest.mark.parametrize("unit", ["seconds", "milliseconds"])
def test_the_file_is_in_seconds_whatever_the_stream_is_in(unit: str) -> None:
    wire = Wire(LINES, clock="manual", offset_unit=unit)
    answer = visit(wire)
    wire.account.advance(60, wire.now)
    turn = files(wire)["transcript.json"]["Conversation"]["TranscriptSegments"][0]
    assert (turn["BeginAudioTime"], turn["EndAudioTime"]) == (0.1, 0.5)
    assert answer.segments[0]["audioBeginOffset"] == (0.1 if unit == "seconds" else 100)


def test_a_manual_clock_moves_the_artifacts_one_after_the_other() -> None:
    wire = Wire(LINES, clock="manual")
    visit(wire)
    wire.advance(3600)  # real time means nothing here
    seen = [initials(wire)]
    for seconds in (0.5, 1, 1, 1, 1):
        wire.account.advance(seconds, wire.now)
        seen.append(initials(wire))
    assert seen == ["PPPP", "IPPP", "CIPP", "CCIP", "CCCI", "CCCC"]


def test_a_real_clock_does_the_same_in_real_time() -> None:
    wire = Wire(LINES)
    visit(wire)
    seen = [initials(wire)]
    for seconds in (0.5, 1, 1, 1, 1):
        wire.advance(seconds)
        seen.append(initials(wire))
    assert seen == ["PPPP", "IPPP", "CIPP", "CCIP", "CCCI", "CCCC"]


def test_an_autojump_clock_leaps_from_one_to_the_next_when_its_streams_are_quiet() -> None:
    wire = Wire(LINES, clock="autojump")
    visit(wire)
    seen = []
    for _ in range(5):
        due = wire.account.next_chore(wire.now)
        assert due is not None
        assert due - wire.now <= wire.mock.config.autojump_quiet_seconds
        wire.now = due
        wire.account.do_chores(wire.now)
        seen.append([each.status(wire.account.clock.time(wire.now)) for each in wire.account.store.all(Artifact)])
    assert ["".join(status[0] for status in statuses) for statuses in seen] == ["IPPP", "CIPP", "CCIP", "CCCI", "CCCC"]
    assert wire.account.next_chore(wire.now) is None
    assert wire.account.clock.time(wire.now) == pytest.approx(4.5, abs=0.1)


@pytest.mark.parametrize(
    ("wish", "status", "file"),
    [
        ("{content: VALUE}", "COMPLETED", True),
        ("{delay: 30s}", "COMPLETED", True),
        ("{fail: out of ink}", "FAILED", False),
        ("{skip: true}", "SKIPPED", False),
    ],
)
@pytest.mark.parametrize(
    ("name", "path", "value", "found"),
    [
        ("transcript", "transcript.json", "{Mine: 1}", {"Mine": 1}),
        (
            "note",
            "clinicalDoc.json",
            "{PLAN: [A dry cough]}",
            {
                "ClinicalDocumentation": {
                    "SessionId": SESSION_ID,
                    "Sections": [
                        {
                            "SectionName": "PLAN",
                            "Summary": [
                                {"SummarizedSegment": "A dry cough", "EvidenceLinks": [{"SegmentId": "seg-2"}]}
                            ],
                        }
                    ],
                }
            },
        ),
        (
            "afterVisitSummary",
            "afterVisitSummary.json",
            "[Rest.]",
            {"AfterVisitSummary": {"SummarizedSegments": [{"SummarizedSegment": "Rest."}]}},
        ),
        ("codes", "medicalCodes.json", "[{name: Z00.0}]", {"medicalCodes": [{"name": "Z00.0"}]}),
    ],
)
def test_a_scenario_can_write_delay_fail_or_skip_each(
    name: str, path: str, value: str, found: Any, wish: str, status: str, file: bool
) -> None:
    wire = Wire(
        f"{LINES}artifacts: {{{name}: {wish.replace('VALUE', value)}}}\n", clock="manual", segment_ids="counter"
    )
    visit(wire)
    wire.account.advance(20, wire.now)
    delayed = "delay" in wish
    assert results(wire)[name]["status"] == ("IN_PROGRESS" if delayed else status)
    wire.account.advance(20, wire.now)
    told = results(wire)[name]
    assert told["status"] == status
    assert told.get("failureReason") == ("out of ink" if status == "FAILED" else None)
    assert ("outputLocation" in told) is (path in files(wire)) is file
    if "content" in wish:
        assert files(wire)[path] == found


def test_a_document_is_found_by_the_uri_that_the_service_names() -> None:
    wire = Wire(LINES, clock="manual")
    visit(wire)
    assert wire.account.documents(wire.now) == ()
    wire.account.advance(60, wire.now)
    for name, told in results(wire).items():
        document = wire.account.document(told["outputLocation"], wire.now)
        assert document is not None
        assert document.work.key == f"{SESSION_ID}/{name}"
    assert wire.account.document("s3://bucket/none", wire.now) is None


def test_jobs_and_datasets_leave_theirs_there_too() -> None:
    wire = Wire(clock="manual")
    paths = {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}
    _, dataset = request(
        wire, "POST", f"/domains/{DOMAIN_ID}/datasets", {"name": "N", "config": {"medicalCoding": paths}}
    )
    body = {"text": "A cough.", "outputDataConfig": {"s3OutputPath": "s3://bucket/codes"}}
    _, job = request(wire, "POST", f"/domain/{DOMAIN_ID}/medical-coding-job", body)
    wire.account.advance(60, wire.now)
    _, found = request(wire, "GET", f"/domain/{DOMAIN_ID}/medical-coding-job/{job['jobId']}")
    uris = [each.uri for each in wire.account.documents(wire.now)]
    assert uris == [f"s3://bucket/out/{dataset['datasetId']}/evaluation.json", found["medicalCodingOutput"]["uri"]]


@pytest.mark.parametrize(("form", "key"), [("healthscribe", "Conversation"), ("segments", "Transcript")])
def test_the_transcript_file_has_the_form_that_is_set(form: str, key: str) -> None:
    wire = Wire(LINES, clock="manual", transcript_form=form)
    visit(wire)
    wire.account.advance(60, wire.now)
    assert list(files(wire)["transcript.json"]) == [key]


@pytest.mark.parametrize(("form", "end"), [("file", "/clinicalDoc.json"), ("folder", "/clinical-notes/")])
def test_a_location_is_a_file_or_a_folder(form: str, end: str) -> None:  # row 21
    wire = Wire(LINES, clock="manual", output_location=form)
    visit(wire)
    wire.account.advance(60, wire.now)
    assert results(wire)["note"]["outputLocation"].endswith(end)


def test_what_a_writer_delivers_is_done_only_then() -> None:
    wire = Wire(LINES, clock="manual")
    wanted: list[Any] = []
    wire.mock.deliver = lambda account, document: wanted.append((account, document))
    visit(wire)
    wire.account.advance(60, wire.now)
    assert {each["status"] for each in results(wire).values()} == {"IN_PROGRESS"}
    for account, document in {document.uri: (account, document) for account, document in wanted}.values():
        settle(account.store, document, "disk full" if "Summary" in document.uri else None)
    told = results(wire)
    assert [told[name]["status"] for name in STATES] == ["COMPLETED", "COMPLETED", "FAILED", "COMPLETED"]
    assert told["afterVisitSummary"]["failureReason"] == "disk full"


def test_work_under_way_can_be_finished_at_once_and_is_delivered() -> None:
    wire = Wire(LINES, clock="manual")
    wanted: list[Any] = []
    wire.mock.deliver = lambda account, document: wanted.append(document)
    visit(wire)
    output = {"outputDataConfig": {"s3OutputPath": "s3://bucket/codes"}}
    _, job = request(wire, "POST", f"/domain/{DOMAIN_ID}/medical-coding-job", {"text": "A cough.", **output})
    paths = {"s3InputPath": "s3://bucket/in", "s3OutputPath": "s3://bucket/out"}
    _, dataset = request(
        wire, "POST", f"/domains/{DOMAIN_ID}/datasets", {"name": "N", "config": {"medicalCoding": paths}}
    )
    before = wire.account.clock.time(wire.now)
    wire.account.finish_work(wire.now)
    assert wire.account.clock.time(wire.now) == before
    for document in wanted:
        settle(wire.account.store, document)
    assert initials(wire) == "CCCC"
    _, found = request(wire, "GET", f"/domain/{DOMAIN_ID}/medical-coding-job/{job['jobId']}")
    assert found["jobStatus"] == "SUCCEEDED"
    _, found = request(wire, "GET", f"/domains/{DOMAIN_ID}/datasets/{dataset['datasetId']}")
    assert found["status"] == "ACTIVE"
    wire.account.finish_work(wire.now)
    assert len(wanted) == 6  # each once


# ---- durations (rows 20 and 36, facts 8)


@pytest.mark.parametrize(
    ("settings", "states"),
    [
        ({"artifact_queue_seconds": 5, "artifact_seconds": 10}, {4.9: "PPPP", 5: "IPPP", 15: "CIPP", 45: "CCCC"}),
        ({"artifact_queue_seconds": 0, "artifact_seconds": 0}, {0: "CCCC"}),
    ],
)
def test_artifacts_take_as_long_as_is_set(settings: dict[str, float], states: dict[float, str]) -> None:
    wire = Wire(LINES, clock="manual", **settings)
    visit(wire)
    passed = 0.0
    for at, expected in states.items():
        wire.account.advance(at - passed, wire.now)
        passed = at
        assert initials(wire) == expected


# ---- what an account remembers


def test_the_oldest_session_without_a_stream_goes_first_with_its_artifacts() -> None:
    wire = Wire(kept_sessions=2)
    ids = [new_session_id() for _ in range(3)]
    number = len(wire.answers)
    stream(wire, envelope(configuration()), session_id=ids[0])  # stays open
    assert len(wire.answers) == number + 1
    stream(wire, envelope(configuration()), envelope(END_OF_SESSION), EMPTY_FRAME, end=True, session_id=ids[1])
    assert details(wire, ids[1])
    stream(wire, envelope(configuration()), session_id=ids[2])
    assert [bool(details(wire, each)) for each in ids] == [True, False, True]
    assert [each.session_key for each in wire.account.store.all(ListeningSession)] == [ids[0], ids[2]]
    assert wire.account.store.all(Artifact) == ()


def test_a_new_session_is_remembered_when_all_others_have_streams_and_those_go_once_they_have_none() -> None:
    wire = Wire(kept_sessions=1)
    ids = [new_session_id() for _ in range(4)]
    streams = [wire.open(headers=request_headers(session_id=each)) for each in ids[:3]]
    for each in streams:
        wire.send(each, envelope(configuration()))
    assert [bool(details(wire, each)) for each in ids] == [True, True, True, False]
    for each in streams:
        wire.send(each, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
    stream(wire, envelope(configuration()), session_id=ids[3])
    assert list(wire.account.sessions) == [ids[3]]
    assert [each.session_key for each in wire.account.store.all(ListeningSession)] == [ids[3]]


def test_ids_are_the_same_for_the_same_seed() -> None:
    def ids(seed: int) -> list[str]:
        wire = Wire(LINES, seed=seed)
        made = request(wire, "POST", "/domain", {"name": "Clinic"})
        answer = visit(wire)
        return [
            made[0].headers["x-amzn-requestid"],
            made[1]["domainId"],
            *(each["segmentId"] for each in answer.segments),
        ]

    assert ids(1) == ids(1)
    assert not set(ids(1)) & (set(ids(2)) - {"mine"})


def test_a_paused_session_does_not_hold_an_autojump_clock_up_nor_is_leapt_to_its_end() -> None:
    wire = Wire(clock="autojump", resume_window_seconds=100)
    pause(wire)
    assert wire.account.next_chore(wire.now) is None
    wire.account.do_chores(wire.now + 10)
    assert wire.account.clock.time(wire.now) < 1

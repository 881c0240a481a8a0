"""What the journal keeps of a visit's content under `--redact content`: sizes and hashes."""

import hashlib
import json
import random
from typing import Any

import pytest

from mockscribe.entries import Kind
from mockscribe.errors import ControlError
from mockscribe.inspection import audio as heard
from mockscribe.inspection.sessions import entries
from mockscribe.inspection.timeline import timeline
from tests.wire import CONFIGURATION, END_OF_SESSION, Answer, Wire, audio, base64_audio, configuration, request_headers

SPOKEN = "The knee still hurts at night."
CONTEXT = "Takes ibuprofen daily, lives in Utrecht."
CHECKLIST = "Ask about allergies to penicillin."
SCENARIO = f"""
scenario: visit
steps:
  - say: {SPOKEN}
    at: 100ms
    takes: 400ms
  - send:
      checklistEvent: {{items: [{{text: {CHECKLIST}, number: 3}}]}}
    at: 600ms
  - send:
      transcriptEvent: {{transcriptSegment: {{segmentId: s-9, isPartial: true, content: {SPOKEN}}}}}
"""
AUDIO = random.Random(1).randbytes(32_000)


def visit(wire: Wire) -> Answer:
    told = {**CONFIGURATION, "encounterContext": {"unstructuredContext": CONTEXT}}
    secret = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250101/us-east-1/health-agent/aws4_request, Signature=abcdef0123"
    )
    stream = wire.open(headers=request_headers(authorization=secret))
    first, second = AUDIO[:16_000], AUDIO[16_000:]
    wire.send(stream, configuration(told), audio(first), base64_audio(second), END_OF_SESSION, end=True)
    return wire.answers[stream]


def journal(wire: Wire) -> list[dict[str, Any]]:
    return [entry.fields() for entry in wire.account.journal]


def test_content_is_kept_unless_it_is_asked_not_to_be_and_credentials_never() -> None:
    wire = Wire(SCENARIO)
    visit(wire)
    kept = json.dumps(journal(wire))
    for text in (SPOKEN, CONTEXT, CHECKLIST):
        assert text in kept
    assert "abcdef0123" not in kept


def test_no_audio_and_no_text_is_in_the_journal_and_the_client_gets_all() -> None:
    wire, plain = Wire(SCENARIO, redact="content"), Wire(SCENARIO)
    assert visit(wire).body == visit(plain).body
    kept = json.dumps(journal(wire))
    for text in ("knee", "Utrecht", "penicillin", "abcdef0123", "ibuprofen"):
        assert text not in kept
    for entry in wire.account.journal:
        assert not any(isinstance(getattr(entry.about, name, None), memoryview) for name in ("audio", "content"))
    assert [each["kind"] for each in journal(wire)] == [each["kind"] for each in journal(plain)]


def test_sizes_and_hashes_stay() -> None:
    wire = Wire(SCENARIO, redact="content")
    visit(wire)
    heard_events = [each for each in journal(wire) if each.get("event") in ("binaryAudioEvent", "audioEvent")]
    assert [each["bytes"] for each in heard_events] == [16_000, 16_000]
    assert heard_events[0]["sha256"] == hashlib.sha256(AUDIO[:16_000]).hexdigest()
    finals = [
        each["value"]["transcriptSegment"]
        for each in journal(wire)
        if each.get("event") == "transcriptEvent" and not each["value"]["transcriptSegment"]["isPartial"]
    ]
    digest = hashlib.sha256(SPOKEN.encode()).hexdigest()
    assert finals[0]["content"] == f"(hidden: {len(SPOKEN)} characters, SHA-256 {digest})"
    (checklist,) = [each["value"] for each in journal(wire) if each.get("event") == "checklistEvent"]
    assert checklist["items"][0]["number"] == 3
    (verbatim,) = [
        each["value"]["transcriptSegment"]
        for each in journal(wire)
        if each.get("event") == "transcriptEvent" and each["value"]["transcriptSegment"]["segmentId"] == "s-9"
    ]
    assert digest in verbatim["content"]


def test_what_is_computed_from_the_journal_still_is_but_for_the_audio_itself() -> None:
    wire = Wire(SCENARIO, redact="content")
    visit(wire)
    (session,) = wire.account.sessions.values()
    own = entries(wire.account, session)
    summary = heard.summary(session, own)
    assert summary.sha256 == hashlib.sha256(AUDIO).hexdigest()
    assert (summary.bytes, summary.chunks.count, summary.chunks.largest) == (32_000, 2, 16_000)
    told = timeline(wire.account)
    assert "1 × binaryAudioEvent of 16,000 bytes" in told or "of 16,000 bytes" in told
    assert [line for line in told.splitlines() if "knee" in line] == [
        f'    step 1, line 4: say "{SPOKEN}": finished, fired 1 ×'  # the script's, not the journal's
    ]
    with pytest.raises(ControlError, match="--redact content"):
        heard.wav(session, own)


def test_a_hidden_journal_holds_no_audio_in_its_budget() -> None:
    wire = Wire(SCENARIO, redact="content")
    visit(wire)
    assert wire.account.journal.octets == 400 * len(wire.account.journal)
    assert len(wire.account.journal.select(Kind.EVENT_RECEIVED)) == 4

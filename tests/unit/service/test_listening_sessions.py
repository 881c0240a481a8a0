"""What GetMedicalScribeListeningSession tells, through botocore and in virtual time."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from mockscribe.config import Config
from mockscribe.errors import ServiceError
from mockscribe.service import documents, listening_sessions
from mockscribe.service.operations import documents as all_documents
from mockscribe.service.operations import documents_due
from mockscribe.service.resources import Artifact, ListeningSession, Spoken
from tests.offline_client import STARTED, Account, connect, refused
from tests.wire import CONFIGURATION, DOMAIN_ID, SESSION_ID, SUBSCRIPTION_ID

IDS = {"domainId": DOMAIN_ID, "subscriptionId": SUBSCRIPTION_ID, "sessionId": SESSION_ID}
SETTINGS = CONFIGURATION["postStreamActionSettings"]
WITH_CODES = {"postStreamActionSettings": {**SETTINGS, "medicalCodeGenerationSettings": {"enabled": True}}}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """As a scenario has it."""

    delay_us: int = 0
    fail: str | None = None
    skip: bool = False


def session(configuration: Mapping[str, Any] = CONFIGURATION, **more: Any) -> ListeningSession:
    return ListeningSession(
        number=1,
        session_key=SESSION_ID,
        parameters={**IDS, "languageCode": "en-US", "mediaSampleRateHertz": 16000, "mediaEncoding": "pcm"},
        configuration=configuration,
        **{"state": "IN_PROGRESS", "created": 10.0, **more},
    )


def known(
    configuration: Mapping[str, Any] = CONFIGURATION, config: Config | None = None, **more: Any
) -> tuple[Any, Account]:
    """A client, and the account that has the session; it is mock time 100."""
    api, account = connect(config)
    account.time = 100.0
    account.store.put(session(configuration, **more))
    return api, account


def details(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.get_medical_scribe_listening_session(**IDS)["medicalScribeListeningSessionDetails"]
    return found


def completed(
    configuration: Mapping[str, Any] = WITH_CODES,
    config: Config | None = None,
    segments: tuple[Spoken, ...] = (),
    **wishes: Wish,
) -> tuple[Any, Account]:
    """The same, ended at mock time 100: an artifact is half a second PENDING and a second IN_PROGRESS by default."""
    api, account = known(configuration, config, state="COMPLETED", ended=100.0, segments=segments)
    (found,) = account.store.all(ListeningSession)
    listening_sessions.begin_artifacts(account.call(), found, wishes)
    return api, account


def results(api: Any) -> dict[str, dict[str, Any]]:
    """ArtifactDetails by artifact."""
    found = details(api)["postStreamActionResult"]
    notes, codes = found["clinicalNoteGenerationResult"], found.get("medicalCodeGenerationResult")
    flat = {name.removesuffix("Result"): each for name, each in notes.items()}
    return flat if codes is None else {**flat, "codes": codes["medicalCodesResult"]}


def statuses(api: Any) -> dict[str, str]:
    return {name: each["status"] for name, each in results(api).items()}


def initials(api: Any) -> str:
    """The statuses of transcript, note, after-visit summary and codes, a letter each."""
    found = statuses(api)
    return "".join(found[name][0] for name in ("transcript", "note", "afterVisitSummary", "codes"))


# ---- the session


def test_it_tells_what_the_client_has_chosen() -> None:
    api, _ = known(
        {
            **WITH_CODES,
            "channelDefinitions": [
                {"channelId": 0, "participantRole": "CLINICIAN"},
                {"channelId": 1, "participantRole": "PATIENT"},
            ],
            "encounterContext": {"unstructuredContext": "Cough.", "medicalCodingContext": {"encounterReason": "Cough"}},
        }
    )
    found = details(api)
    assert {name: found[name] for name in IDS} == IDS
    assert (found["languageCode"], found["mediaSampleRateHertz"], found["mediaEncoding"]) == ("en-US", 16000, "pcm")
    assert [each["participantRole"] for each in found["channelDefinitions"]] == ["CLINICIAN", "PATIENT"]
    assert found["postStreamActionSettings"] == WITH_CODES["postStreamActionSettings"]
    assert (found["encounterContextProvided"], found["medicalCodingContextProvided"]) == (True, True)
    assert found["streamStatus"] == "IN_PROGRESS"
    assert found["streamCreationTime"].timestamp() == STARTED + 10
    assert {"streamEndTime", "postStreamActionResult"} & set(found) == set()


def test_the_encounters_text_and_the_templates_instructions_are_not_told() -> None:
    secret = {"sectionHeader": "PLAN", "sectionInstruction": "instruct"}
    own = {"customTemplate": {"templateType": "DAP", "templateInstructions": [secret]}}
    note = {"clinicalNoteGenerationSettings": {"noteTemplateSettings": own}}
    _, account = known(
        {
            "postStreamActionSettings": {**SETTINGS, **note},
            "encounterContext": {"unstructuredContext": "confide"},
        }
    )
    found = details(connect_again(account))
    template = found["postStreamActionSettings"]["clinicalNoteGenerationSettings"]["noteTemplateSettings"]
    assert template == {"customTemplate": {"templateType": "DAP"}}
    assert (found["encounterContextProvided"], found["medicalCodingContextProvided"]) == (True, False)
    assert not {"confide", "instruct"} & set(account.last[2].decode().split('"'))


def connect_again(account: Account) -> Any:
    """The client, whose answers come from `account` as before."""
    return connect(account.config, store=account.store)[0]


def test_times_are_seconds_since_the_epoch_as_numbers() -> None:
    api, account = completed()
    details(api)
    answer = json.loads(account.last[2])["medicalScribeListeningSessionDetails"]
    assert (answer["streamCreationTime"], answer["streamEndTime"]) == (STARTED + 10, STARTED + 100)


def test_a_paused_session_has_failed_once_its_window_is_over() -> None:
    api, account = known(state="PAUSED", expires=200.0)
    account.time = 199.9
    assert details(api)["streamStatus"] == "PAUSED"
    account.time = 200.0
    assert details(api)["streamStatus"] == "FAILED"


def test_the_id_may_be_written_in_capitals() -> None:
    api, _ = known()
    assert api.get_medical_scribe_listening_session(**{**IDS, "sessionId": SESSION_ID.upper()})


@pytest.mark.parametrize(
    "other",
    [
        {"sessionId": SESSION_ID.replace("0", "1")},
        {"domainId": "hai-1111111111111111"},
        {"subscriptionId": "sub-111111111111111111111"},
    ],
)
def test_other_ids_are_not_found(other: dict[str, str]) -> None:
    api, _ = known()
    with refused("ResourceNotFoundException", 404):
        api.get_medical_scribe_listening_session(**{**IDS, **other})


def test_with_strict_resources_its_subscription_must_have_been_created() -> None:
    api, _ = known(config=Config(strict_resources=True))
    with refused("ResourceNotFoundException", 404, "Domain"):
        details(api)


def test_before_its_configuration_a_session_is_not_found_or_in_progress() -> None:
    api, _ = known({})
    with refused("ResourceNotFoundException", 404, "Session"):
        details(api)
    api, _ = known({}, Config(session_before_configuration="in-progress"))
    found = details(api)
    assert found["streamStatus"] == "IN_PROGRESS"
    assert "postStreamActionSettings" not in found
    api, _ = known({}, Config(session_before_configuration="in-progress", results_before_end="pending"))
    assert set(statuses(api).values()) == {"PENDING"}


# ---- its artifacts


def test_before_the_end_there_is_no_result_or_everything_is_pending() -> None:
    api, _ = known(WITH_CODES)
    assert "postStreamActionResult" not in details(api)
    api, _ = known(WITH_CODES, Config(results_before_end="pending"))
    assert statuses(api) == dict.fromkeys(("transcript", "note", "afterVisitSummary", "codes"), "PENDING")
    assert all(set(each) == {"status"} for each in results(api).values())


def test_after_the_end_and_before_the_artifacts_begin_all_are_pending() -> None:
    api, _ = known(state="COMPLETED", ended=100.0)
    assert statuses(api) == dict.fromkeys(("transcript", "note", "afterVisitSummary"), "PENDING")


def test_they_are_made_one_after_the_other() -> None:
    api, account = completed()
    assert [account.store.next_change(time) for time in (100.0, 100.5, 101.5, 102.5, 103.5, 104.5)] == [
        100.5,
        101.5,
        102.5,
        103.5,
        104.5,
        None,
    ]
    seen = []
    for account.time in (100.0, 100.4, 100.5, 101.5, 102.5, 103.5, 104.5):
        seen.append(initials(api))
    assert seen == ["PPPP", "PPPP", "IPPP", "CIPP", "CCIP", "CCCI", "CCCC"]


def test_an_artifact_is_completed_once_it_is_where_it_says() -> None:
    api, account = completed()
    account.writes, account.time = False, 1000.0
    assert set(statuses(api).values()) == {"IN_PROGRESS"}
    assert all("outputLocation" not in each for each in results(api).values())
    account.write()
    assert set(statuses(api).values()) == {"COMPLETED"}
    assert sorted(each["outputLocation"] for each in results(api).values()) == sorted(account.written)


def test_one_that_cannot_be_written_has_failed_for_that_reason() -> None:
    api, account = completed()
    account.writes, account.time = False, 1000.0
    for document in documents_due(account.call()):
        documents.settle(account.store, document, "disk full" if "clinicalDoc" in document.uri else None)
    assert results(api)["note"] == {"status": "FAILED", "failureReason": "disk full"}
    assert statuses(api)["afterVisitSummary"] == "COMPLETED"


def test_codes_come_only_when_they_were_asked_for() -> None:
    api, _ = completed(CONFIGURATION)
    assert set(results(api)) == {"transcript", "note", "afterVisitSummary"}
    off = {**SETTINGS, "medicalCodeGenerationSettings": {"enabled": False}}
    api, _ = completed({"postStreamActionSettings": off})
    assert set(results(api)) == {"transcript", "note", "afterVisitSummary"}


def test_the_codes_job_is_named_by_the_session_so_that_feedback_can_name_it() -> None:
    api, _ = completed()
    assert details(api)["postStreamActionResult"]["medicalCodeGenerationResult"]["jobId"] == SESSION_ID


def test_a_location_is_the_file_or_its_folder() -> None:
    api, account = completed()
    account.time = 1000.0
    file = results(api)["note"]["outputLocation"]
    assert file.endswith("/post-stream-action/clinical-notes/clinicalDoc.json")
    api, account = completed(config=Config(output_location="folder"))
    account.time = 1000.0
    assert results(api)["note"]["outputLocation"] == file.removesuffix("clinicalDoc.json")


def test_a_delay_holds_up_the_artifact_and_those_after_it() -> None:
    api, account = completed(note=Wish(delay_us=5_000_000))
    seen = []
    for account.time in (102.5, 107.4, 107.5, 108.5):
        seen.append(initials(api))
    assert seen == ["CIPP", "CIPP", "CCIP", "CCCI"]


@pytest.mark.parametrize("name", ["transcript", "note", "afterVisitSummary", "codes"])
def test_one_that_fails_says_why_and_leaves_no_file(name: str) -> None:
    api, account = completed(**{name: Wish(fail="out of ink")})
    account.time = 1000.0
    found = results(api)
    assert found[name] == {"status": "FAILED", "failureReason": "out of ink"}
    assert len(account.written) == sum(status == "COMPLETED" for status in statuses(api).values())
    skipped = {"afterVisitSummary", "codes"} if name == "note" else set()
    others = {other: each["status"] for other, each in found.items() if other != name}
    assert others == {other: "SKIPPED" if other in skipped else "COMPLETED" for other in others}


@pytest.mark.parametrize("name", ["transcript", "note", "afterVisitSummary", "codes"])
def test_one_that_is_skipped_takes_no_time_and_leaves_no_file(name: str) -> None:
    api, account = completed(**{name: Wish(skip=True)})
    account.time = 1000.0
    assert results(api)[name] == {"status": "SKIPPED"}
    gone = 3 if name == "note" else 1
    assert len(account.written) == 4 - gone
    last = max(each.finished for each in account.store.all(Artifact))
    assert last == 104.5 - gone


def test_what_is_skipped_does_not_fail_as_well() -> None:
    api, account = completed(note=Wish(skip=True, fail="never seen"))
    account.time = 1000.0
    assert results(api)["note"] == {"status": "SKIPPED"}


def test_nothing_can_be_written_into_the_failing_bucket() -> None:
    bad = {"postStreamActionSettings": {**SETTINGS, "outputS3Uri": "s3://mockscribe-fail/notes"}}
    api, account = completed(bad)
    account.time = 1000.0
    assert statuses(api) == {"transcript": "FAILED", "note": "FAILED", "afterVisitSummary": "SKIPPED"}
    assert "mockscribe-fail" in results(api)["transcript"]["failureReason"]
    assert account.written == {}
    api, account = completed(bad, Config(failing_bucket=""))
    account.time = 1000.0
    assert set(statuses(api).values()) == {"COMPLETED"}


def test_the_documents_can_be_made_again_at_any_time() -> None:
    said = (Spoken(segment_id="a", begin=0.0, end=1.0, content="I cough.", role="PATIENT"),)
    api, account = completed(segments=said, afterVisitSummary=Wish(skip=True), codes=Wish(fail="why"))
    account.time = 101.5
    assert statuses(api)["transcript"] == "COMPLETED"
    assert [each.uri.rpartition("/")[2] for each in all_documents(account.call())] == ["transcript.json"]
    account.time = 1000.0
    details(api)
    made = {each.uri: json.loads(each.body) for each in all_documents(account.call())}
    assert made == account.written
    assert {uri.rpartition("/")[2] for uri in made} == {"transcript.json", "clinicalDoc.json"}


# ---- starting, and forgetting


def test_the_output_is_checked_at_the_start_only_where_that_is_asked_for() -> None:
    bad = {"postStreamActionSettings": {**SETTINGS, "outputS3Uri": "s3://mockscribe-fail"}}
    checks = Config(output_check="at-start")
    listening_sessions.check_output(Account().call(), bad)
    listening_sessions.check_output(Account(checks).call(), CONFIGURATION)
    with pytest.raises(ServiceError, match="mockscribe-fail") as caught:
        listening_sessions.check_output(Account(checks).call(), bad)
    assert (caught.value.shape, caught.value.status) == ("ValidationException", 400)


def test_a_stream_that_takes_the_place_of_another_is_no_further_session() -> None:
    account = Account(Config(enforce_quotas=True, concurrent_sessions=1))
    account.sessions.live_sessions = 1
    listening_sessions.check_start(account.call(), IDS, resumed=True, live=True)
    with pytest.raises(ServiceError, match="limit") as caught:
        listening_sessions.check_start(account.call(), IDS, resumed=True)
    assert (caught.value.shape, caught.value.status) == ("ServiceQuotaExceededException", 402)


@pytest.mark.parametrize(
    ("config", "shape", "status"),
    [
        (Config(), "ResourceNotFoundException", 404),
        (Config(inactive_resource="access-denied"), "AccessDeniedException", 401),
    ],
)
def test_an_inactive_subscription_takes_no_new_session_and_lets_one_go_on(
    config: Config, shape: str, status: int
) -> None:
    api, account = connect(config)
    domain_id = api.create_domain(name="Clinic")["domainId"]
    ids = {"domainId": domain_id, "subscriptionId": api.create_subscription(domainId=domain_id)["subscriptionId"]}
    api.deactivate_subscription(**ids)
    listening_sessions.check_start(account.call(), ids, resumed=True)
    with pytest.raises(ServiceError) as caught:
        listening_sessions.check_start(account.call(), ids, resumed=False)
    assert (caught.value.shape, caught.value.status) == (shape, status)


def test_a_session_is_forgotten_with_its_artifacts() -> None:
    api, account = completed(CONFIGURATION)
    listening_sessions.forget(account.call(), SESSION_ID)
    assert account.store.all(Artifact) == account.store.all(ListeningSession) == ()
    with refused("ResourceNotFoundException", 404):
        details(api)
    listening_sessions.forget(account.call(), SESSION_ID)  # and again: there is nothing


def test_what_was_forgotten_while_it_was_written_stays_so() -> None:
    _, account = completed()
    account.writes, account.time = False, 1000.0
    due = documents_due(account.call())
    listening_sessions.forget(account.call(), SESSION_ID)
    for document in due:
        documents.settle(account.store, document)
    assert account.store.all(Artifact) == ()

"""The call on boto3, against a server that is not ours: what it sends, what it raises, and what stays botocore's."""

import contextlib
import datetime
import functools
import http.server
import io
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore
import botocore.eventstream
import botocore.handlers
import botocore.session
import h2.errors
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EventStreamError,
    InvalidProxiesConfigError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    UnsupportedSignatureVersionError,
)
from botocore.stub import Stubber

import mockscribe.boto3
from mockscribe.errors import ConfigError
from tests import far_end as far_end_module
from tests.far_end import FarEnd, exception, listening, message, server_context, transcript

METHOD = "start_medical_scribe_listening_session"
PARAMETERS: dict[str, Any] = {
    "sessionId": "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
    "domainId": "hai-0123456789abcdef",
    "subscriptionId": "sub-0123456789abcdefghijk",
    "languageCode": "en-US",
    "mediaSampleRateHertz": 16_000,
    "mediaEncoding": "pcm",
}
NOTE = {"noteTemplateSettings": {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}}
CONFIGURATION = {
    "configurationEvent": {
        "postStreamActionSettings": {"outputS3Uri": "s3://bucket", "clinicalNoteGenerationSettings": NOTE}
    }
}
AUDIO = {"audioEvent": {"audioChunk": b"\xff\xfe"}}
BINARY = {"binaryAudioEvent": {"audioChunk": b"\x01\x02"}}
END = {"sessionControlEvent": {"type": "END_OF_SESSION"}}
EVENTS = [CONFIGURATION, AUDIO, BINARY, END]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's profile, proxy or CA takes part."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "REQUESTS_CA", "CURL_CA")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return far_end_module.certificate(tmp_path_factory.mktemp("tls"))


@functools.cache
def session() -> Any:
    """One for all tests, since it reads the model of the service once."""
    return boto3.Session()


def client_of(port: int, scheme: str = "http", *, config: dict[str, Any] | None = None, **settings: Any) -> Any:
    """A client with the call, of the server on that port."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    settings = {"endpoint_url": f"{scheme}://127.0.0.1:{port}", "region_name": "eu-west-2", **keys, **settings}
    settings["config"] = Config(inject_host_prefix=False, **(config or {}))
    return mockscribe.boto3.enable(session().client("connecthealth", **settings))


def once(far_end: FarEnd, name: str) -> bool:
    asked = vars(far_end).setdefault("asked", set())
    first = name not in asked
    asked.add(name)
    return first


def echoing(far_end: FarEnd) -> None:
    """200 to the head, a segment to every event, and the end after the last."""
    if not far_end.headers or far_end.terminated:
        return
    if once(far_end, "head"):
        far_end.respond(x_amzn_request_id="r-1", x_amzn_medscribe_sample_rate="16000")
    for number, member in enumerate(far_end.members):
        if member and once(far_end, f"event {number}"):
            far_end.say(transcript(member, number, number + 1))
    if far_end.ended and once(far_end, "end"):
        far_end.end()


def answering(react: Callable[[FarEnd], None]) -> FarEnd:
    """A server that does this once, when the head has come."""

    def first(far_end: FarEnd) -> None:
        if far_end.headers and once(far_end, "head"):
            react(far_end)

    return FarEnd(first)


def contents(response: dict[str, Any]) -> list[str]:
    return [event["transcriptEvent"]["transcriptSegment"]["content"] for event in response["responseStream"]]


def started(port: int, stream: Any = EVENTS, **settings: Any) -> dict[str, Any]:
    response: dict[str, Any] = client_of(port, **settings).start_medical_scribe_listening_session(
        **PARAMETERS, inputStream=stream
    )
    return response


def forever() -> Iterator[dict[str, Any]]:
    """A microphone: one event, and then none for as long as the test runs."""
    yield CONFIGURATION
    threading.Event().wait(10)


# ---- what is sent, and what comes back


@pytest.mark.parametrize("kind", [list, tuple, iter], ids=["list", "tuple", "iterator"])
def test_the_input_stream_is_any_iterable_of_events(kind: Callable[[Any], Any]) -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        response = started(port, kind(EVENTS))
        assert contents(response) == [next(iter(event)) for event in EVENTS]
    assert [(member, kind) for member, kind, _ in far_end.events] == [
        ("configurationEvent", "application/json"),
        ("audioEvent", "application/json"),
        ("binaryAudioEvent", "application/octet-stream"),
        ("sessionControlEvent", "application/json"),
        ("", ""),
    ]
    payloads = [payload for _, _, payload in far_end.events]
    assert json.loads(payloads[0]) == CONFIGURATION["configurationEvent"]
    assert payloads[1:] == [b'{"audioChunk":"//4="}', b"\x01\x02", b'{"type":"END_OF_SESSION"}', b""]
    assert far_end.reset is None


@pytest.mark.parametrize("chunk", ["text", bytearray(b"text"), io.BytesIO(b"text")])
def test_a_chunk_is_whatever_botocore_takes_for_bytes(chunk: Any) -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        list(started(port, [{"binaryAudioEvent": {"audioChunk": chunk}}])["responseStream"])
    assert far_end.audio == b"text"


def test_one_event_is_a_stream_of_one_event_as_the_documented_syntax_shows() -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        assert contents(started(port, CONFIGURATION)) == ["configurationEvent"]
    assert far_end.members == ["configurationEvent", ""]


def test_no_input_stream_is_an_empty_one_since_the_model_does_not_require_it() -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        response = client_of(port).start_medical_scribe_listening_session(**PARAMETERS)
        assert contents(response) == []
    assert far_end.members == [""]


def test_the_request_is_botocores_own_and_signed_by_the_clients_credentials_for_its_region() -> None:
    """The far end computes the signature again by botocore's signer, and the chain of the events by itself."""
    with listening(far_end := FarEnd(echoing)) as port:
        client = client_of(port, config={"user_agent_extra": "clinic/7"}, aws_session_token="t0ken")
        list(client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=EVENTS)["responseStream"])
    head = far_end.headers
    assert (head[":method"], head[":path"]) == ("POST", "/medical-scribe-stream/")
    assert (head[":scheme"], head[":authority"]) == ("http", f"127.0.0.1:{port}")
    assert head["content-type"] == "application/vnd.amazon.eventstream"
    assert head["x-amz-content-sha256"] == "STREAMING-AWS4-HMAC-SHA256-EVENTS"
    assert head["x-amz-security-token"] == "t0ken"
    assert "/eu-west-2/health-agent/aws4_request" in head["authorization"]
    assert head["user-agent"].startswith("Boto3/")
    assert head["user-agent"].endswith("clinic/7")
    assert {name.removeprefix("x-amzn-medscribe-"): value for name, value in head.items() if "medscribe" in name} == {
        "session-id": PARAMETERS["sessionId"],
        "domain-id": PARAMETERS["domainId"],
        "subscription-id": PARAMETERS["subscriptionId"],
        "language-code": "en-US",
        "sample-rate": "16000",
        "media-encoding": "pcm",
    }
    assert not {"content-length", "host", "transfer-encoding"} & head.keys()


def test_the_response_is_parsed_as_botocore_parses_every_other() -> None:
    with listening(FarEnd(echoing)) as port:
        response = started(port)
        stream = response.pop("responseStream")
        assert isinstance(stream, botocore.eventstream.EventStream)
        metadata = response.pop("ResponseMetadata")
        assert response == {"requestId": "r-1", "mediaSampleRateHertz": 16_000}
        assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (200, 0)
        assert next(iter(stream)) == {
            "transcriptEvent": {
                "transcriptSegment": {
                    "segmentId": "s1", "audioBeginOffset": 0, "audioEndOffset": 1, "isPartial": False,
                    "content": "configurationEvent",
                }
            }
        }  # fmt: skip
        stream.close()


def test_credentials_that_are_refreshed_meanwhile_do_not_break_the_chain() -> None:
    """They are frozen when the call begins: its events go on being signed with the key of its head."""
    far_end_module.SECRETS["AKIDFIRST"] = "first"
    keys = iter(["FIRST", "SECOND", "THIRD"])

    def refresh() -> dict[str, str]:
        key = next(keys)
        expiry = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)).isoformat()  # at once too old
        return {"access_key": f"AKID{key}", "secret_key": key.lower(), "token": "t", "expiry_time": expiry}

    refreshing = botocore.session.Session()
    refreshing._credentials = RefreshableCredentials.create_from_metadata(refresh(), refresh, "test")
    far_end_module.SECRETS["AKIDSECOND"] = "second"
    with listening(far_end := FarEnd(echoing)) as port:
        client = boto3.Session(botocore_session=refreshing).client(
            "connecthealth",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            config=Config(inject_host_prefix=False),
        )
        mockscribe.boto3.enable(client)
        list(client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=EVENTS)["responseStream"])
    assert "Credential=AKIDSECOND/" in far_end.headers["authorization"]
    assert len(far_end.members) == 5


def test_the_stream_is_a_context_manager_that_tells_the_server() -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        with started(port, forever())["responseStream"] as stream:
            for event in stream:
                assert "transcriptEvent" in event
                break
        assert list(stream) == []
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL


def test_an_iteration_that_was_left_goes_on_where_it_was() -> None:
    with listening(FarEnd(echoing)) as port:
        stream = started(port)["responseStream"]
        for _ in stream:
            break
        assert len(list(stream)) == 3


# ---- where it is put


def test_only_the_client_that_is_given_gets_the_method() -> None:
    given, other = (session().client("connecthealth", region_name="us-east-1") for _ in range(2))
    assert mockscribe.boto3.enable(given) is given
    assert mockscribe.boto3.enable(given) is given  # a second time is nothing
    assert hasattr(given, METHOD)
    assert not hasattr(other, METHOD)
    assert given.meta.method_to_api_mapping[METHOD] == "StartMedicalScribeListeningSession"


@pytest.mark.parametrize("kind", [boto3.Session, botocore.session.Session])
def test_every_client_that_a_session_makes_gets_the_method(kind: Callable[[], Any]) -> None:
    given = kind()
    assert mockscribe.boto3.enable(mockscribe.boto3.enable(given)) is given
    create = given.client if kind is boto3.Session else given.create_client
    assert getattr(type(create("connecthealth", region_name="us-east-1")), METHOD).__name__ == METHOD
    assert not hasattr(create("s3", region_name="us-east-1"), METHOD)
    assert not hasattr(session().client("connecthealth", region_name="us-east-1"), METHOD)


def own(self: Any, **kwargs: Any) -> str:
    return "botocore's own"


def test_a_client_that_has_the_method_from_botocore_keeps_it_and_says_so() -> None:
    client = session().client("connecthealth", region_name="us-east-1")
    setattr(type(client), METHOD, own)
    with pytest.warns(UserWarning, match=f"botocore has {METHOD} itself: .* leaves it alone"):
        mockscribe.boto3.enable(client)
    assert getattr(client, METHOD)() == "botocore's own"


def test_a_session_whose_botocore_has_the_method_keeps_it_and_says_so() -> None:
    later = boto3.Session()
    later.events.unregister(
        "creating-client-class.connecthealth",
        botocore.handlers.remove_connecthealth_start_medical_scribe_listening_session,
    )  # as a botocore that speaks HTTP/2 will have it
    mockscribe.boto3.enable(later)
    with pytest.warns(UserWarning, match="leaves it alone"):
        client = later.client("connecthealth", region_name="us-east-1")
    assert getattr(type(client), METHOD) is not mockscribe.boto3.call.method


@pytest.mark.parametrize("wrong", [lambda: session().client("s3", region_name="us-east-1"), lambda: 5, lambda: boto3])
def test_what_is_no_client_of_the_service_and_no_session_is_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError, match=r"^mockscribe\.boto3\.enable: takes a client of connecthealth or a session"):
        mockscribe.boto3.enable(wrong())


def test_a_botocore_that_does_not_know_the_operation_is_told() -> None:
    model = SimpleNamespace(service_name="connecthealth", operation_names=["GetDomain"])
    client = SimpleNamespace(meta=SimpleNamespace(service_model=model))
    with pytest.raises(ConfigError, match="does not know StartMedicalScribeListeningSession: pip install -U boto3"):
        mockscribe.boto3.enable(client)


def test_importing_mockscribe_costs_nothing_of_it() -> None:
    program = "import sys, mockscribe; print([name for name in sys.modules if name.startswith(('boto', 'h2'))])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ---- event handlers


def test_handlers_hear_of_the_call_under_botocores_names() -> None:
    heard: list[tuple[str, Any]] = []
    with listening(FarEnd(echoing)) as port:
        client = client_of(port)
        for name in ("before-call", "before-send", "after-call"):
            client.meta.events.register(
                f"{name}.connecthealth.StartMedicalScribeListeningSession",
                lambda event_name, **context: heard.append((event_name.partition(".")[0], context)),
            )
        list(client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=EVENTS)["responseStream"])
    names, contexts = zip(*heard, strict=True)
    assert names == ("before-call", "before-send", "after-call")
    assert contexts[0]["params"]["url"] == f"http://127.0.0.1:{port}/medical-scribe-stream/"
    assert contexts[0]["model"].name == "StartMedicalScribeListeningSession"
    assert contexts[2]["http_response"].status_code == 200
    assert contexts[2]["parsed"]["requestId"] == "r-1"


def test_handlers_can_change_the_parameters_and_the_request() -> None:
    def add_header(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["X-Clinic"] = "7"

    def replace(params: dict[str, Any], **_: Any) -> None:
        params["inputStream"] = [END]

    with listening(far_end := FarEnd(echoing)) as port:
        client = client_of(port)
        client.meta.events.register("before-call", add_header)
        client.meta.events.register("provide-client-params.connecthealth", replace)
        list(client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=EVENTS)["responseStream"])
    assert far_end.headers["x-clinic"] == "7"
    assert "x-clinic" in far_end.headers["authorization"]
    assert far_end.members == ["sessionControlEvent", ""]


def test_a_failure_is_told_to_handlers_too() -> None:
    heard: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = client_of(port)
    client.meta.events.register("after-call-error", lambda exception, **_: heard.append(exception))
    with pytest.raises(EndpointConnectionError) as raised:
        client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=EVENTS)
    assert heard == [raised.value]


def test_botocores_stubber_stands_in_for_it() -> None:
    client = client_of(1)
    with Stubber(client) as stubber:
        stubber.add_response(METHOD, {"requestId": "stubbed"})
        response = client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=iter(EVENTS))
    assert response["requestId"] == "stubbed"


# ---- bad input


def test_positional_arguments_are_refused_as_by_every_method() -> None:
    with pytest.raises(TypeError, match=rf"^{METHOD}\(\) only accepts keyword arguments\.$"):
        client_of(1).start_medical_scribe_listening_session({})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, 'Missing required parameter in input: "sessionId"'),
        (PARAMETERS | {"sessionId": "short"}, "Invalid length for parameter sessionId"),
        (PARAMETERS | {"mediaSampleRateHertz": "16000"}, "Invalid type for parameter mediaSampleRateHertz"),
        (PARAMETERS | {"mediaSampleRateHertz": 7999}, "Invalid value for parameter mediaSampleRateHertz"),
        (PARAMETERS | {"language": "en-US"}, 'Unknown parameter in input: "language"'),
    ],
)
def test_botocores_validator_judges_the_parameters(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ParamValidationError, match=said):
        client_of(1).start_medical_scribe_listening_session(**parameters, inputStream=iter(()))


async def asynchronous() -> Any:
    yield CONFIGURATION


@pytest.mark.parametrize("stream", [None, 5, "text", b"audio", bytearray(b"audio"), memoryview(b"audio")])
def test_an_input_stream_that_is_no_dict_and_no_iterable_of_dicts_is_refused_at_once(stream: Any) -> None:
    with pytest.raises(ParamValidationError, match=r"Invalid type for parameter inputStream, .* an iterable of"):
        started(1, stream)


def test_an_asynchronous_iterable_is_refused_at_once() -> None:
    with pytest.raises(ParamValidationError, match=r"async_generator.* an iterable of <class 'dict'>"):
        started(1, asynchronous())


BAD_EVENTS = {
    "two keys": (
        {**AUDIO, **END},
        r"Invalid number of parameters set for tagged union structure {}\. Can only set one",
    ),
    "no key": ({}, "Must set one of the following keys for tagged union ?structure {}: audioEvent, "),
    "unknown": ({"textEvent": {}}, 'Unknown parameter in {}: "textEvent", must be one of: audioEvent, '),
    "no dict": ([AUDIO], "Invalid type for parameter {}, value: .* type: <class 'list'>, valid types: <class 'dict'>"),
    "wrong type": ({"audioEvent": {"audioChunk": 5}}, r"Invalid type for parameter {}\.audioEvent\.audioChunk, "),
    "missing member": ({"binaryAudioEvent": {}}, r'Missing required parameter in {}\.binaryAudioEvent: "audioChunk"'),
    "deep": (
        {"configurationEvent": {"postStreamActionSettings": {"outputS3Uri": 5}}},
        r"Invalid type for parameter {}\.configurationEvent\.postStreamActionSettings\.outputS3Uri",
    ),
}


@pytest.mark.parametrize(("item", "said"), BAD_EVENTS.values(), ids=list(BAD_EVENTS))
def test_an_item_that_is_no_event_aborts_the_stream_and_names_its_place(item: Any, said: str) -> None:
    with (
        listening(far_end := FarEnd(echoing)) as port,
        pytest.raises(ParamValidationError, match=said.format(r"inputStream\[2\]")),
    ):
        list(started(port, iter([CONFIGURATION, AUDIO, item, END]))["responseStream"])
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL
    assert far_end.members == ["configurationEvent", "audioEvent"]


@pytest.mark.parametrize(
    ("item", "said"), [each for each in BAD_EVENTS.values() if isinstance(each[0], dict)],
    ids=[name for name, each in BAD_EVENTS.items() if isinstance(each[0], dict)],
)  # fmt: skip
def test_one_dict_that_is_no_event_is_refused_before_anything_is_sent(item: Any, said: str) -> None:
    with pytest.raises(ParamValidationError, match=said.format("inputStream")):
        started(1, item)


def test_validation_can_be_switched_off_as_botocore_has_it() -> None:
    off = {"parameter_validation": False}
    with listening(far_end := FarEnd(echoing)) as port:
        assert contents(started(port, [{"textEvent": {"text": "hi"}}], config=off)) == ["textEvent"]
    assert far_end.events[0][2] == b'{"text":"hi"}'
    for item in ({**AUDIO, **END}, [AUDIO]):  # these cannot be sent at all
        with listening(FarEnd(echoing)) as port, pytest.raises(ParamValidationError, match=r"inputStream\[0\]"):
            list(started(port, [item], config=off)["responseStream"])


@pytest.mark.parametrize("after", [0, 2])
def test_what_the_iterable_raises_aborts_the_stream_and_is_the_callers_own(after: int) -> None:
    unplugged = OSError("the microphone was unplugged")

    def events() -> Iterator[dict[str, Any]]:
        yield from EVENTS[:after]
        raise unplugged

    with listening(far_end := FarEnd(echoing)) as port, pytest.raises(OSError, match="unplugged") as raised:
        list(started(port, events())["responseStream"])
    assert raised.value is unplugged
    assert far_end.reset == h2.errors.ErrorCodes.CANCEL
    assert "" not in far_end.members


# ---- what the server does


def test_an_exception_in_the_stream_is_raised_after_what_came_before_and_ends_the_call() -> None:
    def react(far_end: FarEnd) -> None:
        far_end.respond()
        far_end.say(transcript("before", 0, 1), exception("validationException", "Enough."), end=True)

    heard: list[Any] = []
    with listening(answering(react)) as port:
        stream = started(port, forever())["responseStream"]
        with pytest.raises(EventStreamError, match=r"\(validationException\) when calling the StartMed.*: Enough\."):
            heard.extend(stream)
    assert [next(iter(event)) for event in heard] == ["transcriptEvent"]


def test_an_unmodeled_error_and_an_unknown_event_are_what_botocore_makes_of_them() -> None:
    def react(far_end: FarEnd) -> None:
        far_end.respond()
        error = {":message-type": "error", ":error-code": "InvalidSignatureException", ":error-message": "Expired."}
        unknown = {":message-type": "event", ":event-type": "newEvent", ":content-type": "application/json"}
        far_end.say(message(unknown, b"{}"), message(error, b""), end=True)

    with listening(answering(react)) as port, pytest.raises(EventStreamError) as raised:
        list(started(port, forever())["responseStream"])
    assert raised.value.response["Error"] == {"Code": "InvalidSignatureException", "Message": "Expired."}


@pytest.mark.parametrize(
    ("status", "shape"),
    [
        (400, "ValidationException"),
        (401, "AccessDeniedException"),
        (402, "ServiceQuotaExceededException"),
        (404, "ResourceNotFoundException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
    ],
)
@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_a_refusal_is_the_clients_own_exception_and_is_not_retried(status: int, shape: str, mode: str) -> None:
    """What was drawn from an iterable cannot be drawn again; the far end serves one connection only."""

    def react(far_end: FarEnd) -> None:
        far_end.respond(status, x_amzn_errortype=shape, x_amzn_requestid="r-2")
        far_end.say(b'{"message":"No."}', end=True)

    with listening(answering(react)) as port:
        client = client_of(port, config={"retries": {"mode": mode, "max_attempts": 5}})
        with pytest.raises(getattr(client.exceptions, shape), match=r"No\.$") as raised:
            client.start_medical_scribe_listening_session(**PARAMETERS, inputStream=forever())
    assert raised.value.response["ResponseMetadata"]["RequestId"] == "r-2"
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert raised.value.response["message"] == "No."


def test_a_stream_that_breaks_off_is_botocores_streaming_error() -> None:
    def react(far_end: FarEnd) -> None:
        far_end.respond()
        far_end.say(transcript("before", 0, 1))
        far_end.h2.reset_stream(1, h2.errors.ErrorCodes.INTERNAL_ERROR)

    with listening(answering(react)) as port, pytest.raises(ResponseStreamingError, match=r"\(INTERNAL_ERROR\)"):
        list(started(port, forever())["responseStream"])


def test_a_reset_before_the_response_is_botocores_connection_closed() -> None:
    def react(far_end: FarEnd) -> None:
        far_end.h2.reset_stream(1, h2.errors.ErrorCodes.REFUSED_STREAM)

    with listening(answering(react)) as port, pytest.raises(ConnectionClosedError, match=r"\(REFUSED_STREAM\)"):
        started(port, forever())


@pytest.mark.parametrize("responds", [False, True])
def test_the_clients_read_timeout_holds(responds: bool) -> None:
    def react(far_end: FarEnd) -> None:
        if responds:
            far_end.respond()

    with (
        listening(answering(react)) as port,
        pytest.raises(ReadTimeoutError, match=rf"127\.0\.0\.1:{port}.* The server said nothing for 0\.05 s\."),
    ):
        list(started(port, config={"read_timeout": 0.05})["responseStream"])


# ---- the connection


@pytest.mark.parametrize("verify", ["the CA", False])
def test_the_clients_verify_is_held_to(verify: Any, certificate: Path) -> None:
    with listening(far_end := FarEnd(echoing), server_context(certificate, "h2")) as port:
        response = started(port, scheme="https", verify=verify and str(certificate))
        assert len(contents(response)) == 4
    assert far_end.headers[":scheme"] == "https"


def test_the_variable_that_holds_the_ca_is_held_to(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with listening(FarEnd(echoing), server_context(certificate, "h2")) as port:
        assert len(contents(started(port, scheme="https"))) == 4


def test_a_certificate_that_is_not_trusted_is_told_with_the_line_that_trusts_it(certificate: Path) -> None:
    with (
        listening(FarEnd(), server_context(certificate, "h2")) as port,
        pytest.raises(SSLError, match=r"is not trusted: .*export AWS_CA_BUNDLE=\"\$\(mockscribe ca\)\".* verify="),
    ):
        started(port, scheme="https", verify=True)


def test_a_ca_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SSLError, match=r"absent\.pem: cannot be read: No such file"):
        started(1, scheme="https", verify=str(tmp_path / "absent.pem"))


def test_a_client_certificate_is_shown(certificate: Path, tmp_path: Path) -> None:
    context = server_context(certificate, "h2")
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with listening(FarEnd(echoing), context) as port:
        response = started(port, scheme="https", verify=str(certificate), config={"client_cert": str(certificate)})
        assert len(contents(response)) == 4
    with pytest.raises(SSLError, match=r"absent\.pem: cannot be read"):
        started(1, scheme="https", config={"client_cert": str(tmp_path / "absent.pem")})


@contextlib.contextmanager
def http_1() -> Iterator[int]:
    """A web server that knows nothing but HTTP/1.1."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        server.timeout = 10
        thread.start()
        yield server.server_address[1]
        thread.join(10)


def test_a_server_that_answers_in_http_1_is_told_with_the_cure() -> None:
    with (
        http_1() as port,
        pytest.raises(
            ConnectionClosedError, match=r"answers in HTTP/1\.1, and this call needs HTTP/2\. Use an endpoin"
        ),
    ):
        started(port)


def test_nobody_there_and_nobody_answering_are_botocores_exceptions() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ConnectTimeoutError, match=r"did not finish the TLS handshake within 0\.01 s"):
            started(port, scheme="https", config={"connect_timeout": 0.01})
    with pytest.raises(EndpointConnectionError, match=r"mockscribe serve$"):
        started(port)


def test_a_host_that_botocore_made_up_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def create_connection(address: tuple[str, int], **_: Any) -> socket.socket:
        raise socket.gaierror(-2, f"no {address[0]}")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    client = session().client(
        "connecthealth", endpoint_url="http://127.0.0.1:1", region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip
    with pytest.raises(EndpointConnectionError, match=r"no streaming\.127\.0\.0\.1\. .*inject_host_prefix=False"):
        getattr(mockscribe.boto3.enable(client), METHOD)(**PARAMETERS)


def test_the_prefixed_localhost_is_this_machine_whatever_the_resolver_says() -> None:
    with listening(far_end := FarEnd(echoing)) as port:
        client = session().client(
            "connecthealth", endpoint_url=f"http://localhost:{port}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        response = getattr(mockscribe.boto3.enable(client), METHOD)(**PARAMETERS, inputStream=EVENTS)
        assert len(contents(response)) == 4
    assert far_end.headers[":authority"] == f"streaming.localhost:{port}"


def test_a_proxy_is_an_error_since_it_cannot_be_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = {"http": "http://user:secret@proxy:3128"}
    with pytest.raises(InvalidProxiesConfigError, match=r"through a proxy, and http://\*\*\*:\*\*\*@proxy:3128 is con"):
        started(1, config={"proxies": proxies})
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    with pytest.raises(InvalidProxiesConfigError, match="NO_PROXY"):
        started(1)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with listening(FarEnd(echoing)) as port:
        assert len(contents(started(port))) == 4


def test_a_call_without_credentials_is_botocores_error() -> None:
    client = session().client("connecthealth", endpoint_url="http://127.0.0.1:1", region_name="us-east-1")
    with pytest.raises(NoCredentialsError):
        getattr(mockscribe.boto3.enable(client), METHOD)(**PARAMETERS)


def test_a_client_that_signs_nothing_cannot_make_the_call() -> None:
    unsigned = {"signature_version": botocore.UNSIGNED}
    with pytest.raises(UnsupportedSignatureVersionError, match="events can only be signed after a request with AWS4"):
        started(1, config=unsigned)


def test_all_that_it_raises_is_botocores() -> None:
    from mockscribe.boto3 import failures

    raised = [each for each in vars(failures).values() if isinstance(each, type) and each.__module__.endswith("ures")]
    assert raised
    assert all(issubclass(each, BotoCoreError) for each in raised)

"""`mockscribe stream` against a server that is not ours, over real loopback sockets."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mockscribe.cli import cli
from mockscribe.cli.stream import Duration, Speed, configuration, credentials
from mockscribe.errors import ConfigError, ServerError
from tests import far_end as far_end_module
from tests.far_end import FarEnd, exception, listening, server_context, transcript

RECORDINGS = Path(__file__).parents[3] / "fixtures" / "recordings"
STEREO, MONO = RECORDINGS / "visit-stereo.wav", RECORDINGS / "visit-mono.wav"

UNSET = dict.fromkeys(
    (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_CA_BUNDLE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    )
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return far_end_module.certificate(tmp_path_factory.mktemp("tls"))


def two_segments(far_end: FarEnd) -> None:
    """A partial, then a final of each channel after the end of the input."""
    if far_end.headers and not vars(far_end).setdefault("responded", False):
        far_end.responded = True  # type: ignore[attr-defined]
        far_end.respond()
        far_end.say(transcript("How", 0.3, 0.5, partial=True, channel="ch_0"))
    if far_end.ended and not far_end.terminated:
        far_end.say(transcript("How are you?", 0.3, 2.0, channel="ch_0"))
        far_end.say(transcript("Better.", 2.5, 4.0, segment_id="s2", channel="ch_1"), end=True)


def stream(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    command = ["stream", "--speed", "fast", *map(str, arguments)]
    return CliRunner(env={**UNSET, **(env or {})}).invoke(cli, command, standalone_mode=False)


@pytest.fixture
def far_end() -> FarEnd:
    return FarEnd(two_segments)


@pytest.fixture
def url(far_end: FarEnd) -> Iterator[str]:
    """The far end in clear text."""
    with listening(far_end) as port:
        yield f"http://127.0.0.1:{port}"


def sent_configuration(far_end: FarEnd) -> dict[str, Any]:
    member, _, payload = far_end.events[0]
    assert member == "configurationEvent"
    value: dict[str, Any] = json.loads(payload)
    return value


# ---- what is sent, and what is printed


def test_a_recording_of_two_channels_is_streamed_and_its_transcript_printed(far_end: FarEnd, url: str) -> None:
    result = stream(STEREO, "--endpoint-url", url)
    assert (result.exception, result.return_value) == (None, 0)
    assert result.stdout == (
        "[00:00.3 – 00:02.0] CLINICIAN  How are you?\n"
        "[00:02.5 – 00:04.0] PATIENT    Better.\n"
    )  # fmt: skip
    assert result.stderr == ""
    assert far_end.audio == STEREO.read_bytes()[44:]  # what the standard library wrote after 44 bytes of header
    assert far_end.members[-2:] == ["sessionControlEvent", ""]
    assert far_end.members.count("binaryAudioEvent") == 47  # 4.69 s in tenths
    assert sent_configuration(far_end)["channelDefinitions"] == [
        {"channelId": 0, "participantRole": "CLINICIAN"},
        {"channelId": 1, "participantRole": "PATIENT"},
    ]
    uuid.UUID(far_end.headers["x-amzn-medscribe-session-id"])
    assert far_end.headers["x-amzn-medscribe-sample-rate"] == "16000"
    assert far_end.headers["x-amzn-medscribe-media-encoding"] == "pcm"


def test_the_roles_of_the_channels_can_be_swapped(far_end: FarEnd, url: str) -> None:
    result = stream(STEREO, "--endpoint-url", url, "--clinician-channel", "1")
    assert "PATIENT    How are you?" in result.stdout
    assert {"channelId": 1, "participantRole": "CLINICIAN"} in sent_configuration(far_end)["channelDefinitions"]


def test_one_channel_is_streamed_without_definitions(far_end: FarEnd, url: str) -> None:
    assert stream(MONO, "--endpoint-url", url).exception is None
    assert "channelDefinitions" not in sent_configuration(far_end)
    assert far_end.audio == MONO.read_bytes()[44:]


def test_flac_is_streamed_as_it_is(far_end: FarEnd, url: str) -> None:
    assert stream(STEREO.with_suffix(".flac"), "--endpoint-url", url).exception is None
    assert far_end.headers["x-amzn-medscribe-media-encoding"] == "flac"
    assert far_end.audio == STEREO.with_suffix(".flac").read_bytes()


def test_raw_pcm_takes_its_shape_from_flags(far_end: FarEnd, url: str, tmp_path: Path) -> None:
    (tmp_path / "mic.pcm").write_bytes(bytes(6400))
    flags = ("--rate", "8000", "--channels", "2", "--chunk-ms", "50")
    assert stream(tmp_path / "mic.pcm", "--endpoint-url", url, *flags).exception is None
    assert far_end.headers["x-amzn-medscribe-sample-rate"] == "8000"
    assert far_end.members.count("binaryAudioEvent") == 4
    assert len(sent_configuration(far_end)["channelDefinitions"]) == 2


def test_every_parameter_is_a_flag(far_end: FarEnd, url: str) -> None:
    flags = {
        "--session-id": "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
        "--domain-id": "dom-1",
        "--subscription-id": "sub-1",
        "--language-code": "multi",
        "--region": "eu-west-2",
        "--context": "Knee, left.",
        "--output-s3-uri": "s3://mine/notes",
        "--template": "BIRP",
    }
    result = stream(MONO, "--endpoint-url", url, *(word for pair in flags.items() for word in pair), "--base64")
    assert result.exception is None
    assert [far_end.headers[f"x-amzn-medscribe-{name}"] for name in ("session-id", "domain-id", "subscription-id")] == [
        flags["--session-id"],
        "dom-1",
        "sub-1",
    ]
    assert far_end.headers["x-amzn-medscribe-language-code"] == "multi"
    assert "/eu-west-2/health-agent/aws4_request" in far_end.headers["authorization"]
    assert sent_configuration(far_end) == {
        "postStreamActionSettings": {
            "outputS3Uri": "s3://mine/notes",
            "clinicalNoteGenerationSettings": {"noteTemplateSettings": {"managedTemplate": {"templateType": "BIRP"}}},
        },
        "encounterContext": {"unstructuredContext": "Knee, left."},
    }
    assert "audioEvent" in far_end.members
    assert "binaryAudioEvent" not in far_end.members


def test_endpoint_region_and_credentials_come_from_the_usual_variables(
    far_end: FarEnd, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(far_end_module.SECRETS, "123456789012", "s3cret")
    env = {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "123456789012",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_SESSION_TOKEN": "t0ken",
    }
    assert stream(MONO, env=env).exception is None  # the far end verifies the signature
    assert "Credential=123456789012/" in far_end.headers["authorization"]
    assert "/us-west-2/" in far_end.headers["authorization"]
    assert far_end.headers["x-amz-security-token"] == "t0ken"


def test_json_prints_every_event(far_end: FarEnd, url: str) -> None:
    result = stream(MONO, "--endpoint-url", url, "--json")
    segments = [json.loads(line)["transcriptEvent"]["transcriptSegment"] for line in result.stdout.splitlines()]
    assert [(each["content"], each["isPartial"]) for each in segments] == [
        ("How", True),
        ("How are you?", False),
        ("Better.", False),
    ]


def test_a_paused_session_says_how_to_resume_it(far_end: FarEnd, url: str) -> None:
    result = stream(MONO, "--endpoint-url", url, "--no-end-of-session")
    session = far_end.headers["x-amzn-medscribe-session-id"]
    assert "sessionControlEvent" not in far_end.members
    assert result.stderr == f"The session is paused; resume it with --session-id {session}\n"


# ---- whom it trusts


@pytest.fixture
def own_ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: Path) -> Path:
    """mockscribe's own CA file, as far as the client is concerned."""
    path = tmp_path / "ca.pem"
    path.write_bytes(certificate.read_bytes())
    monkeypatch.setattr("mockscribe.ca_files.ca_file", lambda: path)
    return path


@pytest.fixture
def secure_url(far_end: FarEnd, certificate: Path) -> Iterator[str]:
    with listening(far_end, server_context(certificate, "h2")) as port:
        yield f"https://localhost:{port}"


@pytest.mark.parametrize("env", [{}, {"AWS_CA_BUNDLE": "OTHER"}])
def test_on_this_machine_the_own_ca_is_trusted_unasked(
    secure_url: str, own_ca: Path, env: dict[str, str], tmp_path: Path
) -> None:
    if env:
        (tmp_path / "other").mkdir()
        env = {"AWS_CA_BUNDLE": str(far_end_module.certificate(tmp_path / "other"))}
    assert stream(MONO, "--endpoint-url", secure_url, env=env).exception is None


def test_a_bundle_by_flag_is_all_that_is_trusted(secure_url: str, own_ca: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = far_end_module.certificate(tmp_path / "other")
    result = stream(MONO, "--endpoint-url", secure_url, "--ca-bundle", other)
    assert isinstance(result.exception, ServerError)
    assert "is not trusted" in str(result.exception)


def test_a_bundle_by_flag_or_variable_is_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mockscribe.ca_files.ca_file", lambda: tmp_path / "never made.pem")
    for arguments, env in ((["--ca-bundle", str(certificate)], {}), ([], {"AWS_CA_BUNDLE": str(certificate)})):
        with listening(FarEnd(two_segments), server_context(certificate, "h2")) as port:
            url = f"https://localhost:{port}"
            assert stream(MONO, "--endpoint-url", url, *arguments, env=env).exception is None


# ---- what goes wrong


def test_an_exception_in_the_stream_ends_the_command_after_what_was_said() -> None:
    def react(far_end: FarEnd) -> None:
        if far_end.headers and not vars(far_end).setdefault("responded", False):
            far_end.responded = True  # type: ignore[attr-defined]
            far_end.respond()
            far_end.say(transcript("Before it.", 0, 1), exception("validationException", "Enough."), end=True)

    with listening(FarEnd(react)) as port:
        command = [
            sys.executable,
            "-m",
            "mockscribe",
            "stream",
            str(MONO),
            "--endpoint-url",
            f"http://127.0.0.1:{port}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == "[00:00.0 – 00:01.0] Before it.\n"
    assert done.stderr == "mockscribe: validationException: Enough.\n"


@pytest.mark.parametrize(
    ("arguments", "source", "said"),
    [
        ([MONO, "--endpoint-url", "localhost:8080"], "--endpoint-url", "write https://HOST:PORT"),
        ([MONO, "--clinician-channel", "0"], "--clinician-channel", "has one channel"),
        ([MONO, "--rate", "8000"], "--rate", "contradicts visit-mono.wav"),
        ([Path(__file__)], "test_stream.py", "neither WAV nor FLAC"),
    ],
)
def test_what_cannot_be_streamed_is_a_configuration_error(arguments: list[Any], source: str, said: str) -> None:
    result = stream(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert result.exception.source == source
    assert said in result.exception.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_bytes(path: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    result = stream(MONO)
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == f"{MONO}: cannot be read: Input/output error"


@pytest.mark.parametrize(
    ("text", "factor"), [("real", 1.0), ("fast", None), ("x10", 10.0), ("x0.5", 0.5), ("x1.25", 1.25)]
)
def test_a_speed_is_a_factor(text: str, factor: float | None) -> None:
    assert Speed().convert(text, None, None) == factor


@pytest.mark.parametrize("text", ["x0", "10", "x", "10x", "Real", "x1e3", ""])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="real, fast, or x and a factor"):
        Speed().convert(text, None, None)


def test_a_timeout_has_a_unit() -> None:
    assert Duration().convert("1.5s", None, None) == 1.5
    assert Duration().convert("2m", None, None) == 120.0
    with pytest.raises(click.BadParameter, match="write a number with a unit"):
        Duration().convert("60", None, None)


@pytest.mark.parametrize("given", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_of_the_credentials_is_a_configuration_error(given: str) -> None:
    (missing,) = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} - {given}
    with pytest.raises(ConfigError, match=f"^{missing}: is not set"):
        credentials({given: "x", missing: ""})


def test_without_credentials_they_are_what_a_mock_takes() -> None:
    found = credentials({"AWS_SESSION_TOKEN": "alone"})
    assert (found.access_key_id, found.secret_access_key, found.session_token) == ("test", "test", None)


def test_a_configuration_is_what_the_service_model_asks_for() -> None:
    from botocore.session import Session
    from botocore.validate import ParamValidator

    model = Session().get_service_model("connecthealth", "2025-01-29")
    shape = model.shape_for("MedicalScribeConfigurationEvent")
    for event in (configuration({}), configuration({0: "PATIENT", 1: "CLINICIAN"}, context="Knee.")):
        assert not ParamValidator().validate(event, shape).has_errors()

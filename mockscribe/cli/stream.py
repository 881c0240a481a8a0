"""`mockscribe stream AUDIO`: the built-in client against any endpoint, for people with no SDK at hand."""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from mockscribe.cli.transcript import JsonView, Measured, TranscriptView, clock, follow
from mockscribe.client.blocking import listen
from mockscribe.client.connecting import TIMEOUT_SECONDS
from mockscribe.client.core import Parameters
from mockscribe.client.endpoint import Endpoint, parse_endpoint
from mockscribe.client.recording import Recording, open_recording
from mockscribe.duration import parse_duration
from mockscribe.errors import ConfigError
from mockscribe.wire.sigv4 import Credentials

EPILOG = """
\b
Examples:
  mockscribe stream visit.wav
  mockscribe stream visit.flac --speed x10 --json | jq .transcriptEvent
  mockscribe stream mic.pcm --rate 16000 --context "$(cat intake.md)"
  mockscribe stream visit.wav --endpoint-url https://mock:8080 --ca-bundle ca.pem
  mockscribe stream first.wav --session-id $ID --no-end-of-session   # pause; later:
  mockscribe stream second.wav --session-id $ID                      # resume

On a terminal partials are rewritten in place; in a pipe only finals are printed. Exit code 1: the service refused the
call or ended the stream with an exception, which is told on stderr.
"""

DEFAULT_ENDPOINT = "https://localhost:8080"
DOMAIN_ID = "hai-0123456789abcdef"
SUBSCRIPTION_ID = "sub-0123456789abcdefghijk"
OUTPUT_S3_URI = "s3://mockscribe"
TEMPLATE = "HISTORY_AND_PHYSICAL"

CHUNK_MS = 100
"""The service recommends 500 to 1000 ms a message to send fewer of them (facts 3); a tenth of a second keeps a
transcript lively, since partials come a tenth to a third of a second apart (facts 4) and none can be sent before its
audio is there."""


class Speed(click.ParamType[float | None]):
    """`real`, `fast`, or `x` and a factor; converted to the factor, None for `fast`."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        match re.fullmatch(r"(real)|(fast)|x(\d{1,6}(?:\.\d{1,3})?)", str(value)):
            case re.Match() as found if found[2]:
                return None
            case re.Match() as found if found[1] or float(found[3]) > 0:
                return float(found[3] or 1)
            case _:
                return self.fail(f"{value!r} is no speed: real, fast, or x and a factor (x10)", param, ctx)


class Duration(click.ParamType[float]):
    """A duration with its unit, converted to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value)) / 1_000_000
        except ValueError as error:
            return self.fail(str(error), param, ctx)


@click.command(epilog=EPILOG)
@click.argument("audio", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--endpoint-url", metavar="URL", envvar="AWS_ENDPOINT_URL", show_envvar=True, default=DEFAULT_ENDPOINT,
    show_default=True, help="https: TLS with ALPN h2; http: HTTP/2 by prior knowledge.",
)  # fmt: skip
@click.option(
    "--ca-bundle", metavar="PEM", envvar="AWS_CA_BUNDLE", show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates to trust.  [default: mockscribe's own CA for a local endpoint, else the system's]",
)  # fmt: skip
@click.option("--session-id", metavar="UUID", help="The session; name it again to resume it.  [default: a new one]")
@click.option("--domain-id", metavar="ID", default=DOMAIN_ID, show_default=True)
@click.option("--subscription-id", metavar="ID", default=SUBSCRIPTION_ID, show_default=True)
@click.option(
    "--region", metavar="NAME", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], show_envvar=True, default="us-east-1",
    show_default=True, help="What the call is signed for.",
)  # fmt: skip
@click.option("--language-code", metavar="CODE", default="en-US", show_default=True, help="en-US or multi.")
@click.option("--rate", metavar="HZ", type=click.IntRange(1), help="Sample rate of raw PCM (16 bit, little-endian).")
@click.option("--channels", type=click.IntRange(1, 2), help="Channels of raw PCM.  [default: 1]")
@click.option(
    "--clinician-channel", type=click.IntRange(0, 1),
    help="Who speaks on which of two channels: the patient has the other one.  [default: 0]",
)  # fmt: skip
@click.option("--context", metavar="TEXT", help="encounterContext.unstructuredContext.")
@click.option("--output-s3-uri", metavar="URI", default=OUTPUT_S3_URI, show_default=True)
@click.option("--template", metavar="TYPE", default=TEMPLATE, show_default=True, help="The note's managed template.")
@click.option("--chunk-ms", type=click.IntRange(1), default=CHUNK_MS, show_default=True, help="Audio in each event.")
@click.option("--base64", is_flag=True, help="Send audioEvent (base64 in JSON) instead of binaryAudioEvent.")
@click.option(
    "--speed", type=Speed(), metavar="real|fast|xN", default="real", show_default=True,
    help="Send as a microphone would, as fast as the server takes it, or N times as fast.",
)  # fmt: skip
@click.option(
    "--end-of-session/--no-end-of-session", default=True, show_default=True,
    help="Complete the session, or leave it paused.",
)  # fmt: skip
@click.option(
    "--timeout", type=Duration(), metavar="DURATION", default=f"{TIMEOUT_SECONDS:g}s", show_default=True,
    help="How long the server may keep the call from going on.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print every event, partials too, as a line of JSON.")
def stream(
    audio: Path,
    endpoint_url: str,
    ca_bundle: Path | None,
    session_id: str | None,
    domain_id: str,
    subscription_id: str,
    region: str,
    language_code: str,
    rate: int | None,
    channels: int | None,
    clinician_channel: int | None,
    context: str | None,
    output_s3_uri: str,
    template: str,
    chunk_ms: int,
    base64: bool,
    speed: float | None,
    end_of_session: bool,
    timeout: float,
    as_json: bool,
) -> int:
    """Stream an audio file to any endpoint and print the transcript.

    AUDIO is a WAV, a FLAC or a raw PCM file. Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
    AWS_SESSION_TOKEN; without them they are test:test, which a mock takes.
    """
    recording = _recording(audio, rate, channels)
    roles = _roles(recording, clinician_channel)
    try:
        endpoint = parse_endpoint(endpoint_url)
    except ValueError as error:
        raise ConfigError("--endpoint-url", str(error)) from None
    parameters = Parameters(
        session_id=session_id or str(uuid.uuid4()),
        domain_id=domain_id,
        subscription_id=subscription_id,
        language_code=language_code,
        sample_rate=recording.rate,
        media_encoding=recording.encoding,
    )
    with (
        TranscriptView(speakers(roles), total_seconds=recording.seconds) as view,
        listen(
            endpoint_url,
            parameters,
            credentials=credentials(os.environ),
            region=region,
            ca_files=_trusted(endpoint, ca_bundle),
            timeout_seconds=timeout,
        ) as call,
    ):
        measured = follow(
            call,
            JsonView() if as_json else view,
            configuration(roles, output_s3_uri=output_s3_uri, template=template, context=context),
            recording.chunks(chunk_ms),
            pace=speed,
            binary=not base64,
            end_session=end_of_session,
        )
    if sys.stderr.isatty():
        click.echo(summary(measured), err=True)
    if not end_of_session:
        click.echo(f"The session is paused; resume it with --session-id {parameters.session_id}", err=True)
    return 0


def credentials(environ: Mapping[str, str]) -> Credentials:
    """What the usual AWS variables hold; test:test without them.

    Raises:
        ConfigError: an access key id without its secret, or the other way round.
    """
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    missing = [name for name in names if not environ.get(name)]
    match missing:
        case []:
            token = environ.get("AWS_SESSION_TOKEN") or None
            return Credentials(
                access_key_id=environ[names[0]], secret_access_key=environ[names[1]], session_token=token
            )
        case [name]:
            raise ConfigError(name, "is not set, though the other half of the credentials is")
        case _:
            return Credentials(access_key_id="test", secret_access_key="test")


def configuration(
    roles: Mapping[int, str],
    *,
    output_s3_uri: str = OUTPUT_S3_URI,
    template: str = TEMPLATE,
    context: str | None = None,
) -> dict[str, Any]:
    """A configurationEvent; `roles` are the channels' speakers, none for a recording of one channel."""
    note = {"noteTemplateSettings": {"managedTemplate": {"templateType": template}}}
    event: dict[str, Any] = {
        "postStreamActionSettings": {"outputS3Uri": output_s3_uri, "clinicalNoteGenerationSettings": note}
    }
    if roles:
        event["channelDefinitions"] = [
            {"channelId": channel, "participantRole": role} for channel, role in sorted(roles.items())
        ]
    if context is not None:
        event["encounterContext"] = {"unstructuredContext": context}
    return event


def speakers(roles: Mapping[int, str]) -> dict[str, str]:
    """The roles by channelId as transcripts spell it (facts 4: `ch_0`, `ch_1`)."""
    return {f"ch_{channel}": role for channel, role in roles.items()}


def summary(measured: Measured) -> str:
    """What was counted, in one line."""
    return (
        f"{measured.finals} final and {measured.partials} partial segments from {clock(measured.audio_seconds)} "
        f"of audio ({measured.chunks} events) in {measured.seconds:.1f} s"
    )


def _recording(audio: Path, rate: int | None, channels: int | None) -> Recording:
    try:
        data = audio.read_bytes()
    except OSError as error:
        raise ConfigError(str(audio), f"cannot be read: {error.strerror}") from None
    return open_recording(data, name=audio.name, rate=rate, channels=channels)


def _roles(recording: Recording, clinician_channel: int | None) -> dict[int, str]:
    """Who speaks on which channel; channels are only defined when there are two."""
    if recording.channels == 2:
        clinician = clinician_channel or 0
        return {clinician: "CLINICIAN", 1 - clinician: "PATIENT"}
    if clinician_channel is not None:
        raise ConfigError("--clinician-channel", "the recording has one channel; only two can be told apart")
    return {}


def _trusted(endpoint: Endpoint, ca_bundle: Path | None) -> list[Path]:
    """What to trust; with no bundle by flag and an endpoint on this machine mockscribe's own CA too, if it was made.

    AWS_CA_BUNDLE is often set for all of a machine's AWS clients, and then knows nothing of the mock.
    """
    trusted = [ca_bundle] if ca_bundle is not None else []
    source = click.get_current_context().get_parameter_source("ca_bundle")
    if endpoint.secure and endpoint.local and source is not ParameterSource.COMMANDLINE:
        from mockscribe.ca_files import ca_file

        trusted += [path for path in (ca_file(),) if path.exists()]
    return trusted

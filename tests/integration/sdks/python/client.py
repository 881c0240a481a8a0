"""Streams to an endpoint with the official Python SDK and tells what it gave back: a line of JSON a stream.

Runs in an environment of its own (`requirements.txt`, Python >= 3.12), so it imports nothing of mockscribe. It judges
nothing: a test reads the lines. It never hangs: each stream has a time limit, and so has the whole program.

What a line holds: `run` and `stream` (from 0; a run has more than one stream when it pauses), `session_id`, `status`
and `headers` of the response, `output` (the modeled response), `sent` (events and bytes handed to the SDK), `events`
(in order; each with `audio_sent` and `input_closed` at the moment it was received, which shows what was received while
the client was still sending), `errors` (`where`: opening, responding, reading or sending), `timed_out`, `sdk` (what did
the work, and whether it is AWS's generated client or its runtime under a layer of ours).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import faulthandler
import hashlib
import importlib.metadata
import json
import math
import pathlib
import struct
import sys
import uuid
import wave
from typing import Any

from aws_sdk_connecthealth.client import AsyncConnectHealthClient
from aws_sdk_connecthealth.models import (
    ClinicalNoteGenerationSettings,
    EncounterContext,
    ManagedTemplate,
    MedicalScribeAudioEvent,
    MedicalScribeBinaryAudioEvent,
    MedicalScribeChannelDefinition,
    MedicalScribeConfigurationEvent,
    MedicalScribeInputStreamAudioEvent,
    MedicalScribeInputStreamBinaryAudioEvent,
    MedicalScribeInputStreamConfigurationEvent,
    MedicalScribeInputStreamSessionControlEvent,
    MedicalScribePostStreamActionSettings,
    MedicalScribeSessionControlEvent,
    NoteTemplateSettingsManagedTemplate,
    StartMedicalScribeListeningSessionInput,
)
from connect import connect as connected  # beside this file
from smithy_core.interceptors import Interceptor

SDK = "aws-sdk-connecthealth"
SENDING_GRACE_SECONDS = 2.0  # how long the input may still be closing when the output has ended


class ResponseRecorder(Interceptor[Any, Any, Any, Any]):
    """Keeps each response's status and headers by session id; the SDK itself shows only the modeled ones."""

    def __init__(self) -> None:
        self.responses: dict[str, tuple[int, dict[str, str]]] = {}

    def read_after_transmit(self, context: Any) -> None:
        response = context.transport_response
        headers = {field.name: field.as_string() for field in response.fields}
        self.responses[context.request.session_id] = (response.status, headers)


class Session:
    """One stream of one session, and the report of it."""

    def __init__(self, options: argparse.Namespace, report: dict[str, Any], audio: list[bytes], final: bool) -> None:
        self.options = options
        self.audio = audio
        self.final = final  # the last stream of its run: the one that may end the session
        self.report = report
        self.digest = hashlib.sha256()
        self.received = asyncio.Event()  # set once `--await-events` of them are there, or none will come any more
        report["sdk"] = {"name": SDK, "version": importlib.metadata.version(SDK), "generated": True}
        report |= {"status": None, "headers": {}, "output": None, "events": [], "errors": [], "timed_out": False}
        report["sent"] = {"configuration": 0, "audio": 0, "audio_bytes": 0, "control": 0, "input_closed": False}

    def failed(self, where: str, error: BaseException) -> None:
        kind = type(error)
        self.report["errors"].append(
            {"where": where, "class": kind.__name__, "module": kind.__module__, "message": str(error)}
        )

    async def run(self, client: AsyncConnectHealthClient) -> None:
        try:
            async with asyncio.timeout(self.options.timeout):
                await self._stream(client)
        except TimeoutError:
            self.report["timed_out"] = True
        self.report["sent"]["sha256"] = self.digest.hexdigest()

    async def _stream(self, client: AsyncConnectHealthClient) -> None:
        options = self.options
        try:
            stream = await client.start_medical_scribe_listening_session(
                StartMedicalScribeListeningSessionInput(
                    session_id=self.report["session_id"],
                    domain_id=options.domain_id,
                    subscription_id=options.subscription_id,
                    language_code=options.language_code,
                    media_sample_rate_hertz=options.rate,
                    media_encoding=options.encoding,
                )
            )
        except Exception as error:
            self.failed("opening", error)
            return
        sending = asyncio.create_task(self._send(stream.input_stream))
        try:
            await self._receive(stream)
        finally:
            self.received.set()
            await asyncio.wait({sending}, timeout=SENDING_GRACE_SECONDS)
            sending.cancel()  # a refused call leaves its publisher waiting for a reader that never comes
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    async def _receive(self, stream: Any) -> None:
        try:
            output, events = await stream.await_output()
        except Exception as error:
            self.failed("responding", error)
            return
        modeled = dataclasses.asdict(output)
        modeled["response_metadata"] = {key: modeled["response_metadata"][key] for key in ("request_id",)}
        self.report["output"] = modeled
        sent, received = self.report["sent"], self.report["events"]
        try:
            while (event := await events.receive()) is not None:
                received.append(
                    {
                        "audio_sent": sent["audio"],
                        "input_closed": sent["input_closed"],
                        "type": type(event).__name__.removeprefix("MedicalScribeOutputStream"),
                        "value": dataclasses.asdict(event.value) if hasattr(event, "value") else event.tag,
                    }
                )
                if len(received) >= self.options.await_events:
                    self.received.set()
        except Exception as error:
            self.failed("reading", error)

    async def _send(self, publisher: Any) -> None:
        options, sent = self.options, self.report["sent"]
        try:
            await publisher.send(MedicalScribeInputStreamConfigurationEvent(value=configuration(options)))
            sent["configuration"] += 1
            for position, chunk in enumerate(self.audio):
                if options.await_events and position == options.after:
                    await self.received.wait()
                await publisher.send(audio_event(options.event, chunk))
                sent["audio"] += 1
                sent["audio_bytes"] += len(chunk)
                self.digest.update(chunk)
                await asyncio.sleep(options.interval)  # 0 still lets the reader have its turn
            if self.final and not options.no_end_of_session:
                control = MedicalScribeSessionControlEvent(type="END_OF_SESSION")
                await publisher.send(MedicalScribeInputStreamSessionControlEvent(value=control))
                sent["control"] += 1
            sent["input_closed"] = True
            await publisher.close()
        except Exception as error:
            self.failed("sending", error)


def configuration(options: argparse.Namespace) -> MedicalScribeConfigurationEvent:
    channels = None
    if options.channels == 2:
        channels = [
            MedicalScribeChannelDefinition(channel_id=0, participant_role="CLINICIAN"),
            MedicalScribeChannelDefinition(channel_id=1, participant_role="PATIENT"),
        ]
    context = options.encounter_context
    template = NoteTemplateSettingsManagedTemplate(value=ManagedTemplate(template_type="HISTORY_AND_PHYSICAL"))
    return MedicalScribeConfigurationEvent(
        post_stream_action_settings=MedicalScribePostStreamActionSettings(
            output_s3_uri=options.output_uri,
            clinical_note_generation_settings=ClinicalNoteGenerationSettings(note_template_settings=template),
        ),
        channel_definitions=channels,
        encounter_context=EncounterContext(unstructured_context=context) if context else None,
    )


def audio_event(kind: str, chunk: bytes) -> Any:
    if kind == "audioEvent":
        return MedicalScribeInputStreamAudioEvent(value=MedicalScribeAudioEvent(audio_chunk=chunk))
    return MedicalScribeInputStreamBinaryAudioEvent(value=MedicalScribeBinaryAudioEvent(audio_chunk=chunk))


def recording(options: argparse.Namespace) -> bytes:
    """The file's bytes (of a WAV its samples), or a 440 Hz tone of `--seconds`."""
    if options.audio is None:
        samples = (round(8000 * math.sin(math.tau * 440 * n / options.rate)) for n in range(frame_count(options)))
        return b"".join(struct.pack("<h", sample) * options.channels for sample in samples)
    if options.audio.suffix == ".wav":
        with wave.open(str(options.audio)) as file:
            return file.readframes(file.getnframes())
    return options.audio.read_bytes()


def frame_count(options: argparse.Namespace) -> int:
    return round(options.seconds * options.rate)


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


async def connect(options: argparse.Namespace, recorder: ResponseRecorder) -> AsyncConnectHealthClient:
    def record(config: Any) -> None:
        config.interceptors.append(recorder)

    client: AsyncConnectHealthClient = await connected(
        options.endpoint_url, options.ca_file, options.access_key, options.secret_key, [record]
    )
    return client


async def perform(options: argparse.Namespace, number: int, chunks: list[bytes], shared: Any) -> None:
    """One run: a session of one stream, or of several when it pauses."""
    recorder = ResponseRecorder()
    client = shared[0] if shared else await connect(options, recorder)
    recorder = shared[1] if shared else recorder
    session_id = options.session_id or str(uuid.uuid4())
    streams = options.pauses + 1
    share = -(-len(chunks) // streams)
    try:
        for position in range(streams):
            report = {"run": number, "stream": position, "session_id": session_id}
            part = chunks[position * share : (position + 1) * share]
            session = Session(options, report, part, final=position == options.pauses)
            await session.run(client)
            if session_id in recorder.responses:
                report["status"], report["headers"] = recorder.responses.pop(session_id)
            print(json.dumps(report, default=str), flush=True)
    finally:
        if not shared:
            await close(client)


async def close(client: AsyncConnectHealthClient) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SENDING_GRACE_SECONDS):
            await client.close()


async def main(options: argparse.Namespace) -> None:
    size = options.chunk_bytes or options.rate * 2 * options.channels * options.chunk_ms // 1000
    chunks = pieces(recording(options), size)
    shared = None
    if options.share_client:
        recorder = ResponseRecorder()
        shared = (await connect(options, recorder), recorder)
    runs = [(options, number, chunks, shared) for number in range(options.runs)]
    if options.parallel:
        await asyncio.gather(*(perform(*run) for run in runs))
    else:
        for run in runs:
            await perform(*run)
    if shared:
        await close(shared[0])


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint_url")
    parser.add_argument("--ca-file", type=pathlib.Path)
    parser.add_argument("--access-key", default="test")
    parser.add_argument("--secret-key", default="test")
    parser.add_argument("--session-id", help="default: a new one for each run")
    parser.add_argument("--domain-id", default="hai-" + "0" * 16)
    parser.add_argument("--subscription-id", default="sub-" + "0" * 21)
    parser.add_argument("--language-code", default="en-US")
    parser.add_argument("--output-uri", default="s3://bucket/prefix", help="no S3 URI: a bad configuration")
    parser.add_argument("--encounter-context", metavar="TEXT")
    parser.add_argument("--audio", type=pathlib.Path, help="WAV, raw PCM or FLAC; default: a tone of --seconds")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--encoding", default="pcm", choices=("pcm", "flac"))
    parser.add_argument("--rate", type=int, default=16000, help="below 8000: refused by the service with HTTP 400")
    parser.add_argument("--channels", type=int, default=1, choices=(1, 2), help="2 sends channelDefinitions")
    parser.add_argument("--event", default="binaryAudioEvent", choices=("audioEvent", "binaryAudioEvent"))
    parser.add_argument("--chunk-ms", type=int, default=100)
    parser.add_argument("--chunk-bytes", type=int, help="instead of --chunk-ms, for FLAC")
    parser.add_argument("--interval", type=float, default=0.0, help="seconds to wait after each audio event")
    parser.add_argument("--await-events", type=int, default=0, metavar="N", help="wait for N events …")
    parser.add_argument("--after", type=int, default=0, metavar="M", help="… before audio event M (from 0)")
    parser.add_argument("--no-end-of-session", action="store_true", help="close the input without it: a pause")
    parser.add_argument("--pauses", type=int, default=0, help="pause and resume each session so often")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--parallel", action="store_true")
    parser.add_argument("--share-client", action="store_true", help="one client and its connection for all runs")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds a stream")
    parser.add_argument("--deadline", type=float, default=120.0, help="seconds the whole program; then status 1")
    return parser


if __name__ == "__main__":
    options = arguments().parse_args()
    faulthandler.dump_traceback_later(options.deadline, exit=True, file=sys.stderr)
    asyncio.run(main(options))

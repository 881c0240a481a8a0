"""The settings: one frozen `Config`, and the only reader of the environment.

Defaults < configuration file < `MOCKSCRIBE_*` variables < flags. A setting has one name in three spellings: the field
`second_stream` is the flag `--second-stream`, the variable `MOCKSCRIBE_SECOND_STREAM` and the key `second-stream`; a
field in seconds drops the unit from its name and takes a duration (`grace_seconds` is `--grace 5s`).

What the service does in a case that nobody outside AWS can look up is a choice, and each choice is one field of the
last group here. Its `source` says what it rests on; "not public" means that the default is ours.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from mockscribe.duration import parse_duration
from mockscribe.errors import ConfigError
from mockscribe.spelling import did_you_mean

PREFIX = "MOCKSCRIBE_"

SOMEBODY_ELSES = re.compile(rf"{PREFIX}(REQUIRE|IMAGE_\w+|SERVICE_\w+|PORT_\d+_\w+)")
"""Variables that look like settings and are not: those of our own tests, and what Kubernetes tells of a Service that is
called `mockscribe`."""


def setting(default: Any, about: str, *, group: str, source: str = "", metavar: str = "") -> Any:
    """A field of `Config` with the words that its flag's help shows."""
    metadata = {"about": about, "group": group, "source": source, "metavar": metavar}
    if default == {}:
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


LISTENING = "Listening"
ANSWERS = "Answers"
TIME = "Time and chance"
RUNNING = "Running"
SIGNATURES = "Signatures"
RESOURCES = "Resources"
SERVICE = "Choices where the service's behaviour is not public"
LIMITS = "Limits"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of a mock; frozen, complete and checked at birth.

    Raises:
        ConfigError: a value is out of range.
    """

    host: str = setting("127.0.0.1", "Address to listen on.", group=LISTENING, metavar="ADDRESS")
    port: int = setting(8080, "Port for TLS, HTTP/2 and HTTP/1.1 alike; 0: a free one.", group=LISTENING)
    control_port: int | Literal["off"] = setting(
        8081, "Port of the control API; 0: a free one.", group=LISTENING, metavar="PORT|off"
    )
    tls_name: tuple[str, ...] = setting(
        (), "Issue certificates for this name too (repeatable).", group=LISTENING, metavar="NAME"
    )

    scenario: tuple[str, ...] = setting(
        (), "Scenario file or folder (repeatable); read again when it changes.", group=ANSWERS, metavar="PATH"
    )
    echo: Literal["audio", "context"] = setting(
        "audio",
        "What answers a stream that no scenario matches: the audio described in words, or the lines of "
        "encounterContext.unstructuredContext (audio where there is none).",
        group=ANSWERS,
    )
    fault: tuple[str, ...] = setting(
        (),
        "Let a fault stand for every stream or TLS handshake: NAME, or {NAME: {KEY: VALUE}, times: 1} (repeatable; in "
        "the variable separated by semicolons).",
        group=ANSWERS,
        metavar="FAULT",
    )
    strict_scenarios: bool = setting(
        False, "Refuse such a stream with HTTP 400, naming the nearest scenarios.", group=ANSWERS
    )
    second_stream: Literal["replace", "reject", "independent"] = setting(
        "replace",
        "A second stream on a live session id: replaces the first, is refused, or is a session of its own.",
        group=ANSWERS,
        source="HS-model (row 9): a new stream ends the old one; independent is for load tools that cannot vary the id",
    )

    clock: str = setting(
        "real", "Mock time: real, scaled (x10), manual, or autojump.", group=TIME, metavar="real|xN|manual|autojump"
    )
    seed: int | None = setting(
        None, "Make ids, revisions and faults repeatable; without it each start draws one.", group=TIME, metavar="N"
    )

    endpoints_file: str | None = setting(
        None, "Where to write the endpoints once everything listens.", group=RUNNING, metavar="PATH"
    )
    grace_seconds: float = setting(
        5.0,
        "How long running streams, and then the writing of what is under way, may take after SIGTERM.",
        group=RUNNING,
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "What to log on stderr; a rule that a client breaks is a warning.", group=RUNNING
    )
    log_format: Literal["text", "json"] = setting("text", "How to log.", group=RUNNING)

    output_dir: str | None = setting(
        None,
        "Folder for artifacts and jobs' output: s3://BUCKET/KEY becomes DIR/BUCKET/KEY. Without it, and without "
        "--s3-endpoint-url, they stay in memory. SIGTERM finishes at once what is under way.",
        group=RUNNING,
        metavar="DIR",
    )
    s3_endpoint_url: str | None = setting(
        None, "S3-compatible endpoint to write them to instead (extra s3).", group=RUNNING, metavar="URL"
    )
    data: str | None = setting(
        None, "Folder that keeps accounts and sessions across restarts.", group=RUNNING, metavar="DIR"
    )
    init: str | None = setting(
        None,
        "YAML or JSON file with domains and subscriptions that are there from the start, in every account or in one: "
        "{domains: [{id: hai-0123456789abcdef, subscriptions: [sub-0123456789abcdefghijk]}]}. A domain may have name, "
        "account, region and tags too.",
        group=RUNNING,
        metavar="FILE",
    )

    journal_bytes: int = setting(
        64 * 1024 * 1024,
        "What the journal may hold, audio included; the oldest entries go first.",
        group=LIMITS,
        source="own choice: half an hour of 16 kHz mono audio with its transcript",
    )
    kept_sessions: int = setting(
        10_000, "Sessions an account remembers; the oldest finished ones go first.", group=LIMITS, source="own choice"
    )
    redact: Literal["credentials", "content"] = setting(
        "credentials",
        "What stays out of the journal: credentials always do, with content also audio, transcript and the encounter's "
        "context (sizes and hashes stay).",
        group=RUNNING,
    )
    connections: int = setting(
        10_000,
        "Connections that may be open at once; one more is reset.",
        group=LIMITS,
        source="own choice: ten times the soak; an idle one over TLS costs 18 KiB",
    )
    streams_per_connection: int = setting(
        100,
        "Streams a client may have open on one HTTP/2 connection.",
        group=LIMITS,
        source="facts 14 row 34: several are allowed, how many is not public; RFC 9113 6.5.2 recommends at least 100",
    )
    header_list_bytes: int = setting(
        65_536,
        "Largest head of a request.",
        group=LIMITS,
        source="h2's default; an SDK's request has about 1,500",
    )
    event_bytes: int = setting(
        25_165_824, "Largest payload of an event-stream message.", group=LIMITS, source="ES-SPEC: 24 MiB"
    )
    request_body_bytes: int = setting(
        1_048_576,
        "Largest body of a request that is no stream; a larger one gets 413.",
        group=LIMITS,
        source="own choice: the largest that the model allows is a text of 100,000 characters",
    )
    head_timeout_seconds: float = setting(
        30.0,
        "How long a client may take for TLS handshake and first bytes, and for each head of a request. 0: for ever.",
        group=LIMITS,
        source="own choice, between Apache's 20 s (RequestReadTimeout) and nginx's 60 s (client_header_timeout)",
    )
    body_timeout_seconds: float = setting(
        60.0,
        "How long the body of a request that is no stream may take; then it gets 408. 0: for ever.",
        group=LIMITS,
        source="nginx's client_body_timeout; a stream has --idle-timeout",
    )
    stalled_timeout_seconds: float = setting(
        60.0,
        "How long a client may read nothing of what waits for it, or leave a request open that has its whole response. "
        "0: for ever.",
        group=LIMITS,
        source="nginx's send_timeout",
    )
    connection_timeout_seconds: float = setting(
        300.0,
        "How long a connection may be idle, without any request. 0: for ever.",
        group=LIMITS,
        source="own choice: longer than a developer's pause; RFC 9113, 9.1 leaves it to the server",
    )
    reset_burst: int = setting(
        1000,
        "Streams of one connection that may be reset at once.",
        group=LIMITS,
        source="nghttp2's default against rapid resets (CVE-2023-44487)",
    )
    reset_rate: float = setting(33.0, "… and how many more a second.", group=LIMITS, source="nghttp2's default")
    control_burst: int = setting(
        10_000,
        "PING, SETTINGS and other HTTP/2 frames without an effect that a client may send at once.",
        group=LIMITS,
        source="own choice",
    )
    control_rate: float = setting(
        1000.0,
        "… and how many more a second.",
        group=LIMITS,
        source="own choice: at this rate a flood costs a few percent of a core",
    )

    response_headers: Literal["immediate", "after-configuration"] = setting(
        "immediate",
        "When the 200 goes out: after the request's head was checked, or after the configurationEvent too.",
        group=SERVICE,
        source="not public (row 1); Transcribe answers while the request body is still being sent",
    )
    bad_configuration: Literal["exception", "http400"] = setting(
        "exception",
        "How a refused configuration is told: in the stream, or as HTTP 400 (then the 200 waits for it).",
        group=SERVICE,
        source="not public (row 2)",
    )
    unexpected_event: Literal["exception", "ignore"] = setting(
        "exception",
        "What a wrong first event, a second configurationEvent or an unknown event gets.",
        group=SERVICE,
        source="not public (row 3)",
    )
    messages: Mapping[str, str] = setting(
        {},
        "Texts of exceptions by key, instead of the built-in ones (configuration file only).",
        group=SERVICE,
        source="not public (row 4); Transcribe's wording where it is known",
    )
    idle_timeout_seconds: float = setting(
        15.0,
        "Without an audio event for so long the stream ends with a validationException; 0: never.",
        group=SERVICE,
        source="Transcribe streaming (row 6)",
    )
    offset_unit: Literal["seconds", "milliseconds"] = setting(
        "seconds", "Unit of the transcript's audio offsets.", group=SERVICE, source="not public (row 12)"
    )
    segment_ids: Literal["uuid", "counter"] = setting(
        "uuid",
        "Form of segmentId: a random UUID, or seg-1, seg-2… within the session.",
        group=SERVICE,
        source="not public (row 13)",
    )
    channel_id_without_definitions: Literal["omit", "ch_0"] = setting(
        "omit",
        "channelId of a transcript when the client defined no channels.",
        group=SERVICE,
        source="HealthScribe leaves it out (row 14)",
    )
    empty_transcripts: bool = setting(
        False,
        "Answer audio that has nothing to say with an empty transcriptEvent.",
        group=SERVICE,
        source="Transcribe does; not public here (row 15)",
    )
    partial_interval_seconds: float = setting(
        0.3,
        "Audio between two partials of an audio echo.",
        group=SERVICE,
        source="Transcribe sends one per 100 to 300 ms (row 16)",
    )
    missing_empty_frame: Literal["tolerate", "fatal"] = setting(
        "tolerate",
        "Input that ends without the signed empty frame.",
        group=SERVICE,
        source="fatal in Transcribe; not public here (row 17)",
    )
    after_end_of_session: Literal["close", "wait"] = setting(
        "close",
        "After the last transcript: end the stream at once, or when the client has ended its side.",
        group=SERVICE,
        source="not public (row 18)",
    )
    max_audio_chunk_bytes: int = setting(
        32_000, "Largest audio chunk.", group=SERVICE, source="UG-stream: hard maximum 32,000 bytes"
    )
    audio_chunk_measure: Literal["decoded", "encoded"] = setting(
        "decoded",
        "Whether that limit counts the audio or its base64 form; over it the stream ends.",
        group=SERVICE,
        source="not public (row 25)",
    )
    empty_audio_chunk: Literal["accept", "reject"] = setting(
        "accept",
        "What an audio event without audio gets; accepted it counts as no audio, also for the idle timeout.",
        group=SERVICE,
        source="not public (row 26)",
    )
    low_sample_rate: Literal["accept", "reject"] = setting(
        "accept",
        "Sample rates from 8,000 to 15,999 Hz.",
        group=SERVICE,
        source="MODEL accepts them, UG-ambient asks for 16,000 or more (row 27)",
    )
    pcm_channels: Literal["definitions", "mono", "stereo"] = setting(
        "definitions",
        "How PCM is read: as many interleaved channels as channelDefinitions has, or always one, or always two.",
        group=SERVICE,
        source="not public (row 28); AWS's Java sample defines two channels over mono audio",
    )
    flac_header: Literal["check", "ignore"] = setting(
        "check",
        "FLAC that does not begin with fLaC: an exception, or no audio clock for it.",
        group=SERVICE,
        source="not public (row 29)",
    )
    state_after_exception: Literal["PAUSED", "FAILED"] = setting(
        "PAUSED",
        "The session's status after an exception or a reset.",
        group=SERVICE,
        source="not public (row 38); Java retries a failed stream with the same session id",
    )
    attempts: Literal["all", "accepted"] = setting(
        "all",
        "What counts as an attempt of a session: every request for its id, or those answered with 200.",
        group=SERVICE,
        source="own choice (row 39)",
    )
    autojump_quiet_seconds: float = setting(
        0.005,
        "How long an account's streams must be quiet before an autojump clock leaps.",
        group=TIME,
        source="own choice: longer than a client on the same machine takes between two writes",
    )

    verify_signatures: bool = setting(
        False,
        "Verify the signature of every request and of every event of a stream.",
        group=SIGNATURES,
    )
    access_key: tuple[str, ...] = setting(
        ("test:test",),
        "A key that requests may be signed with (repeatable). A 12-digit id that is none of them has the secret test.",
        group=SIGNATURES,
        metavar="ID:SECRET",
    )
    signature_skew_seconds: float = setting(
        0.0,
        "How much a client's clock may be off, on top of the 5 minutes that a signature holds.",
        group=SIGNATURES,
        source="UG-stream: 5 minutes",
    )
    signature_region: str | None = setting(
        None, "The only Region that signatures may be scoped to; without it any.", group=SIGNATURES, metavar="REGION"
    )
    invalid_event_signature: Literal["exception", "error", "validationException"] = setting(
        "exception",
        "How a stream ends whose event signatures do not hold: InvalidSignatureException as an exception, as an "
        "unmodeled error (the official Python SDK takes no unknown exception type), or a validationException.",
        group=SERVICE,
        source="not public (row 5)",
    )
    unknown_access_key: Literal["access-denied", "unrecognized-client"] = setting(
        "access-denied",
        "What a request without a signature or with an unknown key gets: AccessDeniedException 401, or 403 "
        "MissingAuthenticationTokenException and UnrecognizedClientException.",
        group=SERVICE,
        source="not public (row 32)",
    )
    strict_resources: bool = setting(
        False,
        "Refuse ids that were not created; otherwise a well-formed id is taken as existing.",
        group=RESOURCES,
        source="the service refuses them with 404",
    )
    enforce_quotas: bool = setting(
        False,
        "Refuse what is over the service's documented quotas and rates.",
        group=RESOURCES,
        source="UG-quota, UG-mc (facts 9); off by default (row 30)",
    )
    concurrent_sessions: int = setting(
        10, "Live sessions of an account under --enforce-quotas.", group=RESOURCES, source="UG-quota: 10, adjustable"
    )
    dataset_creation_seconds: float = setting(
        2.0, "How long a dataset is CREATING.", group=RESOURCES, source="not public: own choice"
    )
    dataset_deletion_seconds: float = setting(
        1.0, "How long a dataset is DELETING.", group=RESOURCES, source="not public: own choice"
    )
    job_queue_seconds: float = setting(
        0.5, "How long a job is SUBMITTED.", group=RESOURCES, source="not public: own choice"
    )
    coding_job_seconds: float = setting(
        2.0,
        "How long a medical coding job is IN_PROGRESS.",
        group=RESOURCES,
        source="own choice: who polls must poll again, but not wait; the service takes about 35 s (UG-mc)",
    )
    insights_job_seconds: float = setting(
        2.0,
        "How long a patient insights job is IN_PROGRESS.",
        group=RESOURCES,
        source="own choice, as above; the service takes 3 to 5 minutes (SAMPLE)",
    )
    artifact_queue_seconds: float = setting(
        0.5,
        "How long after END_OF_SESSION the first artifact is PENDING.",
        group=RESOURCES,
        source="own choice (row 20); SAMPLE sees tens of seconds in all",
    )
    artifact_seconds: float = setting(
        1.0,
        "How long each artifact is IN_PROGRESS: transcript, note, after-visit summary, codes, one after the other.",
        group=RESOURCES,
        source="own choice (row 20)",
    )
    failing_bucket: str = setting(
        "mockscribe-fail",
        "S3 bucket that cannot be used: jobs and datasets with their output there fail, and so does the first deletion "
        "of a dataset with its input there; empty: none.",
        group=RESOURCES,
        source="own choice",
        metavar="BUCKET",
    )
    kept_jobs: int = setting(
        10_000,
        "Jobs of each kind, and feedback, that an account remembers; the oldest finished ones go first.",
        group=LIMITS,
        source="own choice",
    )
    max_session_audio_seconds: float = setting(
        7200.0,
        "Audio that a session takes over all its streams; more ends it with a validationException, FAILED. 0: any.",
        group=SERVICE,
        source="HealthScribe: 2 h (row 7)",
    )
    resume_window_seconds: float = setting(
        18_000.0,
        "How long after its creation a session can be resumed; a paused one is FAILED then. 0: for ever.",
        group=SERVICE,
        source="HealthScribe: 5 h (rows 7, 8)",
    )
    changed_resume: Literal["refuse", "accept"] = setting(
        "refuse",
        "Resuming with other parameters or another configuration: a validationException, or the first ones stay.",
        group=SERVICE,
        source="not public (row 10); HS-model wants the same ones",
    )
    resume_after_end: Literal["http400", "exception"] = setting(
        "http400",
        "A stream for a session that is COMPLETED or FAILED: HTTP 400 ValidationException, or the same in the stream.",
        group=SERVICE,
        source="not public (row 11)",
    )
    session_before_configuration: Literal["not-found", "in-progress"] = setting(
        "not-found",
        "What GetMedicalScribeListeningSession says of a session whose configuration has not been accepted yet.",
        group=SERVICE,
        source="not public (row 19)",
    )
    results_before_end: Literal["omit", "pending"] = setting(
        "omit",
        "postStreamActionResult before END_OF_SESSION: absent, or everything PENDING.",
        group=SERVICE,
        source="not public (row 20)",
    )
    output_location: Literal["file", "folder"] = setting(
        "file",
        "What an artifact's outputLocation names: its file, or the folder that it is in.",
        group=SERVICE,
        source="not public (row 21)",
    )
    transcript_form: Literal["healthscribe", "segments"] = setting(
        "healthscribe",
        "Form of the transcript file: HealthScribe's Conversation, or a Transcript of segments only.",
        group=SERVICE,
        source="not public (row 22); HS-demo has the first, SAMPLE2 the second",
    )
    output_check: Literal["never", "at-start"] = setting(
        "never",
        "Whether a stream is refused at its start when its output cannot be written (the bucket of --failing-bucket).",
        group=SERVICE,
        source="not public (row 24)",
    )
    inactive_resource: Literal["not-found", "access-denied"] = setting(
        "not-found",
        "What a session, a job or a new resource gets for an INACTIVE subscription or a DELETING domain.",
        group=SERVICE,
        source="not public (row 23); UG-ts asks for ids that are correct and active",
    )
    session_quota_error: Literal["quota", "throttling"] = setting(
        "quota",
        "What one live session too many gets: ServiceQuotaExceededException 402 or ThrottlingException 429.",
        group=SERVICE,
        source="not public (row 30); Transcribe answers 429",
    )
    list_order: Literal["oldest-first", "newest-first"] = setting(
        "oldest-first", "Order of what List operations return.", group=SERVICE, source="not public (row 35)"
    )
    domain_deletion_seconds: float = setting(
        1.0,
        "How long a domain is DELETING, whatever lives in it; then it is gone.",
        group=SERVICE,
        source="not public (row 36)",
    )
    repeated_activation: Literal["accept", "reject"] = setting(
        "accept",
        "Activating an active subscription, deactivating an inactive one: answered with it unchanged, or refused with "
        "ValidationException.",
        group=SERVICE,
        source="not public (row 37); the model calls Deactivate idempotent, Activate not",
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and value < 0:
                raise ConfigError(flag(field.name), f"{value} is negative")
        for key in self.access_key:
            if not re.fullmatch(r"[A-Za-z0-9_]{1,128}:.+", key):
                raise ConfigError(flag("access_key"), "must be ID:SECRET")
        for name in ("port", "control_port"):
            port = getattr(self, name)
            if port != "off" and port > 65_535:
                raise ConfigError(flag(name), f"{port} is no port: 0 to 65535")
        if not re.fullmatch(r"real|manual|autojump|x\d{1,6}(\.\d{1,3})?", self.clock) or self.clock.strip("x0.") == "":
            raise ConfigError(flag("clock"), f"{self.clock!r} is no clock: real, manual, autojump, or x and a factor")


TYPES: Mapping[str, Any] = typing.get_type_hints(Config)


def name_of(field: str) -> str:
    """The name that people write: the flag without its dashes, the key of the file."""
    return field.removesuffix("_seconds").replace("_", "-")


def flag(field: str) -> str:
    """The flag of a field."""
    return f"--{name_of(field)}"


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name_of(field).upper().replace("-", "_")


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """In words, the variables that look like ours and are read by nobody."""
    known = {variable(name) for name in TYPES if name != "messages"} | {f"{PREFIX}CONFIG", f"{PREFIX}CONTROL_URL"}
    told = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known or SOMEBODY_ELSES.fullmatch(name):
            continue
        endings = [each.removeprefix(PREFIX) for each in sorted(known)]
        otherwise = "`mockscribe serve --help` lists them"
        hint = did_you_mean(name.removeprefix(PREFIX), endings, otherwise, form=f"{PREFIX}{{}}")
        if name == variable("messages"):
            hint = "it is a key of the --config file only"
        told.append(f"{name}: there is no such variable; {hint}")
    return told


def load(flags: Mapping[str, Any], environ: Mapping[str, str], file: str | None = None) -> Config:
    """The configuration that `flags` (by field name), the environment and a YAML or JSON file give together.

    Raises:
        ConfigError: naming the flag, the variable, or the file and its key.
    """
    fields = {name_of(name): name for name in TYPES}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    file = file or environ.get(f"{PREFIX}CONFIG") or None
    if file is not None:
        for key, value in _read(file).items():
            if key not in fields:
                raise ConfigError(f"{file}: {key}", "there is no such setting; `mockscribe serve --help` lists them")
            sources[fields[key]] = f"{file}: {key}"
            values[fields[key]] = _convert(fields[key], value, f"{file}: {key}")
    for name in TYPES:
        if name != "messages" and (text := environ.get(variable(name))) is not None:
            if name == "port" and text.startswith("tcp://"):
                continue  # Kubernetes tells so of a Service that is called `mockscribe`
            comma = ";" if name == "fault" else ","
            parts: Any = tuple(filter(None, text.split(comma))) if TYPES[name] == tuple[str, ...] else text
            sources[name] = variable(name)
            values[name] = _convert(name, parts, variable(name))
    for name, value in flags.items():
        sources[name] = flag(name)
        values[name] = _convert(name, value, flag(name))
    try:
        return Config(**values)
    except ConfigError as error:  # which names the flag, wherever the value came from
        source = next((found for name, found in sources.items() if flag(name) == error.source), error.source)
        raise ConfigError(source, error.message) from None


def _convert(name: str, value: Any, source: str) -> Any:
    if name.endswith("_seconds") and isinstance(value, str) and value != "0":
        try:
            return parse_duration(value) / 1_000_000
        except ValueError as error:
            raise ConfigError(source, str(error)) from None
    if name.endswith("_seconds") and source != flag(name) and not isinstance(value, str) and value != 0:
        raise ConfigError(source, f"{value!r} has no unit: write 250ms, 1.5s or 30m")
    try:
        return msgspec.convert(value, TYPES[name], strict=False)
    except msgspec.ValidationError as error:
        choices = typing.get_args(TYPES[name])
        if typing.get_origin(TYPES[name]) is Literal:
            raise ConfigError(source, f"{value!r} is none of {', '.join(choices)}") from None
        raise ConfigError(source, f"{value!r} does not fit: {error}") from None


def read_settings(file: str) -> Any:
    """What a YAML or JSON file holds; None when it is empty.

    Raises:
        ConfigError: naming the file, and the line of a key that is given twice.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: dict[str, yaml.Node] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and (first := seen.setdefault(key.value, key)) is not key:
                    message = (
                        f"the key `{key.value}` is given twice; it stands on line {first.start_mark.line + 1} already"
                    )
                    raise ConfigError(f"{file}:{key.start_mark.line + 1}", message)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(Path(file).read_text(encoding="utf-8"), Loader)
    except OSError as error:
        raise ConfigError(file, f"cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(file, f"is neither YAML nor JSON: {' '.join(str(error).split())}") from None


def _read(file: str) -> Mapping[str, Any]:
    document = read_settings(file)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(file, "must be a mapping of settings")
    return {str(key): value for key, value in document.items()}

"""Signatures as the mock asks for them: what it accepts and refuses in whole exchanges, at the test's own time."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from mockscribe import signatures
from mockscribe.config import Config
from mockscribe.entries import Kind
from mockscribe.inspection.findings import findings
from mockscribe.inspection.sessions import streams
from tests import signing
from tests.signing import Chain, signed_head
from tests.wire import (
    END_OF_SESSION,
    SESSION_ID,
    Answer,
    Wire,
    audio,
    configuration,
    envelope,
    new_session_id,
    request_headers,
    silence,
)

LINE = "scenario: line\nsteps:\n  - {say: Good morning., at: 100ms, takes: 100ms, partials: none}\n"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FRAMES = (configuration(), audio(silence(0.2)), audio(silence(0.2)), END_OF_SESSION, b"")


class Signing(Wire):
    """The joined client and mock, with signatures; `chains` go on from the requests of the streams.

    `first` is what a test has sent first on a stream.
    """

    def __init__(self, scenarios: str = LINE, **settings: Any) -> None:
        super().__init__(scenarios, **{"verify_signatures": True, "idle_timeout_seconds": 0.0, **settings})
        self.chains: dict[int, Chain] = {}
        self.first = b""

    @property
    def wall(self) -> float:
        return self.mock.wall(self.now)

    def begin(self, *, session_id: str = SESSION_ID, region: str = "us-east-1", **options: Any) -> int:
        """Open a stream by a signed request."""
        head = signed_head(request_headers(session_id=session_id), self.wall, region=region, **options)
        stream = self.open(headers=head)
        secret = options.get("secret", "test")
        self.chains[stream] = Chain(signing.seed(head), secret=secret, region=region)
        return stream

    def signed(self, stream: int, *inners: bytes, at: float | None = None) -> bytes:
        """Messages in envelopes that were signed now, or at another time."""
        at = self.wall if at is None else at
        return b"".join(self.chains[stream].envelope(inner, at) for inner in inners)

    def whole(self, **options: Any) -> Answer:
        """A visit in which everything is signed."""
        stream = self.begin(**options)
        self.send(stream, self.signed(stream, *FRAMES), end=True)
        return self.answers[stream]

    def unary(self, *, body: bytes = b"", **options: Any) -> Answer:
        """A signed ListDomains."""
        head = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain?maxResults=5")]
        return self.plain(signed_head(head, self.wall, streaming=False, **options))

    def plain(self, head: list[tuple[str, str]]) -> Answer:
        return self.answers[self.open(headers=head, end=True)]

    @property
    def violations(self) -> list[dict[str, Any]]:
        return [entry.fields() for entry in self.account.journal.select(Kind.VIOLATION)]

    @property
    def verified(self) -> list[int]:
        """How many events were verified, of each stream that ended."""
        return [entry.about["verified"] for entry in self.account.journal.select(Kind.STREAM_ENDED)]

    @property
    def state(self) -> list[str | None]:
        session = self.account.sessions[SESSION_ID]
        return [each.signatures for each in streams(self.account, session)]


def error(answer: Answer) -> tuple[int, str, str]:
    return answer.status, answer.headers["x-amzn-errortype"], json.loads(answer.body)["message"]


# ---- what holds


def test_a_visit_whose_every_event_is_signed() -> None:
    wire = Signing()
    answer = wire.whole()
    assert (answer.status, answer.finals, answer.ended) == (200, ["Good morning."], True)
    assert wire.violations == []
    assert wire.state == ["verified"]
    assert wire.verified == [len(FRAMES) - 1]  # the visit is over before its empty frame


def test_the_empty_frame_is_verified_too() -> None:
    wire = Signing()
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, configuration(), audio(silence(0.5)), b""), end=True)
    assert wire.answers[stream].ended
    assert wire.verified == [3]
    assert wire.account.sessions[SESSION_ID].status.value == "PAUSED"


def test_events_however_they_are_cut() -> None:
    wire = Signing()
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, *FRAMES[:3]), chunk=7)
    wire.send(stream, wire.signed(stream, *FRAMES[3:]), chunk=1, end=True)
    assert wire.answers[stream].finals == ["Good morning."]
    assert wire.verified == [4]


def test_each_stream_of_a_session_has_a_chain_of_its_own() -> None:
    wire = Signing()
    first = wire.begin()
    wire.send(first, wire.signed(first, configuration(), audio(silence(0.1)), b""), end=True)
    wire.advance(3600)
    second = wire.begin()
    wire.send(second, wire.signed(second, *FRAMES), end=True)
    assert wire.verified == [3, 4]
    assert wire.state == ["verified", "verified"]
    wire = Signing()
    first = wire.begin()
    wire.send(first, wire.signed(first, configuration(), b""), end=True)
    second = wire.begin()
    wire.send(second, wire.signed(first, configuration()))  # goes on where the first one was
    assert [each["rule"] for each in wire.violations] == ["signature_mismatch"]
    assert wire.verified == [2, 0]


def test_without_verification_no_signature_is_looked_at() -> None:
    wire = Signing(verify_signatures=False)
    assert wire.unary(secret="wrong").status == 200
    stream = wire.begin(secret="wrong")
    wire.send(stream, envelope(configuration()), envelope(audio(silence(0.4))), audio(b""), envelope(b""), end=True)
    assert wire.answers[stream].finals == ["Good morning."]
    assert wire.violations == []
    assert wire.state == ["signed"]
    (ended,) = wire.account.journal.select(Kind.STREAM_ENDED)
    assert "verified" not in ended.about
    assert signatures.policy(Config()) is None


def test_a_stream_that_signs_nothing_is_found() -> None:
    wire = Signing(verify_signatures=False)
    stream = wire.begin()
    assert wire.state == [None]
    wire.send(stream, configuration())
    assert wire.state == ["unsigned"]
    found = findings(wire.account, wire.account.sessions[SESSION_ID])
    assert [each.rule for each in found if each.rule == "unsigned"] == ["unsigned"]


# ---- keys


@pytest.mark.parametrize(
    ("settings", "key", "secret", "status"),
    [
        ({}, "test", "test", 200),
        ({}, "test", "wrong", 403),
        ({}, "111122223333", "test", 200),
        ({}, "111122223333", "wrong", 403),
        ({}, "other", "test", 401),
        ({}, "٠١٢٣٤٥٦٧٨٩٠١", "test", 401),
        ({"access_key": (f"AKID:{SECRET}", "test:a:b")}, "AKID", SECRET, 200),
        ({"access_key": (f"AKID:{SECRET}", "test:a:b")}, "test", "a:b", 200),
        ({"access_key": (f"AKID:{SECRET}", "test:a:b")}, "test", "test", 403),
        ({"access_key": ("111122223333:own",)}, "111122223333", "own", 200),
        ({"access_key": ("111122223333:own",)}, "111122223333", "test", 403),
        ({"access_key": ("111122223333:own",)}, "test", "test", 401),
    ],
)
def test_who_may_sign_with_what(settings: dict[str, Any], key: str, secret: str, status: int) -> None:
    wire = Signing(**settings)
    if key.isascii():
        assert wire.unary(key=key, secret=secret).status == status
        assert wire.answers[wire.begin(key=key, secret=secret)].status == status
    else:
        policy = signatures.policy(wire.mock.config)
        assert policy is not None
        assert policy.secret(key) is None


def test_a_session_token_is_no_matter() -> None:
    wire = Signing()
    assert wire.unary(token="t0ken/+=").status == 200
    assert wire.whole(token="t0ken/+=").finals == ["Good morning."]


def test_a_region_can_be_asked_for() -> None:
    wire = Signing(signature_region="us-west-2")
    assert wire.whole(region="us-west-2").finals == ["Good morning."]
    assert error(wire.answers[wire.begin(session_id=new_session_id())]) == (
        403,
        "InvalidSignatureException",
        "Credential should be scoped to a valid region, not 'us-east-1'.",
    )
    assert Signing().whole(region="eu-central-1").finals == ["Good morning."]


# ---- requests that are refused


@pytest.mark.parametrize(
    ("setting", "unknown", "missing"),
    [
        ("access-denied", (401, "AccessDeniedException"), (401, "AccessDeniedException")),
        (
            "unrecognized-client",
            (403, "UnrecognizedClientException"),
            (403, "MissingAuthenticationTokenException"),
        ),
    ],
)
def test_an_unknown_key_and_a_missing_signature(
    setting: str, unknown: tuple[int, str], missing: tuple[int, str]
) -> None:
    wire = Signing(unknown_access_key=setting)
    for answer in (wire.unary(key="nobody"), wire.answers[wire.begin(key="nobody")]):
        assert error(answer) == (*unknown, "The security token included in the request is invalid.")
    for answer in (
        wire.plain([(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")]),
        wire.answers[wire.open()],
    ):
        assert error(answer)[:2] == missing
    assert [each["rule"] for each in wire.violations] == ["signature_unknown_key"] * 2 + ["signature_missing"] * 2


@pytest.mark.parametrize(
    ("options", "late", "rule", "text"),
    [
        ({"secret": "wrong"}, 0, "signature_mismatch", "The request signature we calculated does not match"),
        ({"service": "transcribe"}, 0, "signature_scope", "scoped to correct service: 'health-agent'."),
        ({}, 301, "signature_expired", "Signature expired: 20251009T085320Z is now earlier than 20251009T085321Z"),
        ({}, -301, "signature_expired", "Signature not yet current: 20251009T085320Z is still later than"),
    ],
)
def test_a_request_that_does_not_hold_is_answered_with_403(
    options: dict[str, Any], late: float, rule: str, text: str
) -> None:
    wire = Signing()
    wire.mock._wall_offset += late - (wire.wall - 1_760_000_000)
    heads = []
    for head, streaming in (
        (request_headers(), True),
        ([(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")], False),
    ):
        heads.append(signed_head(head, 1_760_000_000, streaming=streaming, **options))
    stream = wire.answers[wire.open(headers=heads[0])]
    for answer in (stream, wire.plain(heads[1])):
        status, shape, told = error(answer)
        assert (status, shape) == (403, "InvalidSignatureException")
        assert text in told
    assert [each["rule"] for each in wire.violations] == [rule] * 2
    for violation in wire.violations:
        assert text in violation["message"]
        assert violation["source"] == "UG-stream"
    assert wire.account.sessions == {}


def test_a_mismatch_stands_in_the_journal_with_what_was_signed_and_what_was_expected() -> None:
    wire = Signing()
    wire.unary(secret="wrong")
    (violation,) = wire.violations
    right = dict(
        signed_head(
            [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain?maxResults=5")],
            wire.wall,
            streaming=False,
        )
    )
    assert violation["expected"] == right["authorization"].rpartition("Signature=")[2]
    assert violation["signed"].startswith("AWS4-HMAC-SHA256\n20251009T085320Z\n20251009/us-east-1/health-agent/aws4_re")
    assert "'GET\n/domain\nmaxResults=5\nhost:localhost\nx-amz-date:20251009T085320Z\n\n" in violation["message"]


def test_the_body_of_a_request_is_signed() -> None:
    head = [
        *[(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")],
        ("content-type", "application/json"),
    ]
    wire = Signing()
    for sent, status in ((b'{"name":"clinic"}', 201), (b'{"name":"clinix"}', 403)):
        stream = wire.open(headers=signed_head(head, wire.wall, streaming=False, body=b'{"name":"clinic"}'))
        wire.send(stream, sent, end=True)
        assert wire.answers[stream].status == status, wire.answers[stream].body


def test_who_is_nobody_takes_nothing_of_an_accounts_rate() -> None:
    wire = Signing(enforce_quotas=True, clock="manual")
    assert {wire.unary(secret="wrong").status for _ in range(20)} == {403}
    assert wire.unary().status == 200
    assert {wire.answers[wire.begin(secret="wrong", session_id=new_session_id())].status for _ in range(20)} == {403}
    assert wire.answers[wire.begin()].status == 200


# ---- events that do not hold


def events_that_fail() -> Iterator[tuple[str, str, Any]]:
    """What goes wrong, the rule that it breaks, and the second event of a stream."""
    other = Chain("00" * 32)
    yield "another seed", "mismatch", lambda wire, stream: other.envelope(audio(silence(0.2)), wire.wall)
    yield "bare", "unsigned", lambda wire, stream: audio(silence(0.2))
    yield (
        "no signature",
        "unsigned",
        lambda wire, stream: signing.frame(signing.date_header(int(wire.wall * 1000)), audio(silence(0.2))),
    )

    def swapped(wire: Signing, stream: int) -> bytes:
        first, second = (wire.signed(stream, audio(silence(seconds))) for seconds in (0.1, 0.2))
        return second + first

    def replayed(wire: Signing, stream: int) -> bytes:
        return wire.first

    def tampered(wire: Signing, stream: int) -> bytes:
        data = wire.signed(stream, audio(silence(0.2)))
        block, inner = data[12:79], data[79:-4]
        return signing.frame(block, inner[:-5] + b"\x01" + inner[-4:])  # the envelope's CRCs are right again

    def rotated(wire: Signing, stream: int) -> bytes:
        wire.chains[stream].secret = "rotated"
        return wire.signed(stream, audio(silence(0.2)))

    def elsewhere(wire: Signing, stream: int) -> bytes:
        wire.chains[stream].region = "us-west-2"
        return wire.signed(stream, audio(silence(0.2)))

    def other_service(wire: Signing, stream: int) -> bytes:
        wire.chains[stream].service = "transcribe"
        return wire.signed(stream, audio(silence(0.2)))

    yield "reordered", "mismatch", swapped
    yield "replayed", "mismatch", replayed
    yield "tampered", "mismatch", tampered
    yield "rotated key", "mismatch", rotated
    yield "another Region", "mismatch", elsewhere
    yield "another service", "mismatch", other_service
    yield "expired", "expired", lambda wire, stream: wire.signed(stream, audio(b"\0\0"), at=wire.wall - 301)
    yield "not yet", "expired", lambda wire, stream: wire.signed(stream, audio(b"\0\0"), at=wire.wall + 301)
    yield (
        "in microseconds",
        "malformed",
        lambda wire, stream: signing.frame(
            signing.date_header(int(wire.wall * 1_000_000)) + signing.signature_header(bytes(32)), b""
        ),
    )


@pytest.mark.parametrize(
    ("framing", "headers"),
    [
        ("exception", {":message-type": "exception", ":exception-type": "InvalidSignatureException"}),
        ("error", {":message-type": "error", ":error-code": "InvalidSignatureException"}),
        ("validationException", {":message-type": "exception", ":exception-type": "validationException"}),
    ],
)
@pytest.mark.parametrize(
    ("rule", "second"), [each[1:] for each in events_that_fail()], ids=[each[0] for each in events_that_fail()]
)
def test_an_event_that_does_not_hold_ends_the_stream(
    rule: str, second: Any, framing: str, headers: dict[str, str]
) -> None:
    wire = Signing(invalid_event_signature=framing)
    stream = wire.begin()
    wire.first = wire.signed(stream, configuration())
    wire.send(stream, wire.first)
    wire.send(stream, second(wire, stream))
    answer = wire.answers[stream]
    assert answer.status == 200
    assert answer.ended
    ((told, payload),) = answer.events
    text = told.pop(":error-message") if framing == "error" else json.loads(payload)["message"]
    assert headers.items() <= told.items()
    (violation,) = wire.violations
    assert (violation["rule"], violation["offset"]) == (f"signature_{rule}", len(wire.first))
    assert violation["message"] == text
    assert wire.verified == [1]
    assert wire.state == ["signed"]  # not all of it verified
    session = wire.account.sessions[SESSION_ID]
    assert (session.status.value, session.audio_us) == ("PAUSED", 0)
    if rule == "mismatch":
        assert violation["signed"] in text
        assert violation["signed"].startswith("AWS4-HMAC-SHA256-PAYLOAD\n")
        assert len(violation["expected"]) == 64


def test_a_stream_goes_on_after_one_that_failed() -> None:
    wire = Signing()
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, configuration()), audio(silence(0.2)))
    assert wire.answers[stream].exception == ("InvalidSignatureException", "The event is not signed.")
    assert wire.whole().finals == ["Good morning."]
    assert wire.state == ["signed", "verified"]


def test_what_a_stream_is_told_can_be_replaced() -> None:
    texts = {"signature_expired": "Too late. {reason}", "bad_signature": "No."}
    wire = Signing(messages=texts)
    late = wire.begin()
    wire.send(late, wire.signed(late, configuration(), at=wire.wall - 301))
    bad = wire.begin()
    wire.send(bad, configuration())
    assert wire.answers[late].exception == (
        "InvalidSignatureException",
        "Too late. Signature expired: 20251009T084819Z is now earlier than 20251009T084820Z "
        "(20251009T085320Z - 5 min.)",
    )
    assert wire.answers[bad].exception == ("InvalidSignatureException", "No.")


# ---- time


@pytest.mark.parametrize(("late", "holds"), [(300, True), (301, False)])
@pytest.mark.parametrize("clock", ["real", "manual", "x10", "autojump"])
def test_the_age_is_that_of_the_reading_in_real_time(clock: str, late: int, holds: bool) -> None:
    wire = Signing(clock=clock)
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, configuration()))
    ahead = wire.signed(stream, audio(silence(0.2)))  # signed, and written later
    wire.advance(late)
    wire.send(stream, ahead)
    if holds:
        assert wire.violations == []
        assert wire.account.sessions[SESSION_ID].audio_us == 200_000
    else:
        assert wire.answers[stream].exception == (
            "InvalidSignatureException",
            "Signature expired: 20251009T085320Z is now earlier than 20251009T085321Z (20251009T085821Z - 5 min.)",
        )


@pytest.mark.parametrize(
    ("late", "skew", "holds"), [(300, 0, True), (301, 0, False), (360, 60, True), (361, 60, False)]
)
def test_what_is_read_late_because_the_client_does_not_read_expires(late: int, skew: float, holds: bool) -> None:
    big = f"{{send: {{transcriptEvent: {{transcriptSegment: {{content: {'x' * 50_000}}}}}}}, repeat: 10}}"
    wire = Signing(f"scenario: much\nsteps:\n  - {big}\n", window=1000, signature_skew_seconds=skew)
    wire.reads = False
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, configuration()))
    wire.send(stream, wire.signed(stream, audio(silence(0.2))))  # arrives at once, and waits
    assert wire.account.sessions[SESSION_ID].audio_us == 0
    wire.advance(late)
    assert wire.violations == []
    wire.client.increment_flow_control_window(10_000_000)
    wire.client.increment_flow_control_window(10_000_000, stream)
    wire.pump()
    wire.advance(0)
    if holds:
        assert wire.violations == []
        assert wire.account.sessions[SESSION_ID].audio_us == 200_000
    else:
        assert [each["rule"] for each in wire.violations] == ["signature_expired"]
        exception = wire.answers[stream].exception
        assert exception is not None
        assert exception[0] == "InvalidSignatureException"


def test_mock_time_makes_nothing_old() -> None:
    wire = Signing(clock="manual")
    stream = wire.begin()
    ahead = wire.signed(stream, configuration(), audio(silence(0.2)))
    wire.account.clock.advance(86_400, wire.now)
    wire.send(stream, ahead)
    assert wire.violations == []
    assert wire.account.sessions[SESSION_ID].audio_us == 200_000


def test_a_leap_makes_nothing_old() -> None:
    leap = "scenario: leap\nsteps:\n  - {say: Late., after: {time: 2h}, takes: 100ms, partials: none}\n"
    wire = Signing(leap, clock="autojump")
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, configuration()))
    ahead = wire.signed(stream, audio(silence(0.2)), END_OF_SESSION)
    wire.advance(0.02)
    assert wire.account.clock.time(wire.now) >= 7200
    wire.send(stream, ahead)
    assert wire.violations == []
    assert wire.answers[stream].finals == ["Late."]


@pytest.mark.parametrize("scope", ["the request's", "the event's"])
def test_a_stream_goes_on_past_midnight(scope: str) -> None:
    wire = Signing()
    wire.mock._wall_offset += 1_760_054_390 - wire.wall  # 2025-10-09T23:59:50Z
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, configuration()))
    day = "20251009" if scope == "the request's" else None
    for _ in range(3):
        wire.advance(8)
        wire.send(stream, wire.chains[stream].envelope(audio(silence(0.2)), wire.wall, day=day))
    assert wire.violations == []
    assert wire.account.sessions[SESSION_ID].audio_us == 600_000


# ---- the empty frame


@pytest.mark.parametrize("frames", [FRAMES[:-1], FRAMES[:3]], ids=["after END_OF_SESSION", "without it"])
@pytest.mark.parametrize("together", [True, False])
def test_a_missing_empty_frame_can_be_fatal(frames: tuple[bytes, ...], together: bool) -> None:
    wire = Signing(missing_empty_frame="fatal")
    stream = wire.begin()
    if together:
        wire.client.send_data(stream, wire.signed(stream, *frames), end_stream=True)
        wire.pump()
    else:
        wire.send(stream, wire.signed(stream, *frames))
        assert not wire.answers[stream].ended
        wire.end(stream)
    answer = wire.answers[stream]
    assert answer.finals == ["Good morning."]
    text = "A complete signal was sent without the preceding empty frame."
    assert answer.exception == ("validationException", text)
    assert [each["rule"] for each in wire.violations] == ["missing_empty_frame"]


def test_with_the_empty_frame_a_strict_visit_ends_at_once() -> None:
    wire = Signing(missing_empty_frame="fatal")
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, *FRAMES[:-1]))
    assert not wire.answers[stream].ended
    wire.send(stream, wire.signed(stream, b""))
    assert wire.answers[stream].ended
    assert wire.answers[stream].exception is None
    assert wire.verified == [len(FRAMES)]


def test_by_default_a_missing_empty_frame_is_tolerated() -> None:
    wire = Signing()
    stream = wire.begin()
    wire.send(stream, wire.signed(stream, *FRAMES[:-1]), end=True)
    assert wire.answers[stream].exception is None
    assert wire.violations == []


# ---- secrets


def test_no_secret_stands_in_the_journal() -> None:
    wire = Signing(access_key=(f"test:{SECRET}",))
    token = "FwoGZXIvYXdzEJr"
    heads = [
        signed_head(request_headers(session_id=new_session_id()), wire.wall, secret=SECRET, token=token),
        signed_head(request_headers(session_id=new_session_id()), wire.wall, secret="wrong", token=token),
        signed_head(request_headers(session_id=new_session_id()), wire.wall - 999, secret=SECRET, token=token),
        signed_head(request_headers(session_id=new_session_id()), wire.wall, key="nobody", token=token),
        signed_head(request_headers(session_id=new_session_id()), wire.wall, service="s3", token=token),
    ]
    for head in heads:
        wire.open(headers=head)
    stream = wire.begin(secret=SECRET)
    wire.send(stream, wire.signed(stream, configuration()))
    wire.chains[stream].secret = "rotated"
    wire.send(stream, wire.signed(stream, audio(silence(0.1))))
    written = b"\n".join(
        msgspec.json.encode(entry.fields()) for account in wire.mock.accounts for entry in account.journal
    ).decode()
    assert "signature_mismatch" in written
    assert SECRET not in written.replace("\\/", "/")
    assert token not in written
    for head in heads:
        authorization = dict(head)["authorization"]
        assert authorization not in written
        assert signing.seed(head) not in written
    for answer in wire.answers.values():
        assert SECRET.encode() not in answer.body

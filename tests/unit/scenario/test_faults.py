"""The faults of one stream: each by itself, where it acts, how likely, and how what it does leaves.

Frames are judged by botocore's parser, `struct` and `zlib`, not by our own decoder.
"""

import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import h2.errors
import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from mockscribe.scenario.faults import (
    ERROR_CODES,
    FAULTS,
    Action,
    Answer,
    FaultKind,
    Faults,
    Finish,
    Fired,
    Layer,
    Misbehave,
    ResetStream,
    Scene,
    SendBytes,
    SendHead,
    ends_surely,
    fault_of,
    keys_of,
)
from mockscribe.scenario.faults.before import ERRORS
from mockscribe.scenario.model import Fault, Position
from mockscribe.service.event_frames import to_frame_bytes
from mockscribe.service.events import OutputEvent, OutputException, TranscriptSegment
from mockscribe.wire.misbehaviour import (
    ChangeSettings,
    CloseNow,
    CloseSlowly,
    CutData,
    EndWithTrailers,
    GoAway,
    HalfClose,
    IgnorePings,
    ResetConnection,
    SendAlert,
    StopReading,
    TinyWindow,
    WithholdWindow,
)

HEAD = SendHead(status=200, headers=(("content-type", "application/vnd.amazon.eventstream"),))


def segment(number: int, *, partial: bool = False, name: str = "s") -> TranscriptSegment:
    return TranscriptSegment(segment_id=name, begin_us=0, end_us=1, is_partial=partial, content=f"line {number}")


class Counted:
    """Counts as a fault that stands does."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.hits = 0

    @property
    def over(self) -> bool:
        return self.hits >= self.times

    def hit(self) -> None:
        self.hits += 1


class Play:
    """One stream's faults with time in the test's hand; `actions` are all that came out."""

    def __init__(self, *, attempt: int = 1, http1: bool = False, seed: int = 1) -> None:
        self.faults = Faults(attempt=attempt, http1=http1, draw=lambda: random.Random(seed))
        self.time_us = 0
        self.audio_us = 0
        self.room = 1_000_000
        self.begun = False
        self.sent = 0
        self.actions: list[Action] = []

    @property
    def scene(self) -> Scene:
        return Scene(
            time_us=self.time_us, audio_us=self.audio_us, wall=1_760_000_000.0, room=self.room, begun=self.begun
        )

    def _took(self, actions: list[Action]) -> list[Action]:
        self.actions += actions
        return actions

    def arm(self, name: str, counter: Counted | None = None, **keys: Any) -> list[Action]:
        return self._took(self.faults.arm(fault_of(name, keys), self.scene, counter))

    def head(self) -> list[Action]:
        actions = self._took(self.faults.head(HEAD, self.scene))
        self.begun = True
        return actions

    def say(self, event: Any = None) -> list[Action]:
        self.sent += 1
        event = event or segment(self.sent)
        return self._took(self.faults.apply(event, to_frame_bytes(event), self.scene))

    def finish(self) -> list[Action]:
        return self._took(self.faults.finish(Finish(reason="over"), self.scene))

    def wait(self, seconds: float) -> list[Action]:
        self.time_us += round(seconds * 1_000_000)
        return self.release()

    def release(self) -> list[Action]:
        return self._took(self.faults.release(self.scene))

    @property
    def fired(self) -> list[str]:
        return [each.fault.name for each in self.actions if isinstance(each, Fired)]


def data(actions: list[Action]) -> bytes:
    return b"".join(each.data for each in actions if isinstance(each, SendBytes))


def lines(actions: list[Action]) -> list[str]:
    """What each frame says, by botocore's parser."""
    buffer = EventStreamBuffer()
    buffer.add_data(data(actions))
    return [message.payload.decode().split('"content":"')[1].split('"')[0] for message in buffer]


def frame_of(event: Any) -> bytes:
    return to_frame_bytes(event)


# ---- the vocabulary


def test_every_fault_says_in_one_way_what_it_does_and_has_an_example_of_its_own() -> None:
    for name, kind in FAULTS.items():
        assert sum(each is not None for each in (kind.act, kind.change, kind.expand, kind.flaw)) == 1, name
        assert list(kind.example) == [name]
        assert set(kind.example[name]) <= set(kind.keys), name
        for key, value in kind.example[name].items():
            kind.keys[key].parse(value)
        for parameter in kind.parameters.values():
            if parameter.default is not None:
                parameter.parse(parameter.default)


def test_error_codes_are_those_of_rfc_9113() -> None:
    assert {code.name: int(code) for code in h2.errors.ErrorCodes} == dict(ERROR_CODES)


@pytest.mark.parametrize("name", [name for name, kind in FAULTS.items() if kind.flaw is None])
def test_every_example_can_be_armed(name: str) -> None:
    play = Play()
    play.arm(name, **FAULTS[name].example[name])
    play.head()
    for number in range(9):
        play.audio_us = play.time_us = number * 2_000_000
        play.release()
        if not play.faults.closed:
            play.say(segment(number, partial=number % 2 == 0))
    assert play.fired
    assert keys_of(fault_of(name, FAULTS[name].example[name])) == FAULTS[name].example[name]


@pytest.mark.parametrize(
    ("fault", "sure"),
    [
        (Fault(name="reset"), True),
        (Fault(name="reset", parameters={"code": 3}), True),
        (Fault(name="reset", probability=0.5), False),
        (Fault(name="reset", frames=1), False),
        (Fault(name="reset", at=Position(after_events=1)), False),
        (Fault(name="delay"), False),
    ],
)
def test_a_fault_surely_ends_the_stream_only_without_a_condition(fault: Fault, sure: bool) -> None:
    assert ends_surely(fault) is sure


def test_a_spelling_holds_all_there_is() -> None:
    keys = {"bits": 3, "byte": 0, "probability": 0.5, "frames": 1, "attempt": 2}
    assert keys_of(fault_of("corrupt", keys)) == keys
    assert keys_of(Fault(name="tls_expired", server_name="a.localhost")) == {"server_name": "a.localhost"}


# ---- before the stream


@pytest.mark.parametrize("error", ERRORS)
def test_an_http_error_is_that_of_the_model(error: str) -> None:
    from botocore.loaders import Loader

    play = Play()
    _, answer = play.arm("http_error", error=error)
    assert isinstance(answer, Answer)
    shapes = Loader().load_service_model("connecthealth", "service-2")["shapes"]
    if error != "InvalidSignatureException":  # which is no shape of the model (facts 7.1)
        assert answer.status == shapes[error]["error"]["httpStatusCode"]
    assert dict(answer.headers)["x-amzn-errortype"] == error
    assert play.faults.closed
    assert play.arm("reset") == []


def test_an_http_error_can_have_another_status_and_message() -> None:
    _, answer = Play().arm("http_error", error="ThrottlingException", status=503, message="Slow down")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (503, b'{"message":"Slow down"}')


def test_a_plain_error_is_no_json() -> None:
    _, answer = Play().arm("plain_error", status=502, body="<p>Bad Gateway</p>")
    assert isinstance(answer, Answer)
    assert (answer.status, dict(answer.headers)["content-type"]) == (502, "text/html")
    assert answer.body == b"<p>Bad Gateway</p>"


def test_what_comes_before_the_stream_has_no_effect_after_its_begin() -> None:
    play = Play()
    play.head()
    (fired,) = play.arm("http_error")
    assert isinstance(fired, Fired)
    assert fired.note == "the response has begun"
    (fired,) = play.arm("late_headers")
    assert isinstance(fired, Fired)
    assert fired.note == "the response has begun"
    assert lines(play.say()) == ["line 1"]


def test_late_headers_hold_up_what_follows() -> None:
    play = Play()
    play.arm("late_headers", by="8s")
    assert play.head() == play.say() == []
    assert play.faults.octets > 0
    assert play.faults.due_us == 8_000_000
    assert play.wait(7.999999) == []
    head, body = play.wait(0.000001)
    assert head == HEAD
    assert lines([body]) == ["line 1"]
    assert play.faults.due_us is None
    assert lines(play.say()) == ["line 2"]
    assert not play.faults.armed


@pytest.mark.parametrize("name", ["no_answer", "silence"])
def test_nothing_comes_any_more_and_the_stream_stays_open(name: str) -> None:
    play = Play()
    play.arm(name)
    assert play.faults.armed
    assert play.faults.silent
    assert play.head() == play.say() == []
    (finish,) = play.finish()
    assert finish == Finish(reason="over, and a fault keeps it open", open=True)


# ---- messages: the whole wire


Check = Callable[[bytes, bytes], None]


def crc_fits(data: bytes) -> bool:
    prelude = zlib.crc32(data[:8]) == struct.unpack(">I", data[8:12])[0]
    return prelude and zlib.crc32(data[:-4]) == struct.unpack(">I", data[-4:])[0]


def changed(name: str, **keys: Any) -> tuple[bytes, bytes]:
    """The frame as it was, and what became of it."""
    play, event = Play(), segment(1)
    play.arm(name, **keys)
    assert play.faults.armed
    actions = play.say(event)
    assert play.fired == [name]
    assert not play.faults.armed
    assert lines(play.say()) == ["line 2"]
    return frame_of(event), data(actions)


def headers_of(frame: bytes) -> dict[str, str]:
    buffer = EventStreamBuffer()
    buffer.add_data(frame)
    (message,) = buffer
    return dict(message.headers)


def test_a_wrong_prelude_crc() -> None:
    before, after = changed("wrong_prelude_crc")
    assert after[:8] + after[12:-4] == before[:8] + before[12:-4]
    assert zlib.crc32(after[:8]) != struct.unpack(">I", after[8:12])[0]
    assert zlib.crc32(after[:-4]) == struct.unpack(">I", after[-4:])[0]
    with pytest.raises(ChecksumMismatch):
        headers_of(after)


def test_a_wrong_message_crc() -> None:
    before, after = changed("wrong_message_crc")
    assert after[:-4] == before[:-4]
    with pytest.raises(ChecksumMismatch):
        headers_of(after)


@pytest.mark.parametrize("by", [4, -4, 1_000_000])
def test_a_wrong_total_length(by: int) -> None:
    before, after = changed("wrong_total_length", by=by)
    assert crc_fits(after)
    assert struct.unpack(">I", after[:4])[0] == len(before) + by
    assert len(after) == len(before)


def test_a_total_length_beyond_32_bits_wraps() -> None:
    _, after = changed("wrong_total_length", by=-(2**31))
    assert crc_fits(after)


@pytest.mark.parametrize("by", [4, -4, 65_536])
def test_a_wrong_headers_length(by: int) -> None:
    before, after = changed("wrong_headers_length", by=by)
    assert crc_fits(after)
    assert struct.unpack(">I", after[4:8])[0] == struct.unpack(">I", before[4:8])[0] + by


def test_a_corrupt_byte_is_the_one_that_was_named() -> None:
    before, after = changed("corrupt", byte=57, bits=1)
    assert [(at, new ^ old) for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [(57, 1)]


def test_a_corrupt_byte_is_drawn_from_the_seed_else() -> None:
    before, after = changed("corrupt")
    assert after == changed("corrupt")[1]
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_an_unknown_event_type() -> None:
    before, after = changed("unknown_event_type", type="futureEvent")
    assert headers_of(after)[":event-type"] == "futureEvent"
    assert headers_of(before)[":event-type"] == "transcriptEvent"


def test_an_unknown_event_type_waits_for_an_event() -> None:
    play = Play()
    play.arm("unknown_event_type")
    exception = OutputException(member="validationException", message="no event")
    assert data(play.say(exception)) == frame_of(exception)
    assert play.fired == []


def test_an_unknown_header_type() -> None:
    before, after = changed("unknown_header_type", type=42)
    assert crc_fits(after)
    with pytest.raises(KeyError, match="42"):  # botocore knows no other way to say it
        headers_of(after)
    at = after.index(b"\x0amockscribe")
    assert after[at + 11] == 42
    assert len(after) == len(before) + 15


def test_a_missing_message_type() -> None:
    before, after = changed("missing_message_type")
    assert set(headers_of(before)) - set(headers_of(after)) == {":message-type"}


@pytest.mark.parametrize(
    ("name", "keys", "headers"),
    [
        ("unknown_exception_type", {"type": "teapot", "message": "short"}, {":exception-type": "teapot"}),
        ("error_frame", {"code": "Teapot", "message": "short"}, {":error-code": "Teapot", ":error-message": "short"}),
        ("idle_timeout", {}, {":exception-type": "validationException"}),
        ("expired_signature", {}, {":exception-type": "InvalidSignatureException"}),
    ],
)
def test_a_message_that_ends_the_stream(name: str, keys: dict[str, Any], headers: dict[str, str]) -> None:
    play = Play()
    _, sent, finish = play.arm(name, **keys)
    assert isinstance(sent, SendBytes)
    assert headers.items() <= headers_of(sent.data).items()
    assert isinstance(finish, Finish)
    assert finish.failed
    assert play.faults.closed


def test_the_expired_signature_tells_the_time_of_day() -> None:
    # 1,760,000,000 s after the epoch
    text = b"Signature expired: 20251009T084819Z is now earlier than 20251009T084820Z (20251009T085320Z - 5 min.)"
    assert text in data(Play().arm("expired_signature"))


@pytest.mark.parametrize(
    ("then", "outcome"),
    [
        ("end", Finish(reason="a fault ended it in mid-frame", failed=True)),
        ("reset", ResetStream(code=2)),
        ("silence", None),
    ],
)
def test_a_truncated_frame_and_what_follows(then: str, outcome: Action | None) -> None:
    play, event = Play(), segment(1)
    play.arm("truncated", byte=20, then=then)
    _, *actions = play.say(event)
    assert data(actions) == frame_of(event)[:20]
    assert actions[1:] == ([] if outcome is None else [outcome])
    assert play.faults.silent is (outcome is None)


def test_a_truncated_frame_is_half_of_it_else_and_may_be_nothing() -> None:
    play, event = Play(), segment(1)
    play.arm("truncated")
    assert data(play.say(event)) == frame_of(event)[: len(frame_of(event)) // 2]
    play = Play()
    play.arm("truncated", byte=0)
    assert data(play.say()) == b""


def test_a_duplicate() -> None:
    play = Play()
    play.arm("duplicate", copies=2)
    assert lines(play.say()) == ["line 1"] * 3
    assert lines(play.say()) == ["line 2"]


def test_a_frame_that_others_overtake() -> None:
    play = Play()
    play.arm("reorder", by=2)
    assert play.say() == [Fired(fault=Fault(name="reorder", parameters={"by": 2}))]
    assert lines(play.say()) == ["line 2"]
    assert lines(play.say()) == ["line 3", "line 1"]
    assert lines(play.say()) == ["line 4"]
    assert not play.faults.armed


def test_a_frame_that_is_held_back_comes_before_the_end() -> None:
    play = Play()
    play.arm("reorder", by=5)
    play.say()
    *rest, finish = play.finish()
    assert lines(rest) == ["line 1"]
    assert finish == Finish(reason="over")


def test_a_partial_that_comes_after_the_final_of_its_segment() -> None:
    play = Play()
    play.arm("late_partial")
    assert lines(play.say(segment(1))) == ["line 1"]  # no partial
    assert lines(play.say(OutputEvent(member="checklistEvent", content={"content": "c"}))) == ["c"]
    assert lines(play.say(OutputEvent(member="transcriptEvent", content={"x": {"content": "d"}}))) == ["d"]
    assert lines(play.say(segment(2, partial=True))) == []
    assert lines(play.say(segment(3, name="another"))) == ["line 3"]
    assert lines(play.say(segment(4, partial=True))) == ["line 4"]
    verbatim = {"transcriptSegment": {"segmentId": "s", "isPartial": False, "content": "the final"}}
    assert lines(play.say(OutputEvent(member="transcriptEvent", content=verbatim))) == ["the final", "line 2"]


@pytest.mark.parametrize("payload", [0, 100, 65_536, 25_165_825])
def test_an_oversized_frame_is_whole_and_leaves_as_there_is_room(payload: int) -> None:
    play = Play()
    play.room = 100_000
    actions = play.arm("oversized", payload=payload)
    assert len(data(actions)) < 170_000
    while play.faults.octets:
        assert play.faults.due_us is None, "it waits for room, not for time"
        more = play.release()
        assert 0 < len(data(more)) < 170_000
        actions += more
    whole = data(actions)
    assert crc_fits(whole)
    (total, headers_bytes) = struct.unpack(">II", whole[:8])
    assert total == len(whole)
    size = max(payload, len('{"transcriptSegment":{"content":""}}'))
    assert total - headers_bytes - 16 == size


def test_what_waits_for_room_does_not_leave_without() -> None:
    play = Play()
    play.room = 0
    assert data(play.arm("oversized")) == b""
    assert play.faults.due_us is None
    assert data(play.say()) == b""


def test_random_bytes_are_of_the_seed() -> None:
    sent = data(Play().arm("random_bytes", bytes=64))
    assert len(sent) == 64
    assert sent == data(Play().arm("random_bytes", bytes=64))
    assert sent != data(Play(seed=2).arm("random_bytes", bytes=64))


def test_random_bytes_within_a_frame() -> None:
    play, event = Play(), segment(1)
    play.arm("random_bytes", bytes=3, byte=10)
    sent = data(play.say(event))
    assert sent[:10] + sent[13:] == frame_of(event)


# ---- delivery


def test_pieces_are_cut_by_the_connection() -> None:
    _, cut = Play().arm("pieces", bytes=7)
    assert cut == Misbehave(misbehaviour=CutData(octets=7))


def test_events_that_leave_together() -> None:
    play = Play()
    play.arm("together", events=3)
    assert play.say() + play.say() == []
    (sent,) = play.say()
    assert lines([sent]) == ["line 1", "line 2", "line 3"]
    play.say()
    rest, finish = play.finish()
    assert lines([rest]) == ["line 4"]
    assert finish == Finish(reason="over")


def test_events_that_leave_together_with_one_that_was_held_back() -> None:
    play = Play()
    play.arm("together", events=2)
    play.arm("reorder", by=1)
    play.say()
    assert lines(play.say()) == ["line 2", "line 1"]


def test_each_event_is_late() -> None:
    play = Play()
    play.arm("delay", by="200ms")
    assert lines(play.say()) == []
    assert play.wait(0.1) == []
    assert lines(play.say()) == []
    assert lines(play.wait(0.1)) == ["line 1"]
    assert play.faults.due_us == 300_000
    assert lines(play.wait(0.1)) == ["line 2"]
    assert play.faults.armed
    assert play.fired == ["delay"]


def test_the_end_waits_for_what_is_late() -> None:
    play = Play()
    play.arm("delay", by="200ms", frames=1)
    play.say()
    assert play.finish() == []
    *_, finish = play.wait(0.2)
    assert finish == Finish(reason="over")


def test_jitter_is_of_the_seed_and_overtakes_nothing() -> None:
    def leaves(seed: int) -> list[int]:
        play = Play(seed=seed)
        play.arm("delay", by="0ms", jitter="1s")
        times = []
        for _ in range(20):
            play.say()
        while (due := play.faults.due_us) is not None:
            times.append(due)
            play.time_us = due
            play.release()
        assert [line for line in lines(play.actions) if line] == [f"line {number}" for number in range(1, 21)]
        return times

    assert leaves(1) == leaves(1) != leaves(2)
    assert max(leaves(1)) <= 1_000_000


def test_a_delay_on_some_frames_only() -> None:
    play = Play()
    play.arm("delay", by="1s", after_events=1, frames=1)
    assert lines(play.say()) == ["line 1"]
    assert lines(play.say()) == []
    assert lines(play.wait(1.0)) == ["line 2"]
    assert lines(play.say()) == ["line 3"]
    assert not play.faults.armed


def test_a_bandwidth() -> None:
    play, event = Play(), segment(1)
    play.arm("bandwidth", bytes_per_second=100)
    size = len(frame_of(event))
    assert play.say(event) == play.say(event) == []
    assert play.faults.octets == 2 * size
    seen = b""
    while (due := play.faults.due_us) is not None:
        assert due > play.time_us
        play.time_us = due
        seen += data(play.release())
        assert len(seen) <= due * 100 // 1_000_000
    assert seen == frame_of(event) * 2
    assert play.time_us == 2 * size * 10_000
    assert play.faults.octets == 0


def test_a_bandwidth_of_less_than_a_slice() -> None:
    play = Play()
    play.arm("bandwidth", bytes_per_second=3)
    play.say()
    assert play.faults.due_us == 333_334
    assert len(data(play.wait(0.333334))) == 1
    assert play.release() == []


def test_a_late_frame_is_changed_too() -> None:
    play = Play()
    play.arm("delay", by="1s")
    play.arm("wrong_message_crc")
    play.say()
    with pytest.raises(ChecksumMismatch):
        lines(play.wait(1.0))
    assert play.fired == ["delay", "wrong_message_crc"]


# ---- HTTP, TCP, TLS


@pytest.mark.parametrize(
    ("name", "keys", "misbehaviour", "ends"),
    [
        ("go_away", {}, GoAway(code=0), False),
        ("go_away", {"code": 11, "last_stream": 1, "close": True}, GoAway(code=11, last_stream=1, close=True), True),
        ("withhold_window", {}, WithholdWindow(), False),
        ("withhold_window", {"connection": True}, WithholdWindow(connection=True), False),
        ("tiny_window", {"bytes": 5}, TinyWindow(octets=5), False),
        ("settings", {}, ChangeSettings(settings={}), False),
        (
            "settings",
            {"initial_window": 0, "max_concurrent_streams": 1, "max_header_list": 2},
            ChangeSettings(settings={4: 0, 3: 1, 6: 2}),
            False,
        ),
        ("trailers", {"fields": {"a": "b"}}, EndWithTrailers(fields=(("a", "b"),)), True),
        ("no_pings", {}, IgnorePings(), False),
        ("tcp_reset", {}, ResetConnection(), True),
        ("tcp_close", {}, CloseNow(), True),
        ("half_close", {}, HalfClose(), True),
        ("stop_reading", {}, StopReading(), False),
        ("slow_close", {"by": "1.5s"}, CloseSlowly(seconds=1.5), False),
        ("tls_alert", {}, SendAlert(), True),
    ],
)
def test_what_the_connection_is_told(name: str, keys: dict[str, Any], misbehaviour: Any, ends: bool) -> None:
    play = Play()
    fired, told = play.arm(name, **keys)
    assert isinstance(fired, Fired)
    assert not fired.note
    assert isinstance(told, Misbehave)
    assert told.misbehaviour == misbehaviour
    assert bool(told.ends) is ends is play.faults.closed


@pytest.mark.parametrize("name", ["tiny_window", "settings", "no_pings"])
def test_what_http_1_does_not_have_says_so(name: str) -> None:
    assert [each for each in Play(http1=True).arm(name) if not isinstance(each, Fired)] == []
    (fired,) = Play(http1=True).arm(name)
    assert isinstance(fired, Fired)
    assert fired.note == "HTTP/1.1 has no such thing"


@pytest.mark.parametrize(("keys", "code"), [({}, 8), ({"code": 11}, 11), ({"code": "NO_ERROR"}, 0)])
def test_a_reset_acts_at_once(keys: dict[str, Any], code: int) -> None:
    play = Play()
    assert play.arm("reset", **keys)[1:] == [ResetStream(code=code)]
    assert play.faults.closed
    assert not play.faults.armed


def test_an_end() -> None:
    assert Play().arm("end")[1:] == [Finish(reason="a fault ended it")]


def test_an_end_that_is_never_told() -> None:
    play = Play()
    play.arm("never_end")
    assert lines(play.say()) == ["line 1"]
    assert play.finish() == [Finish(reason="over, and a fault keeps it open", open=True)]


# ---- presets


def test_a_clean_close_in_mid_visit() -> None:
    play = Play()
    play.arm("clean_close", events=2)
    assert lines(play.say()) == ["line 1"]
    *said, finish = play.say()
    assert lines(said) == ["line 2"]
    assert isinstance(finish, Finish)
    assert not finish.failed


def test_fails_then_works() -> None:
    _, answer = Play(attempt=1).arm("fails_then_works", error="ThrottlingException")
    assert isinstance(answer, Answer)
    assert answer.status == 429
    assert Play(attempt=2).arm("fails_then_works") == []


def test_a_flaky_network_is_late_in_pieces_and_breaks_by_chance() -> None:
    def lasts(seed: int) -> int:
        play = Play(seed=seed)
        play.arm("flaky_network", percent=20)
        while not play.faults.closed and play.sent < 100:
            play.say()
        play.wait(60)
        assert play.actions[-1] == Misbehave(misbehaviour=ResetConnection(), ends="a fault reset the TCP connection")
        assert Misbehave(misbehaviour=CutData(octets=100)) in play.actions
        return play.sent

    events = [lasts(seed) for seed in range(40)]
    assert events == [lasts(seed) for seed in range(40)]
    assert len(set(events)) > 5


# ---- where


def test_two_faults_take_two_frames() -> None:
    play = Play()
    play.arm("wrong_message_crc")
    play.arm("wrong_message_crc")
    assert [bool(play.say() and play.fired) and len(play.fired) for _ in range(3)] == [1, 2, 2]


def test_after_so_many_events_an_act_follows_the_last_of_them() -> None:
    play = Play()
    play.arm("reset", after_events=2)
    assert lines(play.say()) == ["line 1"]
    actions = play.say()
    assert lines(actions) == ["line 2"]
    assert isinstance(actions[-1], ResetStream)


def test_after_so_many_events_a_change_takes_the_next() -> None:
    play = Play()
    play.arm("corrupt", after_events=2, byte=0)
    assert lines(play.say()) == ["line 1"]
    assert lines(play.say()) == ["line 2"]
    assert data(play.say())[0] != 0


@pytest.mark.parametrize("name", ["reset", "tcp_reset", "tcp_close", "half_close", "end", "tls_alert", "silence"])
def test_at_a_byte_of_a_frame(name: str) -> None:
    play = Play()
    play.arm(name, after_events=1, byte=20)
    play.say()
    event = segment(9)
    assert data(play.say(event)) == frame_of(event)[:20]
    assert play.faults.closed or play.faults.silent


def test_what_goes_on_goes_on_within_the_frame() -> None:
    play, event = Play(), segment(1)
    play.arm("go_away", byte=20)
    first, _, going, rest = play.say(event)
    assert isinstance(going, Misbehave)
    assert data([first]) == frame_of(event)[:20]
    assert data([first, rest]) == frame_of(event)


def test_after_mock_time() -> None:
    play = Play()
    play.time_us = 500_000
    assert not play.faults.waits
    play.arm("reset", after_time="2s")
    assert not play.faults.armed
    assert play.faults.waits
    assert play.faults.due_us == 2_500_000
    assert lines(play.say()) == ["line 1"]
    assert play.wait(1.999999) == []
    assert isinstance(play.wait(0.000001)[-1], ResetStream)


def test_no_time_at_all_is_now() -> None:
    assert isinstance(Play().arm("reset", after_time="0s")[-1], ResetStream)


def test_at_an_instant_of_audio() -> None:
    play = Play()
    play.arm("reset", at_audio="2s")
    assert (play.faults.due_us, play.faults.due_audio_us) == (None, 2_000_000)
    play.audio_us = 1_999_999
    assert play.release() == []
    play.audio_us = 2_000_000
    assert isinstance(play.release()[-1], ResetStream)
    assert play.faults.due_audio_us is None
    assert isinstance(Play().arm("reset", at_audio="0s")[-1], ResetStream)


def test_audio_then_time_then_events() -> None:
    play = Play()
    play.arm("reset", at_audio="2s", after_time="1s", after_events=1)
    play.audio_us = 3_000_000
    assert play.release() == []
    assert play.faults.due_us == 1_000_000
    assert play.wait(1.0) == []
    assert isinstance(play.say()[-1], ResetStream)


def test_only_on_one_attempt() -> None:
    assert Play(attempt=1).arm("reset", attempt=2) == []
    assert len(Play(attempt=2).arm("reset", attempt=2)) == 2


# ---- how likely, how often


def test_a_probability_is_drawn_of_the_seed() -> None:
    hits = [bool(Play(seed=seed).arm("reset", probability=0.3)) for seed in range(1000)]
    assert hits == [bool(Play(seed=seed).arm("reset", probability=0.3)) for seed in range(1000)]
    assert 230 < sum(hits) < 370


def test_a_probability_for_each_frame() -> None:
    play = Play()
    play.arm("wrong_message_crc", probability=0.5, frames=100)
    for _ in range(150):
        play.say()
    assert 30 < len(play.fired) < 70
    assert not play.faults.armed


def test_an_act_that_may_hit_any_frame_hits_once() -> None:
    play = Play()
    play.arm("random_bytes", probability=0.5, frames="all", after_events=1)
    for _ in range(50):
        play.say()
    assert play.fired == ["random_bytes"]
    play = Play()
    play.arm("reset", probability=1e-9, frames=2)
    play.arm("reset", probability=1e-9, after_events=1)
    play.say()
    play.say()
    assert (play.fired, play.faults.armed) == ([], False)


def test_as_many_frames_as_it_says() -> None:
    play = Play()
    play.arm("corrupt", frames=2, byte=0)
    assert [data(play.say())[0] != 0 for _ in range(4)] == [True, True, False, False]


def test_a_fault_that_stands_is_counted_once_a_stream() -> None:
    counter = Counted(2)
    play = Play()
    play.arm("corrupt", counter, frames="all", byte=0)
    play.say()
    play.say()
    assert counter.hits == 1
    Play().arm("reset", counter)
    assert counter.hits == 2
    other = Play()
    assert other.arm("reset", counter) == []
    other.arm("corrupt", counter, byte=0)
    assert lines(other.say()) == ["line 1"]
    play.say()
    assert play.fired == ["corrupt"] * 3  # it was armed in time


def test_a_fault_that_stands_for_another_attempt_is_not_counted() -> None:
    counter = Counted(1)
    Play().arm("reset", counter, attempt=2)
    assert counter.hits == 0


# ---- the end


def test_when_the_client_is_gone_nothing_is_kept() -> None:
    play = Play()
    play.arm("delay", by="1s")
    play.arm("reset", after_time="2s")
    play.arm("reset", at_audio="2s")
    play.say()
    play.faults.clear()
    assert (play.faults.octets, play.faults.due_us, play.faults.due_audio_us) == (0, None, None)
    assert play.faults.closed
    assert not play.faults.waits
    Play().faults.clear()


def test_nothing_comes_after_the_last_word() -> None:
    play = Play()
    play.arm("reset", byte=3)
    play.arm("random_bytes", byte=4)
    play.say()
    assert play.fired == ["reset"]


def test_the_layers_are_told_apart() -> None:
    kinds: dict[str, FaultKind] = dict(FAULTS)
    assert kinds["http_error"].layer is Layer.BEFORE
    assert {kind.layer for kind in kinds.values()} == set(Layer)

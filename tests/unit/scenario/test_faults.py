"""The two faults, and the seam that carries them."""

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from mockscribe.scenario.faults import ERROR_CODES, FAULTS, Faults, ResetStream, SendBytes
from mockscribe.scenario.model import Fault
from mockscribe.service.events import OutputException, to_frame_bytes

FRAME = to_frame_bytes(OutputException(member="validationException", message="a frame"))


def decoded(frame: bytes) -> list[bytes]:
    buffer = EventStreamBuffer()
    buffer.add_data(frame)
    return [message.payload for message in buffer]


def test_without_a_fault_a_frame_passes() -> None:
    actions, fault = Faults().apply(FRAME)
    assert actions == (SendBytes(data=FRAME),)
    assert fault is None


@pytest.mark.parametrize(("parameters", "code"), [({}, 8), ({"code": 11}, 11)])
def test_a_reset_acts_at_once(parameters: dict[str, int], code: int) -> None:
    faults = Faults()
    assert faults.arm(Fault(name="reset", parameters=parameters)) == (ResetStream(code=code),)
    assert faults.armed == []


def test_a_wrong_message_crc_changes_the_next_frame_only() -> None:
    faults, fault = Faults(), Fault(name="wrong_message_crc")
    assert faults.arm(fault) == ()
    (action,), fired = faults.apply(FRAME)
    assert fired is fault
    assert isinstance(action, SendBytes)
    assert action.data[:-4] == FRAME[:-4]
    with pytest.raises(ChecksumMismatch):
        decoded(action.data)
    (after,), none = faults.apply(FRAME)
    assert none is None
    assert isinstance(after, SendBytes)
    assert decoded(after.data) == [b'{"message":"a frame"}']


def test_two_faults_take_two_frames() -> None:
    faults = Faults()
    for _ in range(2):
        faults.arm(Fault(name="wrong_message_crc"))
    fired = [faults.apply(FRAME)[1] is not None for _ in range(3)]
    assert fired == [True, True, False]


def test_error_codes_are_those_of_rfc_9113() -> None:
    import h2.errors

    assert {code.name: int(code) for code in h2.errors.ErrorCodes} == dict(ERROR_CODES)


@pytest.mark.parametrize(("value", "code"), [("CANCEL", 8), (0, 0), (4_294_967_295, 4_294_967_295)])
def test_an_error_code_by_name_or_number(value: object, code: int) -> None:
    assert FAULTS["reset"].parameters["code"].parse(value) == code


@pytest.mark.parametrize("value", ["cancel", -1, 4_294_967_296, True, 1.0, None, ["CANCEL"]])
def test_no_error_code(value: object) -> None:
    with pytest.raises(ValueError, match="is no error code: a number up to 4294967295, or one of NO_ERROR, "):
        FAULTS["reset"].parameters["code"].parse(value)


def test_every_fault_acts_either_at_once_or_on_a_frame_and_has_its_own_example() -> None:
    for name, kind in FAULTS.items():
        assert (kind.act is None) != (kind.change is None)
        assert list(kind.example) == [name]
        assert set(kind.example[name]) <= set(kind.parameters)

"""Bytes of audio as instants."""

from mockscribe.scenario.bytecount import ByteCount
from mockscribe.session.heard import Heard


def test_before_any_audio_nothing_has_come() -> None:
    count = ByteCount()
    assert count.at(0) == 0
    assert count.audio_us(0, 7) == 7


def test_bytes_of_pcm_are_samples() -> None:
    count = ByteCount()
    count.receive(Heard(0, 441, 44_100, 2), 1764 + 3)  # and three bytes of the next sample
    assert count.count == 1767
    assert count.at(10_000) == 1764
    assert count.at(5_000) == 884  # 220.5 samples: the 221st has begun
    assert count.audio_us(884, 0) == 221 * 1_000_000 // 44_100
    assert count.audio_us(883, 0) == 220 * 1_000_000 // 44_100


def test_a_further_stream_begins_at_a_whole_sample() -> None:
    count = ByteCount()
    count.receive(Heard(0, 100, 16_000, 1), 201)
    count.restart()
    assert count.at(6_250) == 201
    count.receive(Heard(100, 200, 16_000, 1), 200)
    assert count.at(6_250) == 201
    assert count.at(9_375) == 301
    assert count.audio_us(301, 0) == 9_375


def test_bytes_of_flac_come_with_their_event() -> None:
    count = ByteCount()
    count.receive(Heard(0, 4096, 16_000, 1), 900)
    assert count.at(1_000) == 900
    assert count.audio_us(10, 0) == 256_000

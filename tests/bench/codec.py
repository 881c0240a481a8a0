"""The event-stream codec alone: MB and frames a second, beside the other decoders in Python and what they all must do.

    python -m tests.bench.codec [--rounds 5]

Two streams: signed audio events (3,200 bytes of audio each; the envelope is decoded, not what is in it) and transcript
events (small JSON); each given in reads of 64 KiB. Every decoder is asked for each frame's headers and payload, and the
number of frames is checked. The limit is `zlib.crc32` over the same bytes, which every decoder must compute.

Beside mockscribe's decoder stand botocore's, which is in use with boto3, and smithy-python's, the one of the official
Python SDK. That needs an interpreter of its own (found or made as for the SDK's tests), which runs this same program:
the row of mockscribe is this interpreter's.

Exit status: 0; 1 when a decoder miscounted.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable

from botocore.eventstream import EventStreamBuffer

from mockscribe.wire.eventstream import Decoder
from tests.bench.body import answer, audio
from tests.bench.tables import median, number, table
from tests.integration.sdks.programs import UnavailableError
from tests.integration.sdks.python import environment

READ = 65_536
SMITHY = pathlib.Path(__file__).with_name("codec_smithy.py")

Decoding = Callable[[bytes], int]

STREAMS = {"signed audio events": (audio(1), 2_000), "transcript events": (answer(), 20_000)}
"""One frame of each stream, and how many of it make the stream."""


def ours(data: bytes) -> int:
    decoder, frames = Decoder(), 0
    for start in range(0, len(data), READ):
        decoder.feed(data[start : start + READ])
        while (frame := decoder.next_frame()) is not None:
            frames += bool(frame.headers) and len(frame.payload) > 0
    return frames


def botocores(data: bytes) -> int:
    decoder, frames = EventStreamBuffer(), 0
    for start in range(0, len(data), READ):
        decoder.add_data(data[start : start + READ])
        frames += sum(bool(message.headers) and len(message.payload) > 0 for message in decoder)
    return frames


def seconds(decoding: Decoding, data: bytes, frames: int) -> float:
    """CPU seconds for a whole stream."""
    begin = time.process_time()
    if decoding(data) != frames:
        raise ArithmeticError(f"{decoding.__name__} miscounted")
    return time.process_time() - begin


def limit(data: bytes) -> float:
    begin = time.process_time()
    for start in range(0, len(data), READ):
        zlib.crc32(data[start : start + READ])
    return time.process_time() - begin


def smithys(python: pathlib.Path, data: bytes, frames: int, rounds: int) -> list[float]:
    """The same of smithy-python's decoder, by the interpreter that has it."""
    with tempfile.NamedTemporaryFile(prefix="mockscribe-bench-") as file:
        file.write(data)
        file.flush()
        command = [str(python), str(SMITHY), file.name, str(frames), str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        return list(json.loads(done.stdout))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each decoder (default 5)")
    options = parser.parse_args(arguments)
    try:
        python = environment.python_sdk()
    except UnavailableError as error:
        print(f"smithy-python is left out: {error}")
        python = None
    for name, (frame, frames) in STREAMS.items():
        data = frame * frames
        spent: dict[str, list[float]] = {"mockscribe": [], "botocore": [], "limit: zlib.crc32": []}
        for _ in range(options.rounds):
            spent["mockscribe"].append(seconds(ours, data, frames))
            spent["botocore"].append(seconds(botocores, data, frames))
            spent["limit: zlib.crc32"].append(limit(data))
        if python is not None:
            spent["smithy-python"] = smithys(python, data, frames, options.rounds)
        fastest = median(spent["mockscribe"]) or 0.0
        rows = []
        for decoder, each in spent.items():
            took = median(each) or 1e-9
            rows.append((
                decoder, number(len(data) / 1e6 / took), number(frames / took), number(took / frames * 1e6, 2),
                number(took / fastest, 2),
            ))  # fmt: skip
        columns = ("", "MB/s", "frames/s", "us a frame", "ratio")
        table(f"decoding {frames:,} {name} of {len(frame):,} bytes, reads of 64 KiB", columns, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())

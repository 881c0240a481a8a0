"""Whether decoding costs the same for each byte, and whether a long stream costs no more memory than a short one.

    python -m tests.bench.linearity

Two tables and two gates, both ratios, so that they mean the same on every machine:

- decoding: CPU time for each MB of signed audio events, from 0.4 MB to 13 MB, given at once and in reads of 64 KiB.
  Each figure is the best of five. A MB of the largest may cost at most 1.5 times a MB of the smallest: a codec that
  copies for each frame the bytes after it costs up to 32 times as much. (botocore's decoder, given all at once, stands
  beside it as an example of that.)
- memory: the highest resident size of a server while one stream of 5, 20 and 80 MB runs, with a journal that is full
  from the start (1 MiB). The longest stream may reach at most 1.1 times what the shortest did.

Exit status: 0; 1 when a gate is missed; 2 when nghttp or /proc is missing.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from botocore.eventstream import EventStreamBuffer

from mockscribe.wire.eventstream import Decoder
from tests.bench import servers
from tests.bench.body import PATH, audio, body
from tests.bench.throughput import header_flags

DECODING_GATE = 1.5
MEMORY_GATE = 1.1
READ = 65_536  # what asyncio reads at most is 256 KiB; TLS records and clients make it less

CHUNKS = (125, 500, 1_000, 2_000, 4_000)  # of 3,200 bytes
BOTOCORE_CHUNKS = 1_000  # it gets slow
STREAMS = (5, 20, 80)  # MB; of 16 kHz mono 80 MB are 42 minutes
LARGE = 32_000  # bytes a chunk in the memory test: the largest that the service takes
JOURNAL_BYTES = 1024 * 1024


def decode(data: bytes, read: int) -> int:
    """How many frames are in `data`, given in reads of so many bytes."""
    decoder, frames = Decoder(), 0
    for start in range(0, len(data), read):
        decoder.feed(data[start : start + read])
        while decoder.next_frame() is not None:
            frames += 1
    return frames


def decode_with_botocore(data: bytes, read: int) -> int:
    decoder, frames = EventStreamBuffer(), 0
    for start in range(0, len(data), read):
        decoder.add_data(data[start : start + read])
        frames += sum(1 for _ in decoder)
    return frames


def milliseconds_a_megabyte(decoding: Callable[[bytes, int], int], chunks: int, read: int) -> float:
    data = audio(chunks)
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        frames = decoding(data, read or len(data))
        best = min(best, time.process_time() - start)
        assert frames == chunks
    return best * 1000 / (len(data) / 1_000_000)


def decoding_is_linear() -> bool:
    print(f"{'decoding, ms a MB':24}" + "".join(f"{chunks:>9}" for chunks in CHUNKS) + "   events")
    ratios = []
    for name, read in (("all at once", 0), ("reads of 64 KiB", READ)):
        costs = [milliseconds_a_megabyte(decode, chunks, read) for chunks in CHUNKS]
        ratios.append(costs[-1] / costs[0])
        print(f"  {name:22}" + "".join(f"{cost:9.2f}" for cost in costs) + f"   last : first {ratios[-1]:.2f}")
    few = [chunks for chunks in CHUNKS if chunks <= BOTOCORE_CHUNKS]
    costs = [milliseconds_a_megabyte(decode_with_botocore, chunks, 0) for chunks in few]
    print(f"  {'botocore, all at once':22}" + "".join(f"{cost:9.2f}" for cost in costs))
    return verdict("decoding", max(ratios), DECODING_GATE)


def memory_is_flat() -> bool:
    with servers.mockscribe("--journal-bytes", str(JOURNAL_BYTES)) as server:
        peak_while(server, stream_of(1))  # the first stream fills the journal and pays for what loads late
        print(f"memory of one stream{'':4}{'idle':>9}{(server.resident_bytes() or 0) / 1e6:9.1f} MB")
        peaks = []
        for megabytes in STREAMS:
            peaks.append(peak_while(server, stream_of(megabytes)))
            print(f"  {'highest while it runs':22}{megabytes:>6} MB{peaks[-1] / 1e6:9.1f} MB")
    return verdict("memory", peaks[-1] / peaks[0], MEMORY_GATE)


def stream_of(megabytes: int) -> bytes:
    return body(megabytes * 1_000_000 // LARGE, LARGE)


def peak_while(server: servers.Server, request: bytes) -> int:
    """The highest resident size of the server while it takes that request."""
    with tempfile.NamedTemporaryFile(prefix="mockscribe-bench-") as file:
        file.write(request)
        file.flush()
        command = ["nghttp", "--null-out", "--timeout=60", "-d", file.name, *header_flags(), server.url + PATH]
        client = subprocess.Popen(command)
        peak = 0
        while client.poll() is None:
            peak = max(peak, server.resident_bytes() or 0)
            time.sleep(0.005)
    if client.returncode != 0:
        sys.exit(f"nghttp ended with {client.returncode}")
    return max(peak, server.resident_bytes() or 0)


def verdict(name: str, ratio: float, gate: float) -> bool:
    print(f"{name}: ratio {ratio:.2f}, at most {gate}: {'ok' if ratio <= gate else 'MISSED'}\n")
    return ratio <= gate


def missing() -> Iterator[str]:
    if shutil.which("nghttp") is None:
        yield "nghttp (Debian: apt-get install nghttp2-client)"
    if not pathlib.Path("/proc/self/statm").exists():
        yield "/proc"


def main() -> None:
    if lacking := list(missing()):
        print(f"needs {' and '.join(lacking)}", file=sys.stderr)
        sys.exit(2)
    passed = [decoding_is_linear(), memory_is_flat()]
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()

"""Whether the cost is linear: in bytes, in frames, in sessions at once and in sessions one after the other.

    python -m tests.bench.linearity [--sessions 100 300 900]

Tables and gates, all of them ratios, so that they mean the same on every machine:

- decoding: CPU time for each MB of signed audio events, from 0.4 MB to 13 MB, given at once and in reads of 64 KiB.
  Each figure is the best of five. A MB of the largest may cost at most 1.5 times a MB of the smallest: a codec that
  copies for each frame the bytes after it costs up to 32 times as much. (botocore's decoder, given all at once, stands
  beside it as an example of that.)
- frames: the same for small transcript events, by their number.
- memory: the highest resident size of a server while one stream of 5, 20 and 80 MB runs, with a journal that is full
  from the start (1 MiB). The longest stream may reach at most 1.1 times what the shortest did.
- sessions at once: CPU time for each event, and memory for each idle session, while 100, 300 and 900 paced sessions are
  live (`live.py`). An event may cost at most 1.5 times as much with the most sessions as with the fewest (it costs less
  as long as one read brings several), an idle session's memory at most 1.5 times.
- sessions one after the other: CPU time for each of 300 whole sessions, of a server that has served none before and of
  one that remembers 3,000. The last may cost at most 1.5 times what the first did.

Exit status: 0; 1 when a gate is missed; 2 when nghttp, h2load, the load generator or /proc is missing.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence

from botocore.eventstream import EventStreamBuffer

from mockscribe.wire.eventstream import Decoder
from tests.bench import live, servers
from tests.bench.body import PATH, answer, audio, body
from tests.bench.throughput import header_flags, load, probe

DECODING_GATE = 1.5
MEMORY_GATE = 1.1
SESSIONS_GATE = 1.5
READ = 65_536  # what asyncio reads at most is 256 KiB; TLS records and clients make it less

CHUNKS = (125, 500, 1_000, 2_000, 4_000)  # of 3,200 bytes
BOTOCORE_CHUNKS = 1_000  # it gets slow
STREAMS = (5, 20, 80)  # MB; of 16 kHz mono 80 MB are 42 minutes
FRAMES = (2_000, 8_000, 32_000)  # of 296 bytes
SESSIONS = (100, 300, 900)
BATCH, BATCHES = 300, 11  # whole sessions of 100 events: 3,300
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


def best_seconds(decoding: Callable[[bytes, int], int], data: bytes, frames: int, read: int) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        found = decoding(data, read or len(data))
        best = min(best, time.process_time() - start)
        assert found == frames
    return best


def milliseconds_a_megabyte(decoding: Callable[[bytes, int], int], chunks: int, read: int) -> float:
    data = audio(chunks)
    return best_seconds(decoding, data, chunks, read) * 1000 / (len(data) / 1_000_000)


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


def frames_are_linear() -> bool:
    print(f"{'decoding, us a frame':24}" + "".join(f"{frames:>9}" for frames in FRAMES) + "   frames")
    costs = [best_seconds(decode, answer() * frames, frames, READ) / frames * 1e6 for frames in FRAMES]
    print(f"  {'reads of 64 KiB':22}" + "".join(f"{cost:9.2f}" for cost in costs))
    return verdict("frames", costs[-1] / costs[0], DECODING_GATE)


def sessions_are_linear(numbers: Sequence[int]) -> bool:
    """Both of the gates for sessions at once."""
    runs = []
    for sessions in numbers:
        wanted = live.Load(sessions=sessions, seconds=3.0, idle=0.5)
        runs.append(live.fresh(servers.OURS, False, wanted))
    events = [one.busy_cpu or 0.0 for one in runs]
    idle = [one.idle_kib or 0.0 for one in runs]
    print(f"{'sessions at once':24}" + "".join(f"{sessions:>9}" for sessions in numbers) + "   sessions")
    print(f"  {'CPU us an event':22}" + "".join(f"{cost:9.1f}" for cost in events))
    print(f"  {'idle KiB a session':22}" + "".join(f"{cost:9.1f}" for cost in idle))
    passed = verdict("an event of many sessions", events[-1] / events[0], SESSIONS_GATE)
    return verdict("memory of many sessions", idle[-1] / idle[0], SESSIONS_GATE) and passed


def history_is_free() -> bool:
    """The gate for sessions one after the other."""
    with servers.mockscribe() as server, tempfile.NamedTemporaryFile(prefix="mockscribe-bench-") as file:
        request = pathlib.Path(file.name)
        request.write_bytes(body())
        size = probe(server, request)
        load(server, request, size, "8x1", BATCH)  # fills the journal, and pays for what loads late
        costs = [load(server, request, size, "8x1", BATCH).cpu_milliseconds or 0.0 for _ in range(BATCHES)]
    print("sessions one after the other: CPU ms a session, in batches of 300")
    print("  " + "".join(f"{cost:7.2f}" for cost in costs))
    return verdict("sessions after thousands", min(costs[-3:]) / min(costs[:3]), SESSIONS_GATE)


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
    if shutil.which("nghttp") is None or shutil.which("h2load") is None:
        yield "nghttp and h2load (Debian: apt-get install nghttp2-client)"
    if why := servers.missing(servers.ECHO):
        yield f"the load generator ({why})"
    if not pathlib.Path("/proc/self/statm").exists():
        yield "/proc"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=SESSIONS, help="at once (default 100 300 900)")
    options = parser.parse_args(arguments)
    if lacking := list(missing()):
        print(f"needs {' and '.join(lacking)}", file=sys.stderr)
        return 2
    passed = [
        decoding_is_linear(), frames_are_linear(), memory_is_flat(), sessions_are_linear(sorted(options.sessions)),
        history_is_free(),
    ]  # fmt: skip
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())

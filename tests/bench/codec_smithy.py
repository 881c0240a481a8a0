"""CPU seconds of smithy-python's event-stream decoder, for `codec.py`; run by the interpreter that has it.

    python codec_smithy.py FILE FRAMES ROUNDS

It reads from a file object, so that all of the stream is there when a frame is asked for: nothing is fed in pieces.
"""

import io
import json
import pathlib
import sys
import time

from smithy_aws_event_stream.events import Event


def decode(data: bytes) -> int:
    source, frames = io.BytesIO(data), 0
    while (event := Event.decode(source)) is not None:
        frames += bool(event.message.headers) and len(event.message.payload) > 0
    return frames


def main() -> None:
    data, frames, rounds = pathlib.Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), int(sys.argv[3])
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        if decode(data) != frames:
            sys.exit("miscounted")
        spent.append(time.process_time() - begin)
    print(json.dumps(spent))


main()

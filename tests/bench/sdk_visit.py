"""One visit by the official Python SDK, timed once its imports are done. Run by the interpreter that has the SDK.

    python sdk_visit.py CLIENT_PY ENDPOINT_URL CLIENT_OPTIONS…

Prints the report of `client.py`, then a line of JSON: `seconds` from connecting to the last event.
"""

import asyncio
import importlib
import json
import pathlib
import sys
import time


def main() -> None:
    path = pathlib.Path(sys.argv[1])
    sys.path.insert(0, str(path.parent))  # with what it imports
    client = importlib.import_module(path.stem)
    options = client.arguments().parse_args(sys.argv[2:])
    if options.audio is not None:
        options.audio.read_bytes()  # in memory, so that no disk takes part
    begin = time.monotonic()
    asyncio.run(client.main(options))
    print(json.dumps({"seconds": time.monotonic() - begin}))


main()

"""One visit by the official Python SDK, timed once its imports are done. Run by the interpreter that has the SDK.

    python sdk_visit.py CLIENT_PY ENDPOINT_URL CLIENT_OPTIONS…

Prints the report of `client.py`, then a line of JSON: `seconds` from connecting to the last event.
"""

import asyncio
import importlib.util
import json
import sys
import time


def main() -> None:
    spec = importlib.util.spec_from_file_location("client", sys.argv[1])
    assert spec is not None
    assert spec.loader is not None
    client = importlib.util.module_from_spec(spec)
    sys.modules["client"] = client
    spec.loader.exec_module(client)
    options = client.arguments().parse_args(sys.argv[2:])
    if options.audio is not None:
        options.audio.read_bytes()  # in memory, so that no disk takes part
    begin = time.monotonic()
    asyncio.run(client.main(options))
    print(json.dumps({"seconds": time.monotonic() - begin}))


main()

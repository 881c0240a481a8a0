"""A streaming client of StartMedicalScribeListeningSession, as small as the protocol allows.

    core.py           the operation without IO: events in, bytes out, and the other way round
    blocking.py       its synchronous face, which paces a recording: `listen(…).run(configuration, chunks)`
    asynchronous.py   its asyncio face: `(await listen(…)).run(events)`
    duplex.py         the exchange below it both ways at once, the input in a thread: for `mockscribe.boto3`

Imports `wire` and `errors` only, and nothing of the server imports it.
"""

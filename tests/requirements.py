"""What a test needs that a machine may lack: skip with the reason, or fail where its presence was promised.

The environment variable MOCKSCRIBE_REQUIRE lists, separated by commas, what must be there (`python-sdk,h2load`): a
promised thing that is missing fails the test instead of skipping it, so that a CI that installs everything cannot pass
by testing nothing.
"""

from __future__ import annotations

import os

import pytest

VARIABLE = "MOCKSCRIBE_REQUIRE"

KNOWN = frozenset(
    {"python-sdk", "javascript-sdk", "java-sdk", "rust-sdk", "go-sdk"}
    | {"cc", "curl", "espeak-ng", "flac", "h2load", "h2spec", "image", "mypy", "openssl", "pypi"}
)
"""Every name a test may ask for; a misspelt promise would be kept by nobody."""


def require(name: str, available: bool, reason: str) -> None:
    """Skip the running test with `reason` unless `available`; fail it when MOCKSCRIBE_REQUIRE names `name`."""
    promised = {item.strip() for item in os.environ.get(VARIABLE, "").split(",")} - {""}
    if unknown := (promised | {name}) - KNOWN:
        pytest.fail(f"{', '.join(sorted(unknown))}: not a name that {VARIABLE} knows ({', '.join(sorted(KNOWN))})")
    if available:
        return
    if name in promised:
        pytest.fail(f"{VARIABLE} promises {name}, but: {reason}")
    pytest.skip(f"needs {name}: {reason}")

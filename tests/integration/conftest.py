"""What the tests of all SDKs share: assertions that tell as much as those in a test, and a note of which SDK it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

pytest.register_assert_rewrite("tests.integration.sdks.checks")


@pytest.fixture(autouse=True)
def _sdk_seen(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Notes the SDK that a test drove, for the fidelity report."""
    from tests.integration.sdks import programs

    programs.SEEN.clear()
    yield
    if programs.SEEN:
        record_property("sdk", programs.SEEN[0])

"""Assertions that the tests share tell as much about a failure as those that stand in a test."""

import pytest

pytest.register_assert_rewrite("tests.integration.sdks.checks")

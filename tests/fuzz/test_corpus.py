"""What the fuzzer has found worth keeping, replayed without it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import codec, connection

CORPUS = Path(__file__).parent / "corpus"
TARGETS: dict[str, Callable[[bytes], None]] = {"codec": codec.check, "connection": connection.check}


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_is_replayed(target: str) -> None:
    inputs = sorted((CORPUS / target).iterdir())
    assert inputs
    for each in inputs:
        try:
            TARGETS[target](each.read_bytes())
        except BaseException as error:
            error.add_note(f"{target}: {each.name}")
            raise

"""Fuzz a target for some seconds; see the package."""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

TARGETS = ("codec", "connection")
CORPUS = Path(__file__).parent / "corpus"
KEPT = 60
"""Inputs that a run may add, evenly from its first to its last; own choice: replayed in a second."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("seconds", type=int)
    parser.add_argument("--keep", action="store_true", help="put some of what reached more into the corpus")
    arguments = parser.parse_args()
    own = CORPUS / arguments.target
    with tempfile.TemporaryDirectory() as found:
        if (child := os.fork()) == 0:
            limits = [f"-max_total_time={arguments.seconds}", "-max_len=2000", "-timeout=20", "-rss_limit_mb=2048"]
            fuzz(arguments.target, [*limits, found, str(own)])
        _, status = os.waitpid(child, 0)
        if arguments.keep:
            inputs = sorted(Path(found).iterdir(), key=lambda each: each.stat().st_mtime_ns)
            for each in inputs[:: -(-len(inputs) // KEPT) or 1]:
                shutil.copy(each, own)
    sys.exit(os.waitstatus_to_exitcode(status))


def fuzz(target: str, arguments: list[str]) -> None:
    """Never returns."""
    import atheris  # type: ignore[import-not-found, unused-ignore]  # wheels for Linux only

    with atheris.instrument_imports(include=["mockscribe", "h2", "h11", "hpack"]):
        module = importlib.import_module(f"tests.fuzz.{target}")
    atheris.Setup([sys.argv[0], *arguments], module.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""The code that `mockscribe env SDK` shows: cut out of the clients that the tests build, so that it is tested.

`python -m tests.snippets` writes `mockscribe/snippets/*.txt` anew; a test fails when they differ. What stands between
the markers `mockscribe env: begin` and `mockscribe env: end` is the snippet. A line `// import …` in it becomes an
import: of the generated client, in whose place a client of the tests has a thin one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SDKS = ROOT / "tests" / "integration" / "sdks"
SNIPPETS = ROOT / "mockscribe" / "snippets"

SOURCES = {
    "python": SDKS / "python" / "connect.py",
    "boto3": SDKS / "python" / "boto3_connect.py",
    "java": SDKS / "java" / "src" / "main" / "java" / "client" / "Connect.java",
    "go": SDKS / "go" / "connect.go",
    "rust": SDKS / "rust" / "connect.rs",
    "javascript": SDKS / "javascript" / "connect.mjs",
}

_MARKED = re.compile(r"^\S+ mockscribe env: begin\n(.*?)^\S+ mockscribe env: end$", re.DOTALL | re.MULTILINE)


def snippet(sdk: str) -> str:
    """The snippet as the package has it."""
    (found,) = _MARKED.findall(SOURCES[sdk].read_text(encoding="utf-8"))
    return re.sub(r"^// import ", "import ", found, flags=re.MULTILINE).strip() + "\n"


if __name__ == "__main__":
    for sdk in SOURCES:
        path = SNIPPETS / f"{sdk}.txt"
        before = path.read_text(encoding="utf-8") if path.exists() else None
        path.write_text(snippet(sdk), encoding="utf-8")
        print(f"{path.name}: {'as it was' if before == snippet(sdk) else 'written anew'}", file=sys.stderr)

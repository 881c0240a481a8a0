"""What users install: that nothing of it has to be compiled."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.requirements import require

ROOT = Path(__file__).parents[2]
RESOLVE_SECONDS = 300


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_every_dependency_is_a_wheel_for(architecture: str) -> None:
    """What nothing has to be compiled for: pip finds a wheel for each, with CPython 3.13 on glibc."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["s3"]]
    platforms = [f"--platform=manylinux{tag}_{architecture}" for tag in ("2014", "_2_28")]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report=-"),
            *("--only-binary=:all:", "--python-version=3.13", "--implementation=cp", "--target=unused", *platforms),
            *("--retries=1", "--no-input", *wanted),
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=RESOLVE_SECONDS,
    )  # fmt: skip
    told = done.stderr.strip()[-500:]
    require("pypi", "connection" not in told.lower(), f"pip cannot get anything: {told}")
    assert done.returncode == 0, told
    files = [each["download_info"]["url"].rpartition("/")[2] for each in json.loads(done.stdout)["install"]]
    assert len(files) > len(wanted)
    binary = [file for file in files if not file.endswith("-none-any.whl")]
    assert {file.partition("-")[0].lower() for file in binary} >= {"cryptography", "cffi", "msgspec", "pyyaml"}
    assert [
        file for file in binary if f"manylinux2014_{architecture}" not in file and f"_{architecture}" not in file
    ] == []

"""What users install: an sdist, a wheel for every machine, and compiled ones. They hold all that is needed, and who
installs them compiles nothing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from mockscribe import __version__
from tests.integration.test_readme import check_pypi, clean_copy
from tests.requirements import require

ROOT = Path(__file__).parents[2]
INSTALL_SECONDS = 300


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python -m build` makes of the tracked files: the sdist, and the wheel out of the sdist."""
    folder = tmp_path_factory.mktemp("release")
    check_pypi(folder / "pip")
    clone = clean_copy(folder / "clone")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(clone)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "dist"


@pytest.fixture(scope="module", params=["pure", "compiled"])
def wheel(request: pytest.FixtureRequest, dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel for every machine, or what the sdist becomes where the hot modules are compiled."""
    folder = dist
    if request.param == "compiled":
        require("cc", shutil.which("cc") is not None, "no C compiler on the PATH")
        folder = tmp_path_factory.mktemp("compiled")
        (sdist,) = dist.glob("*.tar.gz")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, sdist],
            env={**os.environ, "HATCH_BUILD_HOOKS_ENABLE": "1"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    assert compiled(wheel) == (request.param == "compiled"), wheel.name
    return wheel


def compiled(wheel: Path) -> bool:
    """What its name tells."""
    return not wheel.name.endswith("-py3-none-any.whl")


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheel and what it asks for, and nothing else."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    done = subprocess.run(
        [home / "bin" / "python", "-m", "pip", "install", "-q", wheel],
        capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home / "bin" / "python"


def run(python: Path, folder: Path, *arguments: str) -> str:
    """What a command says where the checkout is out of reach."""
    done = subprocess.run(
        [python.parent / "mockscribe", *arguments], cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def built_from(dist: Path, *folders: str) -> set[str]:
    """The files of the clone that was built."""
    clone = dist.parent / "clone"
    return {str(path.relative_to(clone)) for each in folders for path in (clone / each).rglob("*") if path.is_file()}


def test_the_wheel_holds_the_package_and_its_licence_and_nothing_else(wheel: Path, dist: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        metadata = Parser().parsestr(file.read(f"mockscribe-{__version__}.dist-info/METADATA").decode())
        licence = file.read(f"mockscribe-{__version__}.dist-info/licenses/LICENSE").decode()
    binary = {name for name in names if name.endswith(".so")}
    assert {name for name in names - binary if ".dist-info/" not in name} == built_from(dist, "mockscribe")
    assert "mockscribe/py.typed" in names
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_payload().startswith("# mockscribe")
    assert "Apache License" in licence


def test_the_compiled_wheel_holds_machine_code_of_the_listed_modules_beside_their_sources(wheel: Path) -> None:
    hooks = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    modules = set(hooks["targets"]["wheel"]["hooks"]["mypyc"]["include"]) if compiled(wheel) else set()
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if name.endswith(".so")}
    assert {re.sub(r"\.[^/]*$", ".py", name) for name in names if "__mypyc." not in name} == modules
    assert len([name for name in names if "__mypyc." in name]) == compiled(wheel)  # what they have in common


def test_the_sdist_holds_what_the_tests_need(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "Dockerfile", "docker-compose.yml"} <= names
    assert built_from(dist, "mockscribe", "tests", "fixtures") <= names


def test_installed_it_runs_the_demo_and_finds_its_data(python: Path, wheel: Path, tmp_path: Path) -> None:
    answer = "yes" if compiled(wheel) else "no"
    assert run(python, tmp_path, "--version") == f"mockscribe {__version__} (compiled: {answer})\n"
    said = [step["say"] for step in yaml.safe_load((ROOT / "mockscribe/demo_data/visit.yaml").read_text())["steps"]]
    transcript = run(python, tmp_path, "demo", "--speed", "fast")
    assert all(line in transcript for line in said)
    assert "connecthealth" in run(python, tmp_path, "env", "java")
    assert json.loads(run(python, tmp_path, "schema"))["$schema"]


def test_installed_it_has_types_for_a_checker(python: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from mockscribe import Mockscribe\nwith Mockscribe() as mock:\n    reveal_type(mock.https_url)\n"
    )
    found = subprocess.run([sys.executable, "-m", "mypy", "--version"], capture_output=True, check=False)
    require("mypy", found.returncode == 0, "mypy, of the extra dev, is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", os.devnull, program],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
    )  # fmt: skip
    assert re.search(r"Revealed type is \"(builtins\.)?str\"", done.stdout), done.stdout
    assert done.returncode == 0, done.stdout


def test_the_version_stands_in_one_place_and_the_image_agrees() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in project
    found = re.search(r"^ARG VERSION=(.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == __version__


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
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
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

"""The command line as a whole: what it costs, what it completes, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mockscribe import __version__, connection
from mockscribe.cli import COMMANDS

SLOW = ("cryptography", "starlette", "uvicorn", "h2", "rich", "yaml", "asyncio", "boto3", "pytest")
"""What a command must not load that does not use it (design 6)."""


def run(
    *arguments: str, text: str = "", folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "mockscribe", *arguments],
        env=os.environ | variables, input=text, capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip


def loaded(program: str) -> set[str]:
    """The top-level modules that are loaded after a program, in a process of its own."""
    report = "import sys; print('modules', *{name.partition('.')[0] for name in sys.modules})"
    program = f"try:\n    {program}\nexcept SystemExit:\n    pass\n{report}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_help_and_the_package_load_nothing_that_is_slow() -> None:
    for program in (
        "import sys; sys.argv = ['mockscribe', '--help']; from mockscribe.cli import main; main()",
        "import mockscribe",
    ):
        assert loaded(program) & set(SLOW) == set()


@pytest.mark.parametrize("arguments", [["schema"], ["healthcheck", "--help"], ["ca", "--help"]])
def test_a_small_command_loads_neither_the_server_nor_its_certificates(arguments: list[str]) -> None:
    program = f"import sys; sys.argv = ['mockscribe', *{arguments!r}]; from mockscribe.cli import main; main()"
    assert loaded(program) & {"cryptography", "starlette", "uvicorn", "h2", "asyncio"} == set()


def test_the_version_is_the_packages_and_tells_whether_it_is_compiled() -> None:
    compiled = "no" if connection.__file__.endswith(".py") else "yes"
    for flag in ("-V", "--version"):
        assert run(flag).stdout == f"mockscribe {__version__} (compiled: {compiled})\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: python -m mockscribe {name}" in done.stdout
    assert re.search(rf"mockscribe {name}\b", done.stdout.split("\n", 1)[1])


def test_the_help_lists_every_command() -> None:
    listed = run("--help").stdout
    for name, about in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(about[:30])}", listed, re.MULTILINE)


# ---- completion


def complete(*words: str) -> list[str]:
    """What bash is offered for the last word."""
    variables = {"COMP_WORDS": " ".join(("mockscribe", *words)), "COMP_CWORD": str(len(words))}
    program = "import sys; sys.argv[0] = 'mockscribe'; from mockscribe.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | variables | {"_MOCKSCRIBE_COMPLETE": "bash_complete"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_flags_and_choices_are_completed() -> None:
    assert complete("sc") == ["schema"]
    assert set(COMMANDS) <= set(complete(""))
    assert "--scenario" in complete("serve", "--sc")
    assert complete("serve", "--echo", "") == ["audio", "context"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script(shell: str) -> None:
    program = "import sys; sys.argv[0] = 'mockscribe'; from mockscribe.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"_MOCKSCRIBE_COMPLETE": f"{shell}_source"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert f"_MOCKSCRIBE_COMPLETE={shell}_complete" in done.stdout


# ---- ends


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["servee"], "mockscribe: there is no command 'servee'; did you mean serve?"),
        (["zzz"], "mockscribe: there is no command 'zzz'; `mockscribe --help` lists them"),
        (["--zzz"], "mockscribe: there is no option --zzz; see `mockscribe --help`"),
        (["serve", "--prot", "1"], "mockscribe serve: there is no option --prot; did you mean --port or --host?"),
        (["serve", "--zzz"], "mockscribe serve: there is no option --zzz; see `mockscribe serve --help`"),
        (["serve", "--echo", "loud"], "mockscribe serve: --echo: 'loud' is no choice; choose one of audio, context"),
        (["serve", "--port"], "mockscribe serve: option '--port' requires an argument; see `mockscribe serve --help`"),
        (
            ["verify", "--json=3"],
            "mockscribe verify: option '--json' does not take a value; see `mockscribe verify --help`",
        ),
        (["check"], "mockscribe check: PATH... is missing; see `mockscribe check --help`"),
        (
            ["env"],
            "mockscribe env: SDK is missing; choose one of python, boto3, java, go, rust, javascript, kotlin, cli",
        ),
        (
            ["env", "perl"],
            "mockscribe env: SDK: 'perl' is no choice; "
            "choose one of python, boto3, java, go, rust, javascript, kotlin, cli",
        ),
        (["ca", "--export", "gif", "x"], "mockscribe ca: --export: 'gif' is no choice; choose one of pem, p12, jks"),
        (["schema", "more"], "mockscribe schema: got unexpected extra argument (more); see `mockscribe schema --help`"),
        (
            ["decode", "none.bin"],
            "mockscribe decode: FILE: File 'none.bin' does not exist; see `mockscribe decode --help`",
        ),
    ],
)
def test_what_click_refuses_is_one_line_and_ends_with_2(arguments: list[str], line: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{line}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_says_more_than_one_line_of_a_wrong_option(name: str) -> None:
    done = run(name, "--zzz")
    told = f"mockscribe {name}: there is no option --zzz; "
    assert (done.returncode, done.stdout, done.stderr.startswith(told), done.stderr.count("\n")) == (2, "", True, 1)


def test_without_a_command_there_is_help() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")
    assert "Commands:" in done.stderr


def test_a_wrong_configuration_ends_with_2_and_one_line(tmp_path: Path) -> None:
    done = run("healthcheck", "--endpoints-file", "none.json", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mockscribe: none.json: does not exist")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_leaves_is_told_of_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "mockscribe", "schema"], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_interrupt_ends_with_130() -> None:
    command = [sys.executable, "-m", "mockscribe", "decode", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(bytes.fromhex("000000100000000005c248eb7d98c8ff"))  # an empty message
        process.stdin.flush()
        assert process.stdout.readline()  # it is at work, and waits for more
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read().strip()) == (130, b"")

"""The command line as a whole: what it costs, what it completes, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mockscribe import __version__
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


def test_the_version_is_the_packages() -> None:
    for flag in ("-V", "--version"):
        assert run(flag).stdout == f"mockscribe {__version__}\n"


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


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    done = run("servee")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "Error: There is no command 'servee'. Did you mean serve?"


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["serve", "--prot", "1"], "Error: No such option '--prot'. (Did you mean one of: '--host', '--port'?)"),
        (["check"], "Error: Missing argument 'PATH...'."),
        (
            ["ca", "--export", "gif", "x"],
            "Error: Invalid value for '--export': 'gif' is not one of 'pem', 'p12', 'jks'.",
        ),
        (["schema", "more"], "Error: Got unexpected extra argument (more)"),
    ],
)
def test_what_click_refuses_ends_with_2(arguments: list[str], last: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == last


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

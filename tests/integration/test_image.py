"""The image, built and run for real: what it is made of, that it needs nothing to write to, and how it starts and ends.

`tests/image.py` says by which commands.
"""

import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from mockscribe import __version__
from tests import image
from tests.clients import HEALTH, Http2Client, request_headers, trusting
from tests.serving import PATIENCE
from tests.wire import EMPTY_FRAME, END_OF_SESSION, audio, configuration, envelope, silence

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RECORDING = ROOT / "fixtures" / "recordings" / "visit-stereo.flac"

OWN_MB = 60
"""What mockscribe adds to its base at most; 50 MB when this was written, of which botocore is the half."""

SECONDS_TO_END = 5.0
"""Within a second of SIGTERM is what is promised; on a busy machine a runner takes its own time to come down."""

WRITABLE = """
import os
for folder, folders, files in os.walk("/"):
    folders[:] = [each for each in folders if (folder, each) not in (("/", "proc"), ("/", "sys"), ("/", "dev"))]
    if os.access(folder, os.W_OK):
        print(folder)
"""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    image.build()


@pytest.fixture
def nothing_to_write(tmp_path: Path) -> list[str]:
    """Read-only volumes in place of what anybody may write to; the rest belongs to root, and Docker runs read-only."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    return [f"{nothing}:{place}:ro" for place in ("/tmp", "/var/tmp", "/run/lock", "/cache")]


def fetched(url: str, context: ssl.SSLContext | None = None) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE, context=context) as answer:
        body: bytes = answer.read()
        return body


def ca_of(container: image.Container, folder: Path) -> Path:
    """The CA, fetched as a client's host would."""
    path = folder / "ca.pem"
    path.write_bytes(fetched(f"http://localhost:{container.port}/_mockscribe/ca.pem"))
    return path


# ---- what it is made of


def test_it_says_what_it_is_and_runs_as_a_user_by_number() -> None:
    config = image.config()
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", config["User"])
    assert config["Entrypoint"] == ["mockscribe"]
    assert config["Cmd"] == ["serve"]
    assert set(config["ExposedPorts"]) == {"8080/tcp", "8081/tcp"}
    labels = {name.rpartition(".")[2]: text for name, text in config["Labels"].items() if "opencontainers" in name}
    assert {"title": "mockscribe", "licenses": "Apache-2.0", "version": __version__}.items() <= labels.items()
    assert labels["description"]
    assert image.run("id", "-u").strip() == config["User"].partition(":")[0]


def test_its_health_is_asked_soon_and_by_its_own_command() -> None:
    assert re.search(
        r'^HEALTHCHECK .*--start-interval=500ms.* \\\n  CMD \["mockscribe", "healthcheck"\]$', DOCKERFILE, re.M
    )


def test_it_is_compiled_and_has_no_compiler_and_no_pip_of_its_own() -> None:
    tools = "import shutil; print([each for each in ('cc', 'gcc', 'g++', 'clang', 'rustc') if shutil.which(each)])"
    assert image.run("python3", "-c", tools).strip() == "[]"
    assert "pip" not in image.run("ls", "/opt/mockscribe/bin").split()
    assert image.run("mockscribe", "--version") == f"mockscribe {__version__} (compiled: yes)\n"


def test_it_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    kilobytes = int(image.run("du", "-sk", "--apparent-size", "/opt/mockscribe").split()[0])
    with capsys.disabled():
        print(f"\nimage: {kilobytes / 1024:.1f} MiB of its own in {image.layers()} layers, those of the base included")
    assert kilobytes < OWN_MB * 1000


# ---- how it runs


def test_it_serves_with_nowhere_to_write(nothing_to_write: list[str], tmp_path: Path) -> None:
    assert image.run("python3", "-c", WRITABLE, volumes=nothing_to_write) == ""
    with image.container(volumes=nothing_to_write) as container:
        plain = fetched(f"http://localhost:{container.port}{HEALTH}")
        ca = ca_of(container, tmp_path)
        assert fetched(f"https://localhost:{container.port}{HEALTH}", trusting(ca)) == plain
        assert json.loads(plain)["status"] == "running"
        port, control = str(container.port), str(container.control_port)
        health = image.run(
            "mockscribe", "healthcheck", volumes=nothing_to_write, MOCKSCRIBE_PORT=port, MOCKSCRIBE_CONTROL_PORT=control
        )
        assert json.loads(health) == json.loads(plain)


def test_a_visit_is_streamed_through_it(tmp_path: Path) -> None:
    scenarios = ROOT / "mockscribe" / "demo_data"
    with image.container(
        volumes=[f"{scenarios}:/scenarios:ro"], MOCKSCRIBE_SCENARIO="/scenarios/visit.yaml"
    ) as container:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mockscribe", "stream", str(scenarios / "visit.flac"), "--speed", "fast"),
                *("--endpoint-url", f"https://localhost:{container.port}", "--ca-bundle", ca_of(container, tmp_path)),
            ],
            capture_output=True, text=True, check=False, timeout=PATIENCE, env=plain(tmp_path),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert "Good morning! How has your knee been since the surgery?" in lines[0]


def test_its_ca_can_be_kept_on_a_volume(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)  # the image's user is nobody here
    served = []
    for _ in range(2):
        with image.container(volumes=[f"{cache}:/cache"]) as container:
            served.append(fetched(f"http://localhost:{container.port}/_mockscribe/ca.pem"))
    assert served[0] == served[1] == (cache / "mockscribe" / "ca.pem").read_bytes()


def test_a_new_volume_belongs_to_its_user() -> None:
    """An engine gives a new volume the owner that its place has in the image."""
    assert image.run("stat", "-c", "%u:%g", "/cache").strip() == image.config()["User"]


def test_it_ends_at_once_when_no_stream_is_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        image.container(MOCKSCRIBE_GRACE="10m") as container,
        Http2Client(container.port, trusting(ca_of(container, tmp_path), "h2")),  # idle: keeps nobody waiting
    ):
        started = time.monotonic()
        container.terminate()
        assert container.wait() == 0
        seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\nimage: ended {seconds:.2f} s after SIGTERM")
    assert seconds < SECONDS_TO_END


def test_a_running_stream_may_finish_after_sigterm(tmp_path: Path) -> None:
    with (
        image.container(MOCKSCRIBE_GRACE="10m") as container,
        Http2Client(container.port, trusting(ca_of(container, tmp_path), "h2")) as client,
    ):
        answer = client.answers[stream := client.open(request_headers())]
        client.send(stream, *map(envelope, (configuration(), audio(silence(0.5)))))
        client.until(lambda: answer.status == 200)
        container.terminate()
        client.until(lambda: bool(client.goaways))  # it goes, and this stream may still be ended properly
        client.send(stream, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
        client.until(lambda: answer.ended)
        assert answer.exception is None
        assert container.wait() == 0


def test_a_stream_that_goes_on_is_ended_with_an_exception_after_the_grace(tmp_path: Path) -> None:
    with (
        image.container(MOCKSCRIBE_GRACE="300ms") as container,
        Http2Client(container.port, trusting(ca_of(container, tmp_path), "h2")) as client,
    ):
        answer = client.answers[stream := client.open(request_headers())]
        client.send(stream, *map(envelope, (configuration(), audio(silence(0.5)))))
        client.until(lambda: answer.status == 200)
        container.terminate()
        client.until(lambda: answer.ended)
        assert answer.exception == ("internalFailureException", "The server is shutting down.")
        assert container.wait() == 0


def plain(folder: Path) -> dict[str, str]:
    """Nobody's profile takes part."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOCKSCRIBE_"))}
    return kept | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder)}

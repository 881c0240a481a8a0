"""docker-compose.yml: what it says can be done, and its services' own commands, run here with its names translated."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

from tests.serving import PATIENCE, serving

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def here(service: str, text: str, places: dict[str, str]) -> str:
    """A word of a command with the service's folders and the other services' addresses as they are here."""
    for volume in SERVICES[service].get("volumes", []):
        source, target = volume.split(":")[:2]
        if source.startswith("./"):
            text = re.sub(rf"^{target}(?=/|$)", str(ROOT / source), text)
    for name, place in places.items():
        text = text.replace(name, place)
    return text


def test_the_file_is_one_that_compose_takes() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("needs docker compose")
    done = subprocess.run(
        [docker, "compose", "-f", str(FILE), "config", "-q"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_services_wait_for_services_that_are_there_and_can_be_waited_for() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name, service in SERVICES.items():
        waits = service.get("depends_on", {})
        assert set(waits) <= SERVICES.keys() - {name}
        for other in waits if isinstance(waits, dict) else ():
            healthy = waits[other]["condition"] == "service_healthy"
            assert not healthy or (SERVICES[other]["image"] == "mockscribe" and "\nHEALTHCHECK " in dockerfile)
    assert SERVICES["client"]["depends_on"]["mockscribe"] == {"condition": "service_healthy"}


def test_what_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (ROOT / source).is_dir() if source.startswith("./") else source in COMPOSE["volumes"]


def test_the_client_is_served_and_its_note_is_in_s3(tmp_path: Path) -> None:
    """Each service's command in turn, as compose would start them."""
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    try:
        host, port = s3.get_host_and_port()
        places = {"http://s3:5000": f"http://{host}:{port}", "/cache": str(tmp_path)}
        bucket = SERVICES["bucket"]
        subprocess.run(
            [sys.executable, *bucket["entrypoint"][1:], *(here("bucket", word, places) for word in bucket["command"])],
            env={"PATH": os.environ["PATH"], **bucket["environment"]}, check=True, timeout=PATIENCE,
        )  # fmt: skip
        command, *flags = (here("mockscribe", word, places) for word in SERVICES["mockscribe"]["command"])
        assert command == "serve"
        with serving(tmp_path, *flags) as served:
            places |= {"https://mockscribe:8080": f"https://localhost:{served.port}"}
            client = [here("client", word, places) for word in SERVICES["client"]["command"]]
            done = subprocess.run(
                [sys.executable, "-m", "mockscribe", *client, "--speed", "fast"], env={"PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
            assert len(done.stdout.splitlines()) == 5
            store = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **KEYS)
            deadline = time.monotonic() + PATIENCE
            while not store.list_objects_v2(Bucket="mockscribe")["KeyCount"]:
                assert time.monotonic() < deadline, served.stderr.all
            store.close()
    finally:
        s3.stop()

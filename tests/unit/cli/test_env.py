"""`mockscribe env SDK`: lines that a shell takes, code with the call that uses it, and whose address they name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockscribe.cli.env import SDKS, env

ENDPOINTS = {"http": "http://localhost:4242", "https": "https://localhost:4242", "ca": "/some where/ca.pem", "pid": 1}


@pytest.fixture
def endpoints(tmp_path: Path) -> str:
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps(ENDPOINTS), encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(env, arguments, standalone_mode=False)


@pytest.mark.parametrize("sdk", SDKS)
def test_the_running_servers_address_and_ca_are_named(sdk: str, endpoints: str) -> None:
    done = run(sdk, "--endpoints-file", endpoints)
    assert (done.return_value, done.stderr) == (0, "")
    assert ENDPOINTS["https"] in done.stdout
    if sdk not in ("javascript", "kotlin"):  # whose code takes no CA
        assert str(ENDPOINTS["ca"]) in done.stdout
    assert "Prefix of the host" in done.stdout


@pytest.mark.parametrize("sdk", SDKS)
def test_the_lines_for_the_shell_can_be_evaluated(sdk: str, endpoints: str) -> None:
    lines = run(sdk, "--endpoints-file", endpoints, "--part", "shell").stdout
    quiet = "mockscribe() { :; }\n"  # kotlin's lines export a trust store by it
    show = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    told = subprocess.check_output(["bash", "-euc", f"{quiet}{lines}\n{show}"], env={"PATH": os.environ["PATH"]})
    variables = json.loads(told)
    assert variables["AWS_ACCESS_KEY_ID"] == variables["AWS_SECRET_ACCESS_KEY"] == "test"
    for name, text in SDKS[sdk].variables.items():
        ca = str(ENDPOINTS["ca"])
        assert variables[name] == text.format(endpoint=ENDPOINTS["https"], ca=ca, p12=ca.replace(".pem", ".p12"))


def test_everything_for_the_cli_can_be_evaluated(endpoints: str) -> None:
    lines = run("cli", "--endpoints-file", endpoints).stdout
    show = 'echo "$AWS_ENDPOINT_URL_CONNECTHEALTH"'
    told = subprocess.check_output(["bash", "-euc", f"{lines}\n{show}"], text=True)
    assert told == f"{ENDPOINTS['https']}\n"


def test_python_code_is_python(endpoints: str) -> None:
    for sdk in ("python", "boto3"):
        compile(run(sdk, "--endpoints-file", endpoints, "--part", "code").stdout, sdk, "exec")


def test_flags_win_over_the_endpoints_file(endpoints: str) -> None:
    given = ("--endpoint-url", "https://mock:8080", "--ca-file", "ca.pem")
    out = run("go", "--endpoints-file", endpoints, *given).stdout
    assert 'connect("https://mock:8080", "ca.pem")' in out
    assert "4242" not in out


def test_without_a_server_it_is_what_serve_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    out = run("rust").stdout
    assert '"https://localhost:8080"' in out
    assert f"SSL_CERT_FILE={tmp_path}" in out


def test_an_endpoints_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "does not exist" in str(run("go", "--endpoints-file", str(tmp_path / "none")).exception)

"""h2spec, the conformance tester for HTTP/2 servers, against a running mockscribe: every case, the strict ones too."""

import pathlib
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import pytest

from mockscribe import Mockscribe
from tests.requirements import require

CASES = 146
"""How many h2spec 2.6 has with `-S`: a run that skipped some proves less than it says."""

TIMEOUT = 120  # seconds for all; a case that fails waits two


@pytest.fixture(scope="module")
def h2spec() -> str:
    found = shutil.which("h2spec") or shutil.which("h2spec", path=pathlib.Path(sys.prefix) / "tools")
    require("h2spec", found is not None, "no h2spec on the PATH (https://github.com/summerwind/h2spec/releases)")
    assert found is not None
    return found


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_every_case_of_h2spec_passes(h2spec: str, tls: bool, tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.xml"
    with Mockscribe() as mock:
        port = urllib.parse.urlsplit(mock.http_url).port
        command = [h2spec, "-h", "127.0.0.1", "-p", str(port), "-S", "-P", "/_mockscribe/health", "-j", str(report)]
        if tls:
            command += ["-t", "-k"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT)
        with urllib.request.urlopen(f"{mock.http_url}/_mockscribe/health", timeout=TIMEOUT) as answer:
            assert answer.status == 200  # and it is still there
    assert report.exists(), run.stdout
    cases = ElementTree.parse(report).getroot().findall("./testsuite/testcase")
    not_passed = [f"{case.get('package')}: {case.get('classname')}" for case in cases if len(case)]
    assert not_passed == []
    assert len(cases) == CASES
    assert run.returncode == 0, run.stdout

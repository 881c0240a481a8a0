"""`mockscribe ca`: the path to trust, and the file for those who need it elsewhere."""

import datetime
import os
import ssl
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockscribe.certificates import certificate_pem, make_ca
from mockscribe.cli.ca import ca


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(ca, arguments, standalone_mode=False)


def test_it_makes_the_ca_on_first_use_and_prints_its_path(cache: Path) -> None:
    first, second = run(), run()
    path = Path(first.stdout.removesuffix("\n"))
    assert (first.return_value, second.stdout) == (0, first.stdout)
    assert path.is_relative_to(cache)
    (trusted,) = ssl.create_default_context(cafile=path).get_ca_certs()
    assert trusted["subject"] == trusted["issuer"]


def test_it_exports_the_certificate_alone(tmp_path: Path) -> None:
    target = tmp_path / "exported.pem"
    done = run("--export", "pem", str(target))
    assert (done.return_value, done.stdout) == (0, f"{target}\n")
    assert target.read_bytes() == Path(run().stdout.strip()).read_bytes()
    assert b"PRIVATE KEY" not in target.read_bytes()


@pytest.mark.parametrize(("form", "begins"), [("p12", b"0\x82"), ("jks", b"\xfe\xed\xfe\xed")])
def test_it_exports_trust_stores(tmp_path: Path, form: str, begins: bytes) -> None:
    target = tmp_path / f"mockscribe.{form}"
    done = run("--export", form, str(target))
    assert (done.return_value, done.stdout) == (0, f"{target}\n")
    assert target.read_bytes().startswith(begins)


def test_it_exports_the_ca_of_a_mock_elsewhere(tmp_path: Path, cache: Path) -> None:
    elsewhere = tmp_path / "elsewhere.pem"
    elsewhere.write_bytes(certificate_pem(make_ca(datetime.datetime.now(datetime.UTC)).certificate))
    done = run("--from", str(elsewhere), "--export", "pem", str(tmp_path / "copy.pem"))
    assert done.return_value == 0
    assert (tmp_path / "copy.pem").read_bytes() == elsewhere.read_bytes()
    assert not cache.exists()  # no CA was made for it
    elsewhere.write_text("no certificate")
    assert str(run("--from", str(elsewhere), "--export", "jks", os.devnull).exception) == (
        f"{elsewhere}: is no certificate in PEM"
    )


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = run("--export", "pem", str(tmp_path / "none" / "ca.pem"))
    expected = f"--export: {tmp_path / 'none' / 'ca.pem'} cannot be written: No such file or directory"
    assert str(done.exception) == expected


def test_a_ca_that_cannot_be_kept_is_not_worth_trusting(cache: Path) -> None:
    cache.write_text("in the folder's place")
    for arguments in ((), ("--export", "pem", os.devnull)):
        done = run(*arguments)
        assert done.stdout == ""
        assert str(done.exception).startswith("the CA's folder: cannot be used, so each start makes a CA: ")
        assert str(done.exception).endswith(f"{cache / 'mockscribe'}: Not a directory")

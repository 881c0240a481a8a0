"""Trust stores: cryptography reads the one, and the JDK's own keytool both."""

import datetime
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from mockscribe.certificates import make_ca
from mockscribe.truststores import ALIAS, PASSWORD, jks, pkcs12
from tests.requirements import require

STORES = {"PKCS12": pkcs12, "JKS": jks}


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    return make_ca(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)).certificate


def test_pkcs12_holds_the_certificate_and_no_key(certificate: x509.Certificate) -> None:
    store = load_pkcs12(pkcs12(certificate), PASSWORD.encode())
    assert store.key is None
    assert [(each.certificate, each.friendly_name) for each in store.additional_certs] == [
        (certificate, ALIAS.encode())
    ]


def test_jks_is_the_same_bytes_for_the_same_certificate(certificate: x509.Certificate) -> None:
    assert jks(certificate) == jks(certificate)
    assert jks(certificate)[:12] == bytes.fromhex("feedfeed 00000002 00000001")


def listed(store: Path, form: str, password: str) -> subprocess.CompletedProcess[str]:
    keytool = shutil.which("keytool")
    require("java-sdk", keytool is not None, "no keytool, which comes with a JDK")
    assert keytool is not None
    command = [keytool, "-J-Duser.language=en", "-list", "-v", "-storetype", form, "-storepass", password]
    return subprocess.run(
        [*command, "-keystore", store],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("form", STORES)
def test_the_jdk_finds_a_certificate_to_trust(form: str, certificate: x509.Certificate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.write_bytes(STORES[form](certificate))
    done = listed(store, form, PASSWORD)
    assert done.returncode == 0, done.stdout
    assert "contains 1 entry" in done.stdout
    assert f"Alias name: {ALIAS}\n" in done.stdout
    assert "Entry type: trustedCertEntry" in done.stdout
    assert certificate.fingerprint(hashes.SHA256()).hex(":").upper() in done.stdout


@pytest.mark.parametrize("form", STORES)
def test_another_password_opens_neither(form: str, certificate: x509.Certificate, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.write_bytes(STORES[form](certificate))
    done = listed(store, form, "another")
    assert done.returncode == 1
    assert "password was incorrect" in done.stdout

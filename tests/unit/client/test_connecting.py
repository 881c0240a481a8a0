"""What is said when there is no connection, for every face alike; the handshakes themselves are in the faces' tests."""

import socket
import ssl
from pathlib import Path

import pytest

from mockscribe.client import connecting
from mockscribe.client.endpoint import parse_endpoint
from mockscribe.errors import ConfigError, ServerError, ServerErrorKind
from tests import far_end

ENDPOINT = parse_endpoint("https://mock.test:8080")


@pytest.mark.parametrize("chosen", [None, "h2"])
def test_http_2_by_alpn_and_no_choice_at_all_are_fine(chosen: str | None) -> None:
    connecting.check_protocol(chosen)


def test_another_protocol_by_alpn_is_told_with_the_cure() -> None:
    with pytest.raises(ServerError, match=r"^The server answers in HTTP/1\.1, and this call needs HTTP/2\. Use "):
        connecting.check_protocol("http/1.1")


def test_a_time_that_only_the_system_limits_is_not_named() -> None:
    refused = connecting.unreachable(ENDPOINT, TimeoutError(), None)
    assert (refused.message, refused.kind) == ("mock.test:8080 did not answer.", ServerErrorKind.CONNECT_TIMEOUT)
    failed = connecting.handshake_failure(ENDPOINT, TimeoutError(), None, "")
    assert failed.message == "https://mock.test:8080 did not finish the TLS handshake."


def test_a_mock_is_only_offered_on_this_machine() -> None:
    assert "mockscribe serve" not in connecting.unreachable(ENDPOINT, ConnectionRefusedError(), 1.0).message


def test_without_verification_nothing_is_read_and_nothing_checked(tmp_path: Path) -> None:
    context = connecting.tls_context([tmp_path / "absent.pem"], verify=False)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_client_certificate_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    both = far_end.certificate(tmp_path)
    connecting.tls_context(client_cert=(str(both),))
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(ConfigError, match=r"far_end\.pem and .*empty\.pem: make no client certificate"):
        connecting.tls_context(client_cert=(str(both), str(empty)))


def test_socket_options_are_set() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = parse_endpoint(f"http://127.0.0.1:{server.getsockname()[1]}")
        keepalive = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with connecting.connect(endpoint, None, 5.0, options=[keepalive]) as connection:
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

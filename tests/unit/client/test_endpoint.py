"""Endpoint URLs."""

import pytest

from mockscribe.client.endpoint import parse_endpoint


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "secure", "local"),
    [
        ("https://localhost:8080", "localhost", 8080, "localhost:8080", True, True),
        ("https://streaming.localhost", "streaming.localhost", 443, "streaming.localhost", True, True),
        ("https://localhost:443/", "localhost", 443, "localhost", True, True),
        ("http://127.0.0.9", "127.0.0.9", 80, "127.0.0.9", False, True),
        ("http://[::1]:8080", "::1", 8080, "[::1]:8080", False, True),
        ("https://mock:443", "mock", 443, "mock", True, False),
        ("http://192.0.2.1:443", "192.0.2.1", 443, "192.0.2.1:443", False, False),
    ],
)
def test_an_endpoint_has_its_parts(
    url: str, host: str, port: int, authority: str, secure: bool, local: bool
) -> None:  # fmt: skip
    endpoint = parse_endpoint(url)
    assert (endpoint.host, endpoint.port, endpoint.authority) == (host, port, authority)
    assert (endpoint.secure, endpoint.local) == (secure, local)


def test_a_path_in_front_is_kept() -> None:
    endpoint = parse_endpoint("https://proxy/mock/")
    assert endpoint.path == "/mock"
    assert endpoint.url == "https://proxy/mock"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:8080", "write https://HOST:PORT"),
        ("ftp://localhost", "write https://HOST:PORT"),
        ("https://", "write https://HOST:PORT"),
        ("https://localhost:eighty", "is no URL"),
        ("https://localhost:99999", "is no URL"),
        ("https://user@localhost", "has more than"),
        ("https://localhost/?a=1", "has more than"),
        ("https://localhost/#a", "has more than"),
    ],
)
def test_what_is_no_endpoint_is_refused_with_the_form_that_is(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_endpoint(url)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://streaming.localhost:8080", "localhost"),
        ("https://localhost:8080", "localhost"),
        ("https://streaming.mock.test", "streaming.mock.test"),
        ("https://notlocalhost", "notlocalhost"),
        ("http://[::1]:8080", "::1"),
    ],
)
def test_every_localhost_name_is_this_machine(url: str, address: str) -> None:
    assert parse_endpoint(url).address == address

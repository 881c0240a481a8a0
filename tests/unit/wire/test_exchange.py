"""A request's head."""

from mockscribe.wire.exchange import RequestHead


def test_the_first_of_several_headers_is_told() -> None:
    head = RequestHead(
        method="GET",
        target="/",
        scheme="http",
        authority="",
        version="1.1",
        headers=(("a", "1"), ("b", "2"), ("b", "3")),
    )
    assert head.header("b") == "2"
    assert head.header("c") is None

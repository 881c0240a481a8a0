"""Which scenario answers a stream, and what is said of those that do not."""

import pytest

from mockscribe.scenario.matching import Request, fits, nearest, select
from mockscribe.scenario.model import Match, Scenario

PARAMETERS = {
    "sessionId": "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
    "domainId": "hai-0123456789abcdef",
    "subscriptionId": "sub-0123456789abcdefghijk",
    "languageCode": "en-US",
    "mediaSampleRateHertz": 16_000,
    "mediaEncoding": "pcm",
}


def request(attempt: int = 1, account: str = "000000000000") -> Request:
    return Request(parameters=PARAMETERS, account=account, attempt=attempt)


def scenario(name: str, times: int | None = None, **match: object) -> Scenario:
    account, attempt = match.pop("account", None), match.pop("attempt", None)
    return Scenario(name=name, times=times, match=Match(parameters=match, account=account, attempt=attempt))  # type: ignore[arg-type]


def chosen(*scenarios: Scenario, attempt: int = 1, current: Scenario | None = None, **uses: int) -> str | None:
    found = select(scenarios, request(attempt), uses=uses, current=current)
    return found.name if found is not None else None


def test_the_last_loaded_that_matches_wins() -> None:
    assert chosen(scenario("a"), scenario("b"), scenario("c", mediaEncoding="flac")) == "b"
    assert chosen() is None


@pytest.mark.parametrize(
    ("match", "held"),
    [
        ({}, True),
        ({"mediaEncoding": "pcm", "mediaSampleRateHertz": 16_000}, True),
        ({"mediaEncoding": "pcm", "mediaSampleRateHertz": 8_000}, False),
        ({"sessionId": "0B8E2B7E-3A65-4F7C-9D0B-3A5F7B0C9D11"}, True),
        ({"sessionId": "1B8E2B7E-3A65-4F7C-9D0B-3A5F7B0C9D11"}, False),
        ({"domainId": "HAI-0123456789abcdef"}, False),
        ({"account": "000000000000"}, True),
        ({"account": "123456789012"}, False),
        ({"attempt": 1}, True),
        ({"attempt": 2}, False),
        ({"languageCode": "multi", "attempt": 1}, False),
    ],
)
def test_all_must_hold(match: dict[str, object], held: bool) -> None:
    assert (chosen(scenario("a", **match)) == "a") is held


def test_one_whose_times_are_used_up_is_passed_over() -> None:
    base, twice = scenario("base"), scenario("twice", times=2)
    assert chosen(base, twice) == "twice"
    assert chosen(base, twice, twice=1) == "twice"
    assert chosen(base, twice, twice=2) == "base"


def test_a_session_keeps_its_scenario_unless_one_names_this_attempt() -> None:
    base, again = scenario("base"), scenario("again", attempt=2)
    assert chosen(base, again, attempt=2, current=base) == "again"
    assert chosen(base, again, attempt=3, current=base) is None
    assert chosen(base, scenario("later"), attempt=2, current=base) is None


def said(*scenarios: Scenario, **uses: int) -> list[tuple[str, str]]:
    return [(miss.scenario.name, miss.difference) for miss in nearest(scenarios, request(), uses=uses)]


def test_the_nearest_misses_come_first_and_name_their_first_difference() -> None:
    assert said(
        scenario("far", mediaEncoding="flac", languageCode="multi", attempt=2),
        scenario("near", mediaEncoding="pcm", languageCode="en-US", mediaSampleRateHertz=8_000),
        scenario("middle", account="123456789012", attempt=3),
        scenario("nearer in name only", attempt=2),
    ) == [
        ("near", "mediaSampleRateHertz is 16000, the scenario wants 8000"),
        ("nearer in name only", "this is attempt 1, the scenario wants attempt 2"),
        ("middle", "the account is 000000000000, the scenario wants 123456789012"),
    ]


def test_of_equally_near_ones_the_last_loaded_comes_first() -> None:
    assert [name for name, _ in said(scenario("a", attempt=2), scenario("b", attempt=3))] == ["b", "a"]


def test_a_scenario_that_is_used_up_says_so() -> None:
    assert said(scenario("once", times=1), scenario("twice", times=2), once=1, twice=2) == [
        ("twice", "its times (2) are used up"),
        ("once", "its times (1) are used up"),
    ]


def test_how_many_conditions_held() -> None:
    (miss,) = nearest(
        [scenario("a", times=1, mediaEncoding="pcm", languageCode="multi", attempt=1)], request(), uses={"a": 1}
    )
    assert miss.held == 2
    assert miss.difference.startswith("languageCode is 'en-US'")


def test_what_matches_is_no_miss() -> None:
    assert said(scenario("a"), scenario("b", attempt=2)) == [("b", "this is attempt 1, the scenario wants attempt 2")]


def test_conditions_by_themselves() -> None:
    assert fits(Match(), request())
    assert fits(Match(parameters={"mediaEncoding": "pcm"}, attempt=2), request(2))
    assert not fits(Match(parameters={"mediaEncoding": "pcm"}, attempt=2), request(1))

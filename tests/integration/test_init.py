"""`--init FILE`: resources that are there before the first request, and what is said of a file that cannot be used."""

from pathlib import Path
from typing import Any

import pytest

from mockscribe import ConfigError, Mockscribe
from tests.clients import Http2Client, request_headers
from tests.integration.test_persistence import connect
from tests.serving import refused, serving
from tests.wire import DOMAIN_ID, SUBSCRIPTION_ID

FILE = f"""
domains:
  - id: {DOMAIN_ID}
    name: Clinic
    region: us-west-2
    tags: {{team: blue}}
    subscriptions:
      - {SUBSCRIPTION_ID}
      - {{id: sub-abcdefghijk0123456789, status: INACTIVE}}
  - id: hai-other01234567890
    account: "123456789012"
"""


def test_what_the_file_names_is_there_once_the_server_is_ready(tmp_path: Path) -> None:
    (tmp_path / "init.yaml").write_text(FILE)
    with serving(tmp_path, "--init", tmp_path / "init.yaml", "--strict-resources") as served:
        health = connect(served)
        domain = health.get_domain(domainId=DOMAIN_ID)
        assert (domain["name"], domain["tags"], domain["status"]) == ("Clinic", {"team": "blue"}, "ACTIVE")
        assert domain["arn"] == f"arn:aws:health-agent:us-west-2:000000000000:domain/{DOMAIN_ID}"
        found = health.list_subscriptions(domainId=DOMAIN_ID)["subscriptions"]
        assert {each["subscriptionId"]: each["status"] for each in found} == {
            SUBSCRIPTION_ID: "ACTIVE",
            "sub-abcdefghijk0123456789": "INACTIVE",
        }
        assert [each["domainId"] for each in health.list_domains()["domains"]] == [DOMAIN_ID]
        with Http2Client(served.port) as client:
            for subscription, status in ((SUBSCRIPTION_ID, 200), ("sub-abcdefghijk0123456789", 404)):
                number = client.open(request_headers(subscription_id=subscription))
                client.until(lambda number=number: client.answers[number].status != 0)  # type: ignore[misc]
                assert client.answers[number].status == status


def test_with_a_data_folder_it_is_planted_once_and_what_changed_stays_changed(tmp_path: Path) -> None:
    (tmp_path / "init.yaml").write_text(FILE)
    arguments = ("--init", tmp_path / "init.yaml", "--data", tmp_path / "data")
    ids = {"domainId": DOMAIN_ID, "subscriptionId": SUBSCRIPTION_ID}
    with serving(tmp_path, *arguments) as served:
        connect(served).deactivate_subscription(**ids)
    with serving(tmp_path, *arguments) as served:
        health = connect(served)
        assert health.get_subscription(**ids)["subscription"]["status"] == "INACTIVE"
        assert len(health.list_domains()["domains"]) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("domains: 7", "init.yaml: domains: Expected `array`, got `int`"),
        ("domain: []", "init.yaml: Object contains unknown field `domain`"),
        ("domains: [{name: Clinic}]", "init.yaml: domains[0]: Object missing required field `id`"),
        ("domains: [{id: hai-x}]", "init.yaml: domains[0].id: "),
        (f"domains: [{{id: {DOMAIN_ID}, account: 123456789012}}]", "init.yaml: domains[0].account: "),
        (f"domains: [{{id: {DOMAIN_ID}, subscriptions: [sub-1]}}]", "init.yaml: domains[0].subscriptions[0]: "),
        (f"domains: [{{id: {DOMAIN_ID}}}, {{id: {DOMAIN_ID}}}]", "init.yaml: domains[1].id: "),
        ("domains: []\ndomains: []", "init.yaml:2: the key `domains` is given twice; it stands on line 1 already"),
        ("domains: [", "init.yaml: is neither YAML nor JSON: "),
        ("- 1", "init.yaml: Expected `object`, got `array`"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start_by_its_key(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "init.yaml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        Mockscribe(init=str(tmp_path / "init.yaml"), ca_folder=tmp_path).start()
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(told)


@pytest.mark.parametrize(
    ("content", "told"),
    [("domains: 7", "domains: Expected `array`, got `int`"), (None, "cannot be read: No such file")],
)
def test_the_command_says_so_in_one_line(tmp_path: Path, content: Any, told: str) -> None:
    if content is not None:
        (tmp_path / "init.yaml").write_text(content)
    line = refused(tmp_path, "--init", "init.yaml")
    assert line.startswith("mockscribe: init.yaml: ")
    assert told in line

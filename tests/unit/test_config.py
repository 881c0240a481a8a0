"""Settings: precedence, spelling, and errors that name their source."""

from pathlib import Path
from typing import Any

import pytest

from mockscribe.config import TYPES, Config, flag, load, unknown_variables, variable
from mockscribe.errors import ConfigError


def test_defaults_then_file_then_variables_then_flags(tmp_path: Path) -> None:
    file = tmp_path / "mock.yaml"
    file.write_text("port: 1\nhost: from-file\nseed: 1\ngrace: 1s\n")
    config = load({"port": 3}, {"MOCKSCRIBE_PORT": "2", "MOCKSCRIBE_SEED": "2"}, str(file))
    assert (config.port, config.seed, config.host, config.grace_seconds) == (3, 2, "from-file", 1.0)


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "mock.json"
    file.write_text('{"second-stream": "reject", "messages": {"idle_timeout": "zzz"}}')
    config = load({}, {"MOCKSCRIBE_CONFIG": str(file)})
    assert config.second_stream == "reject"
    assert config.messages == {"idle_timeout": "zzz"}


def test_every_field_has_a_flag_and_a_variable_of_its_own() -> None:
    assert len({flag(name) for name in TYPES}) == len(TYPES) == len({variable(name) for name in TYPES})
    assert (flag("idle_timeout_seconds"), variable("idle_timeout_seconds")) == (
        "--idle-timeout",
        "MOCKSCRIBE_IDLE_TIMEOUT",
    )


def test_repeatables_are_comma_separated_in_a_variable() -> None:
    assert load({}, {"MOCKSCRIBE_TLS_NAME": "a,b"}).tls_name == ("a", "b")


@pytest.mark.parametrize(
    ("flags", "environ", "named"),
    [
        ({"port": "many"}, {}, "--port"),
        ({"port": "70000"}, {}, "--port"),
        ({"port": "-1"}, {}, "--port"),
        ({"clock": "x0"}, {}, "--clock"),
        ({"clock": "fast"}, {}, "--clock"),
        ({"echo": "loud"}, {}, "--echo"),
        ({"grace_seconds": "5"}, {}, "--grace"),
        ({}, {"MOCKSCRIBE_PORT": "x"}, "MOCKSCRIBE_PORT"),
        ({}, {"MOCKSCRIBE_GRACE": "soon"}, "MOCKSCRIBE_GRACE"),
    ],
)
def test_errors_name_where_the_value_came_from(flags: dict[str, Any], environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(flags, environ)
    assert caught.value.source == named


@pytest.mark.parametrize(
    ("text", "named"),
    [("prot: 1\n", "prot"), ("grace: 5\n", "grace"), ("- 1\n", "mapping"), ("{", "neither"), ("port: [1]\n", "port")],
)
def test_errors_of_a_file_name_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "mock.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, str(file))
    assert str(file) in str(caught.value)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("port: 1\nhost: a\nport: 2\n", "mock.yaml:3: the key `port` is given twice; it stands on line 1 already"),
        (
            '{"messages": {"idle_timeout": "a",\n"idle_timeout": "b"}}',
            "mock.yaml:2: the key `idle_timeout` is given twice; it stands on line 1 already",
        ),
    ],
)
def test_a_key_given_twice_is_an_error_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "mock.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, str(file))
    assert str(caught.value) == f"{tmp_path}/{told}"


def test_keys_that_are_no_text_are_no_matter(tmp_path: Path) -> None:
    file = tmp_path / "mock.yaml"
    file.write_text("? [1]\n: 2\n")
    with pytest.raises(ConfigError, match="neither YAML nor JSON"):
        load({}, {}, str(file))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MOCKSCRIBE_PROT", "did you mean MOCKSCRIBE_PORT?"),
        ("MOCKSCRIBE_STRICT_SCENARIO", "did you mean MOCKSCRIBE_STRICT_SCENARIOS?"),
        ("MOCKSCRIBE_ZZZ", "`mockscribe serve --help` lists them"),
        ("MOCKSCRIBE_MESSAGES", "it is a key of the --config file only"),
    ],
)
def test_a_variable_that_is_none_is_told_with_the_nearest(name: str, hint: str) -> None:
    assert load({}, {name: "1"}) == Config()
    assert unknown_variables({name: "1"}) == [f"{name}: there is no such variable; {hint}"]


def test_what_kubernetes_says_of_a_service_called_mockscribe_is_no_port() -> None:
    assert load({}, {"MOCKSCRIBE_PORT": "tcp://10.0.0.1:8080"}).port == Config.port


@pytest.mark.parametrize(
    "name",
    [
        *map(variable, set(TYPES) - {"messages"}),
        "MOCKSCRIBE_CONTROL_URL",
        "MOCKSCRIBE_REQUIRE",
        "MOCKSCRIBE_IMAGE_RUN",
        "MOCKSCRIBE_SERVICE_HOST",
        "MOCKSCRIBE_SERVICE_PORT_HTTP",
        "MOCKSCRIBE_PORT_8080_TCP_ADDR",
        "_MOCKSCRIBE_COMPLETE",
        "PATH",
    ],
)
def test_variables_that_are_known_or_somebody_elses_are_no_warning(name: str) -> None:
    assert not unknown_variables({name: "1"})


def test_a_file_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load({}, {}, "/nonexistent/mock.yaml")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mock.yaml"
    file.write_text("")
    assert load({}, {}, str(file)) == Config()


def test_faults_have_commas_and_are_separated_by_semicolons() -> None:
    environ = {"MOCKSCRIBE_FAULT": "tls_stall;{reset: {code: CANCEL, after_events: 3}, times: 1}"}
    assert load({}, environ).fault == ("tls_stall", "{reset: {code: CANCEL, after_events: 3}, times: 1}")

"""The pytest plugin, in test suites of its own: fixtures, marker, verification, timelines, and what it costs."""

import pathlib
import re

import pytest

from mockscribe import Mockscribe, MockscribeError, RemoteMock
from tests.integration.test_readme import README, block
from tests.visits import visit

pytest_plugins = ("pytester",)

ROOT = pathlib.Path(__file__).parents[2]

WITHOUT_OTHERS = [each for name in ("schemathesis", "anyio", "xdist") for each in ("-p", f"no:{name}")]
"""Plugins that import what mockscribe imports too."""

HEAD = """
import pytest
from tests.visits import LiveVisit, visit
from tests.wire import configuration, audio, event, silence, END_OF_SESSION

VISIT = '''
scenario: visit
steps:
  - {say: How have you been?, at: 200ms, takes: 100ms}
'''
"""


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Import once what pytester would import again for each suite: extension modules do not take that."""
    with Mockscribe() as mock:
        mock.script("scenario: one\n")
        visit(mock)
        with RemoteMock(mock.control_url) as remote:
            assert len(remote.journal) > 0
    with RemoteMock(remote.control_url) as remote, pytest.raises(MockscribeError):
        assert remote.journal


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers -p no:cacheprovider\n")
    return pytester


def run(suite: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    suite.makepyfile(HEAD + text)
    return suite.runpytest_inprocess(*options)


# ---- the short way


YOUR_CLIENT = """
import pathlib
from tests.clients import Http2Client, request_headers, trusting
from tests.wire import EMPTY_FRAME, END_OF_SESSION, TWO_CHANNELS, audio, configuration, envelope, silence

def your_client(url: str, *, ca: pathlib.Path, key: str) -> None:
    signed = f"AWS4-HMAC-SHA256 Credential={key}/20260601/us-east-1/health-agent/aws4_request"
    with Http2Client(int(url.rpartition(":")[2]), trusting(ca, "h2")) as client:
        stream = client.open([*request_headers(), ("authorization", signed)])
        messages = (configuration(TWO_CHANNELS), *[audio(silence(0.05, channels=2))] * SECONDS * 20, END_OF_SESSION)
        client.send(stream, *map(envelope, messages), EMPTY_FRAME, end=True)
        client.until(lambda: client.answers[stream].ended)
"""


@pytest.mark.parametrize(("seconds", "outcome"), [(6, "passed"), (2, "failed")])
def test_the_readmes_test_passes_if_the_client_does_all(suite: pytest.Pytester, seconds: int, outcome: str) -> None:
    lines = README.splitlines()
    scenario, example = (
        next(line for line in lines if words in line) for words in ("Save this as `visit.yaml`", "With pytest it is")
    )
    (suite.path / "visit.yaml").write_text(block(scenario, "yaml"))
    suite.makepyfile(f"SECONDS = {seconds}\n{YOUR_CLIENT}\n{block(example, 'python')}")
    suite.runpytest_inprocess().assert_outcomes(**{outcome: 1})


def test_a_test_about_a_streaming_client_is_short(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
def test_it(mockscribe):
    mockscribe.script(VISIT)
    visit(mockscribe)
    assert mockscribe.sessions.one().status == "COMPLETED"
""",
    )
    result.assert_outcomes(passed=1)


def test_the_marker_loads_scenarios_from_files_beside_the_test_and_texts(suite: pytest.Pytester) -> None:
    suite.makefile(".yaml", visit="scenario: from a file\nmatch: {mediaEncoding: flac}\n")
    result = run(
        suite,
        """
@pytest.mark.mockscribe(scenarios=["visit.yaml", VISIT], clock="manual", verify=False)
def test_it(mockscribe):
    assert [each.rule for each in mockscribe.verdict().unmet] == ["scenario_unused"] * 2
    assert mockscribe.clock.mode == "manual"
""",
    )
    result.assert_outcomes(passed=1)


def test_the_nearest_marker_wins(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
pytestmark = pytest.mark.mockscribe(clock="x10", verify=False, scenarios=[VISIT])

@pytest.mark.mockscribe(clock="manual")
class TestIt:
    def test_inherited(self, mockscribe):
        assert mockscribe.clock.mode == "manual"

    @pytest.mark.mockscribe(clock="autojump")
    def test_own(self, mockscribe):
        assert mockscribe.clock.mode == "autojump"
        assert not mockscribe.verdict().ok

def test_module(mockscribe):
    assert mockscribe.clock.mode == "x10"
""",
    )
    result.assert_outcomes(passed=3)


def test_a_setting_gives_a_test_a_server_of_its_own(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
@pytest.mark.mockscribe(scenarios=[VISIT], segment_ids="counter")
def test_own(mockscribe, mockscribe_server):
    assert mockscribe.http_url != mockscribe_server.http_url
    visit(mockscribe)
    assert mockscribe.sessions.one().sent[-1]["value"]["transcriptSegment"]["segmentId"] == "seg-1"

def test_shared(mockscribe, mockscribe_server):
    assert mockscribe.http_url == mockscribe_server.http_url
""",
    )
    result.assert_outcomes(passed=2)


def test_tests_do_not_see_each_other(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
keys = set()

@pytest.mark.parametrize("number", range(5))
def test_it(mockscribe, number):
    mockscribe.script(VISIT)
    visit(mockscribe)
    keys.add(mockscribe.credentials.access_key_id)
    assert len(keys) == number + 1
    assert len(mockscribe.sessions) == 1
""",
    )
    result.assert_outcomes(passed=5)


def test_chance_is_the_same_in_every_run(suite: pytest.Pytester) -> None:
    text = """
def test_it(mockscribe):
    mockscribe.script(VISIT)
    visit(mockscribe, session_id="0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11")
    print("SAID", [entry["value"] for entry in mockscribe.sessions.one().sent])
"""
    said = [
        re.findall("SAID.*", run(suite, text, "-s", "--mockscribe-seed", seed).stdout.str()) for seed in ("1", "1", "2")
    ]
    assert said[0] == said[1] != said[2]
    assert len(said[0]) == 1


def test_a_test_on_an_event_loop(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
import asyncio
import anyio

pytestmark = pytest.mark.anyio

async def test_it(mockscribe):
    mockscribe.script(VISIT)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, visit, mockscribe)
        (entry,) = await mockscribe.await_for("session_state", to="COMPLETED")
    assert entry["from"] == "IN_PROGRESS"
""",
        "-p", "anyio",
    )  # fmt: skip
    result.assert_outcomes(passed=2)  # once with asyncio, once with trio


def test_workers_of_xdist_have_servers_of_their_own(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        HEAD
        + """
@pytest.mark.parametrize("number", range(6))
def test_it(mockscribe, number, worker_id):
    mockscribe.script(VISIT)
    visit(mockscribe)
    assert len(mockscribe.sessions) == 1

def test_it_fails(mockscribe):
    visit(mockscribe)
    assert False
"""
    )
    result = suite.runpytest_subprocess("-n", "2", "-p", "xdist")
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*mockscribe: what happened on the streams*", "*sessionControlEvent END_OF_SESSION*"])


def test_the_mock_may_run_elsewhere(suite: pytest.Pytester) -> None:
    with Mockscribe() as mock:
        result = run(
            suite,
            """
from mockscribe import RemoteMock

def test_it(mockscribe, mockscribe_server):
    assert isinstance(mockscribe_server, RemoteMock)
    mockscribe.script(VISIT)
    visit(mockscribe)
    assert mockscribe.sessions.one().status == "COMPLETED"

@pytest.mark.mockscribe(idle_timeout_seconds=1.0)
def test_settings(mockscribe):
    pass
""",
            "--mockscribe-control-url",
            mock.control_url,
        )
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(["*idle_timeout_seconds: needs a server of its own*"])
        assert len(mock.sessions) == 0


def test_the_clock_of_all_tests_is_an_option(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
def test_it(mockscribe):
    assert mockscribe.clock.mode == "autojump"

@pytest.mark.mockscribe(clock="real")
def test_own(mockscribe):
    assert mockscribe.clock.mode == "real"
""",
        "--mockscribe-clock=autojump",
    )
    result.assert_outcomes(passed=2)


# ---- leaving a test verifies


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("mockscribe.script(VISIT)", "*'visit' (<text>:2) was never used*"),
        (
            "mockscribe.script(VISIT); visit(mockscribe, 0.1)",
            "*'visit': say \"How have you been?\" (line 4) was missed*",
        ),
        (
            "mockscribe.script('scenario: x\\nmatch: {mediaEncoding: flac}\\n'); visit(mockscribe)",
            "*no scenario matched session*",
        ),
        (
            "with LiveVisit(mockscribe) as live:\n        live.send(event('nonsense', b'{}'))\n        live.read_end()",
            "*the client broke the rule event*nonsense*",
        ),
    ],
    ids=["unused", "missed", "unmatched", "violation"],
)
def test_leaving_a_test_verifies(suite: pytest.Pytester, body: str, told: str) -> None:
    result = run(suite, f"\ndef test_it(mockscribe):\n    {body}\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([told])


def test_what_is_forgiven_is_said_by_the_test(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
def broken(mockscribe):
    with LiveVisit(mockscribe) as live:
        live.send(event("nonsense", b"{}"))
        live.read_end()

@pytest.mark.mockscribe(allow_violations=True)
def test_all(mockscribe):
    broken(mockscribe)

@pytest.mark.mockscribe(allow_violations=["event"])
def test_one(mockscribe):
    broken(mockscribe)

@pytest.mark.mockscribe(allow_violations=["sequence"])
def test_another(mockscribe):
    broken(mockscribe)

@pytest.mark.mockscribe(verify=False, scenarios=[VISIT])
def test_nothing(mockscribe):
    broken(mockscribe)

@pytest.mark.mockscribe(allow_unmatched=True, scenarios=["scenario: one\\ntimes: 1\\n"])
def test_unmatched(mockscribe):
    visit(mockscribe)
    visit(mockscribe)
""",
    )
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_another*", "1 expectation was not met"])


def test_a_rule_that_is_none_is_the_markers_fault_before_the_test_runs(suite: pytest.Pytester) -> None:
    result = run(
        suite, '\n@pytest.mark.mockscribe(allow_violations=["evnt"])\ndef test_it(mockscribe):\n    assert False\n'
    )
    result.assert_outcomes(errors=1)
    told = "*: @pytest.mark.mockscribe: allow_violations?0?: there is no rule 'evnt'; did you mean event?"
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", told])


def test_a_test_that_failed_or_was_skipped_is_not_verified_too(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
def test_failed(mockscribe):
    mockscribe.script(VISIT)
    assert False

def test_skipped(mockscribe):
    mockscribe.script(VISIT)
    pytest.skip("later")

@pytest.mark.xfail(strict=True)
def test_xfail(mockscribe):
    mockscribe.script(VISIT)
    assert False
""",
    )
    result.assert_outcomes(failed=1, skipped=1, xfailed=1)


def test_a_client_that_a_fixture_closes_is_waited_for(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
@pytest.fixture
def client(mockscribe):
    with LiveVisit(mockscribe) as live:
        live.send(configuration())
        yield live
        live.send(END_OF_SESSION)
        live.read_end()

@pytest.mark.mockscribe(scenarios=["scenario: one\\nsteps: [{say: Bye., when: end_of_session}]\\n"])
def test_it(mockscribe, client):
    client.send(audio(silence(0.1)))
""",
    )
    result.assert_outcomes(passed=1)


# ---- why a test failed


def test_a_failing_test_prints_the_timeline_in_both_directions(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
def test_it(mockscribe):
    mockscribe.script(VISIT)
    visit(mockscribe)
    assert False
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- mockscribe: what happened on the streams -*",
            "stream 1.1, attempt 1 of session *",
            "* 0.000  → POST /medical-scribe-stream/ HTTP/2 from connection 1",
            "*→ 3 × binaryAudioEvent of 3,200 bytes: 0.300 s of audio, up to 0.300 s",
            "*← final, 0.200–0.300 s: How have you been?",
            "*→ sessionControlEvent END_OF_SESSION",
            "*· ended: the session is complete",
            "session *: COMPLETED, 1 s of audio, scenario 'visit' (<text>:2)",
        ]
    )


@pytest.mark.parametrize(("wanted", "printed"), [("never", 0), ("failed", 1), ("always", 2)])
def test_whose_timelines_are_printed_is_an_option(suite: pytest.Pytester, wanted: str, printed: int) -> None:
    result = run(
        suite,
        """
def test_passes(mockscribe):
    visit(mockscribe)

def test_fails(mockscribe):
    visit(mockscribe)
    assert False
""",
        f"--mockscribe-timeline={wanted}",
        "-rA",
    )
    assert result.stdout.str().count("→ POST /medical-scribe-stream/") == printed


def test_a_test_that_has_nothing_to_do_with_it_is_left_alone(suite: pytest.Pytester) -> None:
    result = run(suite, "\ndef test_it():\n    assert False\n")
    result.assert_outcomes(failed=1)
    assert "mockscribe:" not in result.stdout.str()


# ---- bad input


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        (
            'scenarios=["scenario: x\\nsteps: [{sey: a}]\\n"]',
            "scenarios[[]0[]]:2:10: steps[[]0[]]: the key `sey` is unknown*",
        ),
        ('scenarios=["missing.yaml"]', ": */missing.yaml:1:1: there is no such file or folder"),
        ('clock="sideways"', ": mode: 'sideways' is no clock*"),
        (
            "idle_timeout_second=1",
            ": idle_timeout_second: there is no such setting; did you mean idle_timeout_seconds?",
        ),
        ('second_stream="both"', ": --second-stream: 'both' is none of*"),
    ],
)
def test_a_mistake_in_a_marker_points_at_the_tests_line(suite: pytest.Pytester, marker: str, told: str) -> None:
    text = f"\n@pytest.mark.mockscribe({marker})\ndef test_it(mockscribe):\n    pass\n"
    line = (HEAD + text).lstrip("\n").splitlines().index("def test_it(mockscribe):")  # from 1: of its first decorator
    result = run(suite, text)
    result.assert_outcomes(errors=1)
    pattern = f"*test_a_mistake_in_a_marker_points_at_the_tests_line.py:{line}: @pytest.mark.mockscribe"
    result.stdout.fnmatch_lines([pattern + (" " if told.startswith("scenarios") else "") + told])


def test_a_marker_takes_keywords_only(suite: pytest.Pytester) -> None:
    result = run(suite, "\n@pytest.mark.mockscribe('visit.yaml')\ndef test_it(mockscribe):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*@pytest.mark.mockscribe takes keywords only: mockscribe(**"])


def test_a_mock_used_after_its_test_says_so(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
kept = []

def test_first(mockscribe):
    kept.append(mockscribe)

def test_second():
    with pytest.raises(Exception, match="belonged to .*::test_first, which is over"):
        kept[0].sessions.one()
""",
    )
    result.assert_outcomes(passed=2)


# ---- what it costs


def test_a_suite_that_merely_has_it_installed_imports_nothing_of_it(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
import sys

OURS = ("mockscribe", "h2", "h11", "msgspec", "yaml", "starlette", "uvicorn", "cryptography", "httpx")

def test_it():
    print("IMPORTED", sorted(name for name in sys.modules if name.split(".")[0] in OURS))
"""
    )
    result = suite.runpytest_subprocess("-s", *WITHOUT_OTHERS)
    result.assert_outcomes(passed=1)
    (imported,) = re.findall("IMPORTED (.*)", result.stdout.str())
    assert imported == "['mockscribe', 'mockscribe.pytest_plugin']"


def test_a_mock_of_a_test_brings_no_web_framework(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        HEAD
        + """
import sys

def test_it(mockscribe):
    mockscribe.script(VISIT)
    visit(mockscribe)
    mockscribe.timeline()
    assert not {"starlette", "uvicorn", "httpx", "boto3"} & set(sys.modules)
"""
    )
    result = suite.runpytest_subprocess(*WITHOUT_OTHERS)
    result.assert_outcomes(passed=1)

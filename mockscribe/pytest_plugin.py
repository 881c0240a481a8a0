"""The pytest plugin: a mock for each test.

    def test_reconnects(mockscribe):
        mockscribe.script("visit.yaml")
        client(mockscribe.https_url, ca=mockscribe.ca_file, key=mockscribe.credentials.access_key_id)
        assert mockscribe.sessions.one().status == "COMPLETED"

`mockscribe` is an account of its own on one server for the session, so tests meet each other neither in one process nor
over xdist. Leaving the test verifies what happened. Nothing of mockscribe is imported until a fixture is used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockscribe.account_view import AccountView
    from mockscribe.inprocess import Mockscribe
    from mockscribe.remote import RemoteMock

MARKER = (
    "mockscribe(*, scenarios=[], clock=None, verify=True, allow_violations=False, allow_unmatched=False, **settings): "
    "what the fixture `mockscribe` loads (paths from the test's folder, or texts), how its mock time goes, what is "
    "forgiven at the end (allow_violations: True or rules); any setting of `mockscribe serve` gives the test a server "
    "of its own."
)

_VIEW = pytest.StashKey["AccountView"]()
_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockscribe", "mockscribe: a mock of Amazon Connect Health")
    group.addoption(
        "--mockscribe-control-url", metavar="URL", help="use the mock that runs there instead of one in this process"
    )
    group.addoption(
        "--mockscribe-clock",
        metavar="MODE",
        help="mock time of tests that do not say: real (default), xN, autojump, manual",
    )
    group.addoption("--mockscribe-seed", metavar="N", type=int, help="make ids and revisions repeatable")
    group.addoption(
        "--mockscribe-timeline",
        choices=("failed", "always", "never"),
        default="failed",
        help="whose streams are reported: those of failed tests (default), of all, of none",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def mockscribe_server(pytestconfig: pytest.Config) -> Iterator[Mockscribe | RemoteMock]:
    """One mock for all tests of this process, on free ports."""
    url, seed = pytestconfig.getoption("--mockscribe-control-url"), pytestconfig.getoption("--mockscribe-seed")
    server: Mockscribe | RemoteMock
    if url is not None:
        from mockscribe.remote import RemoteMock

        server = RemoteMock(url)
    else:
        from mockscribe.inprocess import Mockscribe

        server = Mockscribe(seed=seed)
    with server:
        yield server


@pytest.fixture(name="mockscribe")
def _mockscribe(request: pytest.FixtureRequest) -> Iterator[AccountView]:
    """An account of the test's own, fresh; what was expected of it is verified when the test is left."""
    from mockscribe.errors import ConfigError, ControlError, ScriptError

    item = request.node
    path, line, _ = item.location
    where = f"{path}:{(line or 0) + 1}: @pytest.mark.mockscribe"
    marked = _marked(item, where)
    scenarios, verify = marked.pop("scenarios", ()), marked.pop("verify", True)
    clock = marked.pop("clock", None) or request.config.getoption("--mockscribe-clock")
    forgiven = {name: marked.pop(name) for name in ("allow_violations", "allow_unmatched") if name in marked}
    with contextlib.ExitStack() as stack:
        try:  # what is raised here is the marker's fault
            view = _account(request, marked, stack)
            if forgiven:
                view.verdict(**forgiven)  # of nothing yet: a rule that is none is told before the test
            if clock is not None:
                view.clock.mode = clock
            for number, scenario in enumerate(scenarios):
                if isinstance(scenario, str) and "\n" in scenario:
                    view.script(scenario, source=f"{where} scenarios[{number}]")
                else:
                    view.script(item.path.parent / scenario)
        except (ConfigError, ControlError, ScriptError) as error:
            told = str(error) if where in str(error) else f"{where}: {error}"
            raise pytest.fail.Exception(told, pytrace=False) from None
        item.stash[_VIEW] = view
        yield view
        del item.stash[_VIEW]
        try:
            unmet = None
            if verify and item.stash.get(_PASSED, False):
                verdict = view.verdict(**forgiven)
                unmet = None if verdict.ok else str(verdict)
        finally:
            view.retire(f"this mock belonged to {item.nodeid}, which is over")
        if unmet is not None:
            pytest.fail(unmet, pytrace=False)


def _marked(item: pytest.Item, where: str) -> dict[str, Any]:
    """What the test's markers say together; the nearest wins."""
    marked: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("mockscribe"))):
        if mark.args:
            pytest.fail(f"{where} takes keywords only: {MARKER}", pytrace=False)
        marked.update(mark.kwargs)
    return marked


def _account(request: pytest.FixtureRequest, settings: dict[str, Any], stack: contextlib.ExitStack) -> AccountView:
    """A fresh account: of the session's server, or of one with the settings that the test asks for."""
    from mockscribe.errors import ConfigError

    config = request.config
    remote = config.getoption("--mockscribe-control-url") is not None
    server: Mockscribe | RemoteMock
    if not settings:
        server = request.getfixturevalue("mockscribe_server")
    elif remote:
        raise ConfigError(", ".join(settings), "needs a server of its own, not one by --mockscribe-control-url")
    else:
        from mockscribe.inprocess import Mockscribe

        server = stack.enter_context(Mockscribe(**{"seed": config.getoption("--mockscribe-seed"), **settings}))
    # By the test's name, so that what chance draws for an account is the same in every run; but a server that others
    # use too may run the same test for them.
    return server.new_account(None if remote else request.node.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    view = item.stash.get(_VIEW, None)
    wanted = item.config.getoption("--mockscribe-timeline")
    if view is not None and (wanted == "always" or (wanted == "failed" and report.failed)):
        report.sections.append(("mockscribe: what happened on the streams", _timeline(view)))
    return report


def _timeline(view: AccountView) -> str:
    from mockscribe.errors import MockscribeError

    try:
        return view.timeline()
    except MockscribeError as error:
        return f"cannot be told: {error}"

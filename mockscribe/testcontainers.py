"""mockscribe's image as a container of a test, by testcontainers-python (extra `testcontainers`).

with MockscribeContainer("mockscribe").with_scenarios("visit.yaml") as container:
    with container.mock() as mock:
        client(mock.https_url, ca=mock.ca_file)
        mock.verify()
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import CompositeWaitStrategy, HttpWaitStrategy, LogMessageWaitStrategy

from mockscribe.config import variable
from mockscribe.remote import RemoteMock

SCENARIOS = "/scenarios"
"""Where scenarios are mounted in the container."""

POLL_SECONDS = 0.05
"""How often to look whether it is ready: it is there in a fraction of a second, testcontainers' own pace is 1 s."""

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Hosts that its certificates are for without being told."""


class MockscribeContainer(DockerContainer):
    """A mock in a container; started it is ready for clients.

    Any setting of `mockscribe serve` is a variable: `.with_env("MOCKSCRIBE_CLOCK", "autojump")`. `port` and
    `control_port` are the container's; the host's are free ones. Further arguments are those of `DockerContainer`.
    """

    def __init__(self, image: str = "mockscribe", port: int = 8080, control_port: int = 8081, **kwargs: Any) -> None:
        super().__init__(image, **kwargs)
        self.port = port
        self.control_port = control_port
        self.with_exposed_ports(port, control_port)
        self.with_env(variable("port"), str(port))
        self.with_env(variable("control_port"), str(control_port))
        ready = CompositeWaitStrategy(
            LogMessageWaitStrategy(r"^Ready\.$"), HttpWaitStrategy(port, "/_mockscribe/health")
        )
        self.waiting_for(ready.with_poll_interval(POLL_SECONDS))

    def with_scenarios(self, *paths: str | os.PathLike[str]) -> Self:
        """Mount scenario files or folders; every account sees them."""
        for each in paths:
            path = Path(each).resolve()
            place = f"{SCENARIOS}/{len(self.volumes)}/{path.name}"
            self.with_volume_mapping(str(path), place, "ro")
            told = self.env.get(variable("scenario"))
            self.with_env(variable("scenario"), f"{told},{place}" if told else place)
        return self

    def _configure(self) -> None:
        """An engine on another machine is reached by a name that the certificates have to be for."""
        host = self.get_docker_client().host()
        if host not in LOCAL:
            told = self.env.get(variable("tls_name"))
            self.with_env(variable("tls_name"), f"{told},{host}" if told else host)

    def get_endpoint_url(self, scheme: str = "https") -> str:
        """What an SDK's endpoint is set to: `https` or `http`."""
        return self._url(scheme, self.port)

    def get_control_url(self) -> str:
        """The control API."""
        return self._url("http", self.control_port)

    def mock(self, access_key_id: str = "test", secret_access_key: str = "test") -> RemoteMock:
        """The mock with its addresses, its CA, and all that can be asked of it; a context manager.

        A 12-digit access key id is an account of its own.
        """
        return RemoteMock(
            self.get_control_url(),
            http_url=self.get_endpoint_url("http"),
            https_url=self.get_endpoint_url("https"),
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
        )

    def _url(self, scheme: str, port: int) -> str:
        return f"{scheme}://{self.get_container_host_ip()}:{self.get_exposed_port(port)}"

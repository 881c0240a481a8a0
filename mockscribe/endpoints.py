"""The endpoints file: where a running server tells other processes how to reach it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockscribe.errors import ConfigError


def endpoints_file(path: str | None) -> Path:
    """`path`, else `mockscribe.json` in the user's runtime folder (XDG_RUNTIME_DIR; without it the temporary one)."""
    if path is not None:
        return Path(path)
    folder = os.environ.get("XDG_RUNTIME_DIR")
    if folder and Path(folder).is_dir():
        return Path(folder) / "mockscribe.json"
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:  # none can be written
        folder = "/tmp"
    return Path(folder) / f"mockscribe-{os.getuid()}.json"


def write_endpoints(path: Path, endpoints: Mapping[str, Any]) -> None:
    """Write the file in one piece: a reader finds all of it or none.

    Raises:
        OSError: it cannot be written.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(endpoints, file)
            file.write("\n")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def remove_endpoints(path: Path, pid: int) -> None:
    """Remove the file, unless another server has put its own there."""
    with contextlib.suppress(ConfigError, OSError):
        if read_endpoints(path).get("pid") == pid:
            path.unlink()


def read_endpoints(path: Path) -> dict[str, Any]:
    """The endpoints of a running server.

    Raises:
        ConfigError: there is no such file, or it is none of ours.
    """
    try:
        endpoints = json.loads(path.read_text(encoding="utf-8"))
        return {"http": endpoints["http"], **endpoints}
    except FileNotFoundError:
        message = "does not exist: no `mockscribe serve` runs, or it was given another --endpoints-file"
        raise ConfigError(str(path), message) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(str(path), f"is no endpoints file: {error}") from None

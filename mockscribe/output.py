"""Where the documents of finished work go: a folder, or an S3-compatible endpoint. The only writer of output.

Each writer takes an `s3://BUCKET/KEY` URI and bytes, and answers when they are there, or raises `OutputError`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol

from mockscribe.errors import ConfigError


class OutputError(Exception):
    """A document could not be written; the message becomes its failureReason."""


class Writer(Protocol):
    """Something that documents are written to; it may block."""

    def write(self, uri: str, body: bytes) -> None:
        """Write one document.

        Raises:
            OutputError: it could not be written.
        """


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI; the key may be empty."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class FolderWriter:
    """Files below a folder: `s3://BUCKET/KEY` is `FOLDER/BUCKET/KEY`, and nothing is ever written elsewhere."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError("--output-dir", f"{folder} cannot be made: {error.strerror}") from None

    def write(self, uri: str, body: bytes) -> None:
        path = self.path(uri)
        try:
            if not path.parent.resolve().is_relative_to(self.folder.resolve()):  # by a link that somebody put there
                raise OutputError(f"{uri} leads out of the output folder.")
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_in_one_piece(path, body)
        except (OSError, RuntimeError, UnicodeEncodeError) as error:  # RuntimeError: resolve, of links in a circle
            reason = error.strerror if isinstance(error, OSError) else error
            raise OutputError(f"{uri} cannot be written: {reason}.") from None

    def path(self, uri: str) -> Path:
        """The file of a URI.

        Raises:
            OutputError: a part of it is no name of a file.
        """
        bucket, key = split_uri(uri)
        parts = [bucket, *filter(None, key.split("/"))]
        if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts):
            raise OutputError(f"{uri} has a part that is no name of a file.")
        return self.folder.joinpath(*parts)


def _write_in_one_piece(path: Path, body: bytes) -> None:
    """Whoever looks finds all of a file or none."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with open(handle, "wb") as file:
            os.fchmod(handle, 0o644)
            file.write(body)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class S3Writer:
    """Objects at an S3-compatible endpoint, by boto3 (extra `s3`); credentials from its usual places, or test:test."""

    def __init__(self, endpoint_url: str) -> None:
        try:
            import boto3
            from botocore.config import Config as BotoConfig
        except ImportError:
            message = "needs boto3: install mockscribe[s3]"
            raise ConfigError("--s3-endpoint-url", message) from None
        session = boto3.Session()
        keys = {} if session.get_credentials() else {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        try:
            self._client: Any = session.client(
                "s3",
                endpoint_url=endpoint_url,
                region_name=session.region_name or "us-east-1",
                config=BotoConfig(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=10),
                **keys,
            )
        except ValueError as error:
            raise ConfigError("--s3-endpoint-url", str(error)) from None

    def write(self, uri: str, body: bytes) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = split_uri(uri)
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
        except (BotoCoreError, ClientError) as error:
            raise OutputError(f"{uri} cannot be written: {error}") from None


def writer(output_dir: str | None, s3_endpoint_url: str | None) -> Writer | None:
    """What the settings ask for; None: documents stay in memory.

    Raises:
        ConfigError: it cannot be used.
    """
    if output_dir is not None and s3_endpoint_url is not None:
        raise ConfigError("--output-dir", "and --s3-endpoint-url exclude each other")
    if output_dir is not None:
        return FolderWriter(output_dir)
    return S3Writer(s3_endpoint_url) if s3_endpoint_url is not None else None

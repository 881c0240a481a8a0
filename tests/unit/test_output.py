"""Where documents go: below the output folder and nowhere else, whatever their URI says."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockscribe.errors import ConfigError
from mockscribe.output import FolderWriter, OutputError, S3Writer, split_uri, writer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder by their path, links not followed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://bucket/key.json", "bucket/key.json"),
        ("s3://bucket/a/b/c.json", "bucket/a/b/c.json"),
        ("s3://bucket//a///b", "bucket/a/b"),
        ("s3://bucket/a/", "bucket/a"),
        ("s3://bucket/...", "bucket/..."),
        ("s3://bucket/ü €", "bucket/ü €"),
        ("s3://bucket/.hidden/~/-rf", "bucket/.hidden/~/-rf"),
    ],
)
def test_an_uri_is_a_file_below_the_folder(folder: Path, uri: str, path: str) -> None:
    FolderWriter(folder).write(uri, b"text")
    assert files(folder) == {path: b"text"}


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/../x",
        "s3://../x",
        "s3://bucket/a/../../x",
        "s3://./x",
        "s3://bucket/./x",
        "s3:///x",
        "s3://",
        "s3://bucket/a\0b",
        "s3://bucket/..\\x",
        "s3://C:\\x",
    ],
)
def test_a_part_that_is_no_name_is_refused_and_nothing_is_written(folder: Path, uri: str) -> None:
    with pytest.raises(OutputError):
        FolderWriter(folder).write(uri, b"text")
    assert list(folder.parent.rglob("*")) == [folder]


def test_a_name_that_has_no_utf8_form_is_refused(folder: Path) -> None:
    with pytest.raises(OutputError, match="surrogates not allowed"):
        FolderWriter(folder).write("s3://bucket/\ud800", b"text")
    assert files(folder) == {}


@pytest.mark.parametrize("uri", ["s3://bucket/" + "x" * 300, "s3://bucket/" + "x/" * 5000 + "x"])
def test_a_name_that_is_too_long_is_refused_with_the_systems_words(folder: Path, uri: str) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        FolderWriter(folder).write(uri, b"text")
    assert files(folder) == {}


def test_an_absolute_path_in_the_key_stays_below_the_bucket(folder: Path) -> None:
    FolderWriter(folder).write("s3://bucket//etc/passwd", b"text")
    assert files(folder) == {"bucket/etc/passwd": b"text"}


def test_a_link_that_leads_out_is_not_followed_not_even_to_make_a_folder(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = FolderWriter(folder)
    (folder / "bucket").symlink_to(outside)
    for uri in ("s3://bucket/x", "s3://bucket/a/b/x"):
        with pytest.raises(OutputError, match="out of the output folder"):
            target.write(uri, b"text")
    assert list(outside.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_left_alone(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (folder / "bucket").mkdir(parents=True)
    (folder / "bucket" / "x").symlink_to(outside)
    FolderWriter(folder).write("s3://bucket/x", b"text")
    assert (outside.read_bytes(), (folder / "bucket" / "x").is_symlink()) == (b"mine", False)
    assert (folder / "bucket" / "x").read_bytes() == b"text"


def test_links_in_a_circle_are_refused(folder: Path) -> None:
    target = FolderWriter(folder)
    (folder / "bucket").symlink_to(folder / "bucket")
    with pytest.raises(OutputError):
        target.write("s3://bucket/a/x", b"text")


def test_a_link_within_the_folder_is_fine_and_so_is_a_folder_that_is_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    target = FolderWriter(tmp_path / "out")
    (tmp_path / "real" / "other").mkdir()
    (tmp_path / "real" / "bucket").symlink_to(tmp_path / "real" / "other")
    target.write("s3://bucket/x", b"text")
    assert files(tmp_path / "real") == {"other/x": b"text"}


def test_what_stands_in_the_way_is_named_and_no_half_of_a_file_stays(folder: Path) -> None:
    target = FolderWriter(folder)
    target.write("s3://bucket/a", b"one")
    with pytest.raises(OutputError, match=r"s3://bucket/a/b cannot be written: (Not a directory|File exists)"):
        target.write("s3://bucket/a/b", b"two")
    target.write("s3://bucket/c/d", b"three")
    with pytest.raises(OutputError, match="s3://bucket/c cannot be written: Is a directory"):
        target.write("s3://bucket/c", b"four")
    assert files(folder) == {"bucket/a": b"one", "bucket/c/d": b"three"}


def test_a_file_is_replaced_whole_and_others_may_read_it(folder: Path) -> None:
    target = FolderWriter(folder)
    target.write("s3://bucket/a", b"a long text")
    target.write("s3://bucket/a", b"short")
    assert files(folder) == {"bucket/a": b"short"}
    assert (folder / "bucket" / "a").stat().st_mode & 0o777 == 0o644


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("./\\ab\0é"), max_size=12))
def test_no_uri_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, rest: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-out"
    target = FolderWriter(folder)
    try:
        path = target.path(f"s3://{rest}")
    except OutputError:
        return
    assert Path(os.path.normpath(path)) == path
    assert path.is_relative_to(folder)
    assert path != folder


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--output-dir: .*/file/out cannot be made: Not a directory"):
        FolderWriter(tmp_path / "file" / "out")


def test_bucket_and_key() -> None:
    assert [split_uri(uri) for uri in ("s3://b", "s3://b/", "s3://b/k/l", "s3://b//k")] == [
        ("b", ""),
        ("b", ""),
        ("b", "k/l"),
        ("b", "/k"),
    ]


# ---- which of them


def test_without_a_setting_there_is_no_writer(folder: Path) -> None:
    assert writer(None, None) is None
    assert isinstance(writer(str(folder), None), FolderWriter)
    assert isinstance(writer(None, "http://localhost:9"), S3Writer)


def test_a_folder_and_s3_exclude_each_other(folder: Path) -> None:
    with pytest.raises(ConfigError, match="exclude"):
        writer(str(folder), "http://localhost:9")
    assert not folder.exists()


def test_an_endpoint_that_is_no_url_stops_the_start() -> None:
    with pytest.raises(ConfigError, match="--s3-endpoint-url: Invalid endpoint: nonsense"):
        S3Writer("nonsense")


def test_without_boto3_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError, match=r"mockscribe\[s3\]"):
        S3Writer("http://localhost:9")

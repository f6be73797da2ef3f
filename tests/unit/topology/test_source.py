"""Which files are read as a topology, and what is told of the others."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from crosswind.errors import TopologyError
from crosswind.topology import load, read
from crosswind.topology.document import MAX_BYTES
from crosswind.topology.source import text_of
from tests.golden.error_cases import ERRORS

SOUND = (ERRORS / "sound.yml").read_bytes()


def told(path: Path) -> str:
    with pytest.raises(TopologyError) as raised:
        text_of(path)
    assert raised.value.hint
    return str(raised.value).replace(f"{path.parent}/", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crosswind.yaml"


def test_a_file_that_is_not_there(path: Path) -> None:
    assert told(path).startswith("crosswind.yaml: the file cannot be read: No such file or directory")


def test_a_folder(path: Path) -> None:
    path.mkdir()
    assert told(path).startswith("crosswind.yaml: this is a folder, not a file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(path: Path) -> None:
    path.write_bytes(SOUND)
    path.chmod(0)
    assert "cannot be read: Permission denied" in told(path)


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    assert "this is a named pipe, not a file" in told(path)


def test_a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert "cannot be read" in told(path)


def test_a_device_without_an_end() -> None:
    assert "this is a device, not a file" in told(Path("/dev/zero"))


def test_links_are_followed_and_paths_are_relative_to_the_file_itself(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "crosswind.yaml").write_bytes(SOUND)
    (tmp_path / "link.yaml").symlink_to(real / "crosswind.yaml")
    declared = read(tmp_path / "link.yaml")
    assert declared.topology.name == "demo"
    assert declared.root == real.resolve()


def test_a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)
    assert "cannot be read: Too many levels of symbolic links" in told(path)


def test_a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("none"))
    assert "No such file or directory" in told(path)


def test_ten_megabytes_are_refused_before_they_are_read(path: Path) -> None:
    path.write_bytes(SOUND + b"# padding\n" * 1_000_000)
    began = time.perf_counter()
    assert f"the file has more than {MAX_BYTES:,} bytes" in told(path)
    assert time.perf_counter() - began < 0.5


def test_as_much_as_is_taken(path: Path) -> None:
    path.write_bytes(SOUND + b"#" * (MAX_BYTES - len(SOUND)))
    assert read(path).topology.name == "demo"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version: 1\nname: caf\xe9\n", "crosswind.yaml:2: the file is not UTF-8: byte 0xe9"),
        (SOUND.decode().encode("utf-16"), "crosswind.yaml:1: the file is not UTF-8, but probably UTF-16"),
        (SOUND.decode().encode("utf-32"), "the file is not UTF-8"),
        (b"PK\x03\x04\xff\xfe", "crosswind.yaml:1: the file is not UTF-8"),
        (b"name: \xed\xa0\x80", "the file is not UTF-8"),  # half of a surrogate pair
    ],
)
def test_other_encodings(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    assert words in told(path)


def test_a_byte_order_mark_is_taken(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + SOUND)
    assert read(path).topology.name == "demo"


def test_lines_may_end_as_on_windows(path: Path) -> None:
    path.write_bytes(SOUND.replace(b"\n", b"\r\n").replace(b"us-west-2", b"us_west_2"))
    with pytest.raises(TopologyError, match=r"crosswind.yaml:12 sites.ml.region: \"us_west_2\" is not a Region"):
        load(path)

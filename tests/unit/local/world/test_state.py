"""The state folder: who holds it, and what a killed world leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crosswind.errors import WorldError
from crosswind.local.state import Running, StateFolder

ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state", tmp_path / "cache").make()


def test_a_world_is_there_while_it_holds_its_claim(folder: StateFolder) -> None:
    assert folder.read() is None
    claim = folder.claim()
    assert folder.read() is None
    folder.write(Running(os.getpid(), ENDPOINT, 1.0))
    assert folder.read() == Running(os.getpid(), ENDPOINT, 1.0)
    claim.close()
    assert folder.read() is None


def test_a_stranger_with_the_process_id_of_a_killed_world_is_no_world(folder: StateFolder) -> None:
    holds = (
        "import sys, time; from pathlib import Path; from crosswind.local.state import StateFolder as S;"
        " claim = S(Path(sys.argv[1]), Path(sys.argv[2])).claim(); print('held', flush=True); time.sleep(60)"
    )
    world = subprocess.Popen(
        [sys.executable, "-c", holds, str(folder.root), str(folder.cache)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert world.stdout is not None
        assert world.stdout.readline() == "held\n"
        # This process stands for the stranger who got the id.
        folder.write(Running(os.getpid(), ENDPOINT, 1.0))
        assert folder.read() is not None
    finally:
        world.kill()
        world.communicate()
    assert folder.read() is None


def test_two_worlds_cannot_hold_one_folder(folder: StateFolder) -> None:
    with folder.claim(), pytest.raises(WorldError, match="another local world uses"):
        folder.claim()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "endpoint": "", "started": 0, "more": 1}'])
def test_a_damaged_file_is_no_world(folder: StateFolder, text: str) -> None:
    with folder.claim():
        (folder.root / "world.json").write_text(text)
        assert folder.read() is None


def test_the_folder_is_private_and_git_does_not_see_it(folder: StateFolder) -> None:
    assert folder.root.stat().st_mode & 0o777 == 0o700
    assert {path.read_text() for path in (folder.root / ".gitignore", folder.cache / ".gitignore")} == {"*\n"}

"""The templates are those on record; a change of them is a change that somebody reviews."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.regenerate import HERE, TOPOLOGIES, generated, stale

FILES = generated()


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: str(path.relative_to(HERE)))
def test_file_is_as_on_record(path: Path) -> None:
    assert path.exists(), "not on record; run `make golden` and review the new file"
    assert FILES[path] == path.read_text(), "run `make golden` and review the difference"


def test_nothing_stale_is_on_record() -> None:
    assert stale() == []


@pytest.mark.parametrize("folder", sorted(TOPOLOGIES))
def test_files_lie_by_account_and_region(folder: str) -> None:
    for path in FILES:
        if path.is_relative_to(HERE / folder) and path.name != "names.json" and path.parent.name != "owners":
            account, region = path.parts[-3:-1]
            assert account.isdigit()
            assert len(account) == 12
            assert region.count("-") >= 2

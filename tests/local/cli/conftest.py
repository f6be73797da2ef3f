"""The example as `crosswind demo --keep` leaves it up, for the verbs that look at what ran."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.deploy import Airflow
from crosswind.local.process import WorldProcess
from crosswind.topology import Names, Topology
from tests.local.cli.test_verbs import crosswind

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"


@dataclass(frozen=True)
class Kept:
    """A demo that was kept.

    Args:
        summary: what it printed as JSON.
        options: the words that lead a verb to it.
        folder: a folder to run verbs in.
    """

    summary: dict[str, Any]
    options: tuple[str, ...]
    folder: Path

    @property
    def topology(self) -> Topology:
        return wire.topology(wire.example())[0]

    @property
    def names(self) -> Names:
        return Names(self.topology)

    @property
    def process(self) -> WorldProcess:
        return wire.world_process(wire.state(self.folder / self.summary["kept"]["state"]))

    @property
    def administrator(self) -> Sessions:
        return wire.sessions({}, self.summary["kept"]["endpoint"])

    @property
    def airflow(self) -> Airflow:
        return wire.airflow(self.topology, self.administrator)


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("kept")
    (folder / "state").mkdir()
    CACHE.mkdir(parents=True, exist_ok=True)
    (folder / "state" / "cache").symlink_to(CACHE)
    try:
        done = crosswind("demo", "--keep", "--state", "state", "-o", "json", cwd=folder, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        summary = json.loads(done.stdout)
        state = summary["kept"]["state"]
        yield Kept(summary, ("--local", "--state", state, "-f", str(wire.example())), folder)
    finally:
        for world in folder.glob("state/demo/*"):  # one that was cut off has printed nothing
            assert crosswind("local", "down", "--state", str(world), cwd=folder).returncode == 0

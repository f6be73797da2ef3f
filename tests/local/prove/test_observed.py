"""The example, deployed, run and removed in a world of its own: what it asks of IAM is what the tables say it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crosswind import deploy
from crosswind.cli import wire
from crosswind.cli.demo import with_short_intervals
from crosswind.local.process import WorldProcess
from crosswind.prove import read_documents
from crosswind.prove.estate import Estate
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.flow import Flow
from crosswind.prove.flows import flows
from crosswind.prove.observed import Call, Differences, differences
from crosswind.report import collect

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"


class Decided:
    """Everything that a world has decided, drained phase by phase: its log keeps the last ones alone."""

    def __init__(self, process: WorldProcess) -> None:
        self._process = process
        self._since = 0
        self.rows: list[dict[str, Any]] = []

    def drain(self) -> None:
        while True:
            page = self._process.decisions(self._since)
            self.rows += page["decisions"]
            if page["next"] == self._since:
                return
            self._since = page["next"]


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """All that was decided from the bootstrap of the example to its removal."""
    process = wire.world_process(wire.state(tmp_path_factory.mktemp("world"), cache=CACHE))
    endpoint = process.start(port=0).endpoint
    try:
        decided = Decided(process)
        declared, root = wire.topology(wire.example())
        topology = with_short_intervals(declared)
        administrator = wire.sessions({}, endpoint)
        deploy.Applier(administrator).apply(deploy.plan_bootstrap(topology, administrator)).raise_first()
        sessions = wire.deployer_sessions(topology, endpoint)
        deploy.Applier(sessions).apply(deploy.plan_deploy(topology, root, sessions)).raise_first()
        decided.drain()
        runs = wire.pipeline_runs(topology, sessions, lambda _: None).run(300)
        collect(topology, sessions, runs)  # it walks back from the model too
        assert wire.reaper(topology, sessions).survey().failures == ()
        deploy.plan_deploy(topology, root, sessions)  # it compares what is there
        decided.drain()
        deploy.Applier(sessions).apply(deploy.plan_destroy(topology, sessions)).raise_first()
        assert deploy.leftovers(topology, sessions) == ()
        decided.drain()
        yield decided.rows
    finally:
        process.stop()


@pytest.fixture(scope="module")
def table() -> list[Flow]:
    topology, root = wire.topology(wire.example())
    stacks = Stacks(wire.every_stack(topology, root), topology.partition)
    return list(flows(Estate(topology, read_documents(stacks), stacks)))


def calls(decisions: list[dict[str, Any]]) -> list[Call]:
    """What was asked under roles and by services; root, who makes the deployer's role, is an administrator."""
    return [
        Call(each["principal"], each["action"], each["resource"])
        for each in decisions
        if not each["principal"].endswith(":root")
    ]


def test_nothing_was_refused(decisions: list[dict[str, Any]]) -> None:
    assert [each for each in decisions if each["effect"] != "Allow"] == []


def test_the_tables_and_the_run_agree_both_ways(decisions: list[dict[str, Any]], table: list[Flow]) -> None:
    found = differences(table, calls(decisions))
    assert found.none, f"\n{found.text}"


def test_a_row_that_is_left_out_is_told(decisions: list[dict[str, Any]], table: list[Flow]) -> None:
    found = differences([each for each in table if each.action != "glue:StartJobRun"], calls(decisions))
    assert [each.action for each in found.unknown] == ["glue:StartJobRun"]
    assert "called, and in no table" in found.text


def test_a_call_that_never_came_is_told(decisions: list[dict[str, Any]], table: list[Flow]) -> None:
    kept = [each for each in calls(decisions) if each.action != "glue:StartJobRun"]
    found: Differences = differences(table, kept)
    assert [each.action for each in found.unseen] == ["glue:StartJobRun"]
    assert "marked as observed, and not called" in found.text

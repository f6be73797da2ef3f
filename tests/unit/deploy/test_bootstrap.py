"""What an administrator makes once: a deploy without it is refused before anything changes."""

from __future__ import annotations

import pytest

from crosswind.deploy import plan_bootstrap, plan_deploy
from crosswind.errors import NotBootstrappedError
from crosswind.topology import Topology
from tests.unit.deploy.conftest import DATA, EXAMPLE, HUB, Apply
from tests.unit.deploy.memory import MemoryAws

_READS = ("describe_", "get_", "list_", "head_")


def test_a_deploy_without_boundaries_is_refused_and_changes_nothing(bare: MemoryAws, topology: Topology) -> None:
    with pytest.raises(NotBootstrappedError) as caught:
        plan_deploy(topology, EXAMPLE, bare.sessions)
    assert f"data ({DATA}), hub ({HUB})" in caught.value.message
    assert "crosswind bootstrap" in caught.value.hint
    assert bare.sessions.calls
    assert all(call.operation.startswith(_READS) for call in bare.sessions.calls)


def test_it_names_the_accounts_that_lack_them(aws: MemoryAws, topology: Topology) -> None:
    (gone,) = [key for key in aws.stacks if key[2] == "unified-pipelines-deployer-data"]
    del aws.stacks[gone]
    with pytest.raises(NotBootstrappedError, match=r"in data \(222222222222\):"):
        plan_deploy(topology, EXAMPLE, aws.sessions)


def test_a_bootstrap_of_before_boundaries_is_not_enough(aws: MemoryAws, topology: Topology, apply: Apply) -> None:
    for key, stack in aws.stacks.items():
        if "deployer" in key[2]:
            stack.template["Outputs"].pop("BoundaryArn")
    with pytest.raises(NotBootstrappedError):
        plan_deploy(topology, EXAMPLE, aws.sessions)
    plan = plan_bootstrap(topology, aws.sessions)
    assert [(step.change, step.because) for step in plan.changes] == [("update", "its template differs")] * 2  # type: ignore[union-attr]  # stacks alone
    apply(plan)[0].raise_first()
    assert plan_deploy(topology, EXAMPLE, aws.sessions).changes

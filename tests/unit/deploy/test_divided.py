"""A topology in more stacks than one a site: deployed in order, grown, and removed."""

from __future__ import annotations

from pathlib import Path

from crosswind.deploy import plan_bootstrap, plan_deploy, plan_destroy
from crosswind.synth import Limits, outlines
from crosswind.topology import load
from tests.generated import Size, written
from tests.unit.deploy.conftest import Apply
from tests.unit.deploy.memory import MemoryAws


def test_a_divided_topology_is_deployed_grows_and_goes(bare: MemoryAws, apply: Apply, tmp_path: Path) -> None:
    """Nothing is in two stacks at once: a stack gives up a job before another one takes it."""
    limits = Limits(size=12_000)
    few, many = (written(tmp_path / str(count), Size(accounts=2, regions=2, pipelines=count)) for count in (4, 12))
    for file in (few, many):
        topology = load(file)
        apply(plan_bootstrap(topology, bare.sessions, limits))[0].raise_first()
        outcome, events = apply(plan_deploy(topology, file.parent, bare.sessions, limits))
        assert outcome.ok, outcome.failures
        assert plan_deploy(topology, file.parent, bare.sessions, limits).changes == ()
        ended = [event.step.id for event in events if event.kind == "done"]
        for stack in outlines(topology, limits):
            for need in stack.needs:
                if not need.late:
                    assert ended.index(f"stack/{need.stack}") < ended.index(f"stack/{stack.name}")
    names = {name for _, _, name in (*bare.stacks, *bare.stacksets)}
    assert any("-jobs-" in name for name in names)
    gone, _ = apply(plan_destroy(topology, bare.sessions, limits))
    assert gone.ok, [(each.step.id, each.note) for each in gone.failures]
    left = {name for _, _, name in (*bare.stacks, *bare.stacksets)}
    assert all("-deployer-" in name or "-rights-" in name for name in left)

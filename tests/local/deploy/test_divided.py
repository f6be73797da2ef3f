"""A topology in more stacks than one a site, in the local world: deployed under its roles, grown, removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswind.aws import AwsSessions
from crosswind.cli import wire
from crosswind.deploy import Applier, Plan, leftovers, plan_bootstrap, plan_bootstrap_removal, plan_deploy, plan_destroy
from crosswind.synth import Limits, outlines
from crosswind.topology import Topology, load
from tests.generated import Size, written

# One unit or two a stack: as if CloudFormation took less.
LIMITS = Limits(size=12_000)


def without_airflow(plan: Plan) -> Plan:
    """MWAA is not what this is about, and takes minutes."""
    steps = tuple(step for step in plan.steps if not step.id.startswith("stack/gen-airflow"))
    return Plan(plan.topology, plan.verb, steps, plan.messages)


def in_fresh_accounts(file: Path, first: int) -> Topology:
    topology = load(file)
    accounts = {
        name: account.model_copy(update={"id": str(first + number)})
        for number, (name, account) in enumerate(sorted(topology.accounts.items()))
    }
    return topology.model_copy(update={"accounts": accounts})


@pytest.fixture
def sizes(tmp_path: Path) -> tuple[tuple[Topology, Path], ...]:
    """A topology, and the same once it has grown."""
    file = written(tmp_path, Size(accounts=1, regions=2, pipelines=9))
    many = in_fresh_accounts(file, 310000000001)
    names = sorted(many.pipelines)[:3]
    run = {step.run for name in names for step in many.pipelines[name].steps}
    few = {"pipelines": {name: many.pipelines[name] for name in names}, "replications": {}}
    few["jobs"] = {name: job for name, job in many.jobs.items() if name in run}
    return (many.model_copy(update=few), file.parent), (many, file.parent)


def test_it_is_deployed_grows_and_goes(administrator: AwsSessions, sizes: tuple[tuple[Topology, Path], ...]) -> None:
    for topology, root in sizes:
        Applier(administrator).apply(plan_bootstrap(topology, administrator, LIMITS)).raise_first()
        deployer = wire.deployer_sessions(topology, administrator.endpoint)
        plan = without_airflow(plan_deploy(topology, root, deployer, LIMITS))
        Applier(deployer).apply(plan).raise_first()
        again = without_airflow(plan_deploy(topology, root, deployer, LIMITS))
        assert [step.id for step in again.changes] == []
    assert sum(stack.part == "jobs" for stack in outlines(topology, LIMITS)) > 2
    Applier(deployer).apply(plan_destroy(topology, deployer, LIMITS)).raise_first()
    # Keys go after their waiting period.
    assert {each.kind for each in leftovers(topology, deployer, limits=LIMITS)} == {"key"}
    Applier(administrator).apply(plan_bootstrap_removal(topology, administrator, LIMITS)).raise_first()
    assert {each.kind for each in leftovers(topology, administrator, bootstrap=True, limits=LIMITS)} == {"key"}

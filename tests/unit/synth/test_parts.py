"""Templates within CloudFormation's limits: divided by name, stable, and whole where one stack holds everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.synth import Limits, Stack, compact, deployer_stacks, outlines
from crosswind.synth.layout import Layout
from crosswind.synth.parts import FIRST, before, divided, within
from crosswind.topology import Topology
from tests.generated import Size
from tests.generated import topology as generated

NAMES = st.lists(st.text("abcdefgh_0123456789", min_size=1, max_size=8), unique=True, max_size=60)
SMALL = Limits(size=14_000)


def at_most(count: int, room: int = 0) -> Callable[[Sequence[str], str], bool]:
    """Parts of some names; fewer in the first, where other things take their room."""
    return lambda names, part: len(names) <= (count - room if part == FIRST else count)


def where(parts: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: part for part, names in parts.items() for name in names}


@given(NAMES, st.integers(1, 9), st.integers(0, 9))
def test_every_name_is_in_one_part_and_every_part_fits(names: list[str], count: int, room: int) -> None:
    parts = divided(names, at_most(count, room))
    assert sorted(name for some in parts.values() for name in some) == sorted(names)
    for part, some in parts.items():
        assert len(some) <= max(0, count - room if part == FIRST else count)
        assert list(some) == [name for name in names if name in some]


@given(NAMES, st.integers(1, 9), st.randoms())
def test_the_order_of_names_changes_nothing(names: list[str], count: int, random: Any) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)
    assert where(divided(names, at_most(count))) == where(divided(shuffled, at_most(count)))


@given(NAMES, st.text("xyz", min_size=9, max_size=12), st.integers(2, 9))
def test_one_more_name_moves_names_out_of_one_part_at_most(names: list[str], more: str, count: int) -> None:
    """And only into parts that come after it."""
    old, new = (where(divided(some, at_most(count))) for some in (names, [*names, more]))
    moved = {name for name in names if old[name] != new[name]}
    assert len({old[name] for name in moved}) <= 1
    parts = sorted(set(new.values()))
    for name in moved:
        line = [new[name]]
        while line[-1] != old[name]:
            line.append(before(line[-1], [*parts, old[name]]))
            assert line[-1], (name, line)


@given(NAMES)
def test_what_fits_stays_where_it_was(names: list[str]) -> None:
    assert divided(names, at_most(60)) == ({FIRST: tuple(names)} if names else {})


@pytest.fixture(scope="module", params=["single", "site", "pipeline"])
def grown(request: pytest.FixtureRequest) -> Topology:
    return generated(Size(accounts=2, regions=2, pipelines=30), roles=request.param)


def test_a_small_topology_keeps_its_stacks(topology: Topology) -> None:
    assert {stack.part for stack in outlines(topology)} <= {"stacksets", "site", "network", "airflow"}
    assert len({stack.site for stack in deployer_stacks(topology)}) == len(deployer_stacks(topology))


def test_a_grown_one_is_divided_and_every_part_fits(grown: Topology) -> None:
    stacks = outlines(grown, SMALL)
    parts = [stack for stack in stacks if stack.part in ("site", "jobs", "connections")]
    assert {"jobs", "site"} <= {stack.part for stack in parts}
    held = {stack.name: len(stack.template["Resources"]) for stack in parts}
    # One unit alone may be over a limit as low as this.
    over = [stack for stack in parts if not within(stack, SMALL)]
    assert all(sum(each["Type"] == "AWS::IAM::Role" for each in s.template["Resources"].values()) <= 1 for s in over)
    assert all(held.values())


def test_nothing_is_lost_or_made_twice(grown: Topology) -> None:
    whole, parts = (outlines(grown, limits) for limits in (Limits(10**9, 10**9), SMALL))

    def named(stacks: Sequence[Stack]) -> list[tuple[str, str, str, str]]:
        names = ("RoleName", "Name", "FunctionName", "BucketName", "LogGroupName", "AliasName")
        return sorted(
            (stack.account, stack.region, each["Type"], each["Properties"][name])
            for stack in stacks
            for each in stack.template["Resources"].values()
            for name in names
            if isinstance(each["Properties"].get(name), str)
        )

    assert named(parts) == named(whole)
    assert len(set(named(parts))) == len(named(parts))


def test_buckets_never_leave_their_sites_first_stack(grown: Topology) -> None:
    for stack in outlines(grown, SMALL):
        if any(each["Type"] == "AWS::S3::Bucket" for each in stack.template["Resources"].values()):
            assert stack.part in ("site", "network")


def test_every_part_comes_after_what_it_needs(grown: Topology) -> None:
    stacks = outlines(grown, SMALL)
    by_name = {stack.name: stack for stack in stacks}
    for stack in stacks:
        for need in stack.needs:
            if need.output:
                assert need.output in by_name[need.stack].outputs
            if need.parameter:
                assert need.parameter in stack.parameters
        fed = {need.parameter for need in stack.needs if need.parameter} | set(stack.object_versions)
        assert {name for name, default in stack.parameters.items() if default is None} <= fed
        if stack.part == "jobs":
            assert any(by_name[need.stack].part == "site" for need in stack.needs)


def test_a_hub_with_many_connections_is_divided() -> None:
    topology = generated(Size(accounts=60, regions=4, pipelines=3))
    stacks = outlines(topology)
    parts = [stack for stack in stacks if stack.part in ("airflow", "connections")]
    assert len(parts) > 1
    for stack in stacks:
        compact(stack.template, name=stack.name)
    secrets = [each for stack in parts for each in stack.template["Resources"].values() if "Secret" in each["Type"]]
    assert len(secrets) == len(Layout(topology).connections)
    assert all(
        need.stack == parts[0].name for stack in parts[1:] for need in stack.needs if need.stack == parts[0].name
    )


def test_a_deployer_with_many_rights_has_some_in_another_stack() -> None:
    topology = generated(Size(accounts=2, regions=2, pipelines=30))
    stacks = outlines(topology)
    rights, role = (each for each in deployer_stacks(topology, stacks, Limits(size=20_000)) if each.site == "hub")
    assert (rights.name, [need.stack for need in role.needs]) == ("gen-rights-hub", ["gen-rights-hub"])
    attached = role.template["Resources"]["DeployerRole"]["Properties"]["ManagedPolicyArns"]
    apart = [each["Properties"]["ManagedPolicyName"] for each in rights.template["Resources"].values()]
    named = [arn["Fn::Sub"].rpartition("/")[2] for arn in attached if "Fn::Sub" in arn]
    assert sorted(named) == sorted(apart)
    (whole,) = (each for each in deployer_stacks(topology, stacks, Limits(size=10**9)) if each.site == "hub")
    assert len(whole.template["Resources"]["DeployerRole"]["Properties"]["ManagedPolicyArns"]) == len(attached)

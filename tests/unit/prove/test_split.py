"""What is divided is proven like what is whole: roles with several policies, and sites with several stacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosswind.synth import Limits
from tests.generated import Size, written
from tests.unit.prove.declared import Declared, stacks_of


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """One role for two sites of an account with many jobs; its far site's stack holds it."""
    return Declared.of(
        written(tmp_path_factory.mktemp("wide"), Size(accounts=1, regions=2, pipelines=60), roles="single")
    )


def resources(declared: Declared, kind: str, *, part: tuple[str, ...]) -> list[str]:
    return [
        name
        for stack in declared.stacks
        if stack.part in part
        for name, each in stack.template["Resources"].items()
        if each["Type"] == kind
    ]


def test_a_wide_role_is_split_in_a_stack_set(wide: Declared) -> None:
    assert len(resources(wide, "AWS::IAM::ManagedPolicy", part=("site", "jobs"))) > 1
    assert len(resources(wide, "AWS::IAM::ManagedPolicy", part=("stacksets",))) > 1


def test_it_is_proven(wide: Declared) -> None:
    assert [f"{each.kind.value}: {each.says}" for each in wide.proof.findings] == []


def test_the_type_is_activated_for_stack_sets_only_where_one_has_a_policy(wide: Declared, example: Declared) -> None:
    def named(declared: Declared) -> bool:
        deployers = [stack for stack in declared.stacks if stack.part == "deployer"]
        return any("AWS-IAM-ManagedPolicy" in str(stack.template) for stack in deployers)

    assert named(wide)
    assert not named(example)


@pytest.mark.parametrize("roles", ["single", "site", "pipeline"])
def test_a_topology_in_many_stacks_is_proven(tmp_path_factory: pytest.TempPathFactory, roles: str) -> None:
    """With keys, whose ARNs then go from the site's first stack to the others."""
    file = written(tmp_path_factory.mktemp("parts"), Size(accounts=2, regions=2, pipelines=12), roles=roles)
    declared = Declared.of(file)
    stacks = stacks_of(declared.topology, Limits(size=9_000))
    assert {"jobs", "site"} <= {stack.part for stack in stacks}
    found = replace(declared, stacks=stacks).proof.findings
    assert [f"{each.kind.value}: {each.says}" for each in found] == []

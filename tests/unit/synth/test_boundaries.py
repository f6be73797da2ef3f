"""Permissions boundaries: on every role, the same whatever the pipelines, within IAM's limit, and never about IAM."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crosswind.synth import Stack, deployer_stacks, outlines
from crosswind.synth.packing import POLICY_CHARACTERS, size
from crosswind.topology import Topology
from tests.generated import Size
from tests.generated import topology as generated
from tests.unit.synth.conftest import moved, stacks_of

MAKERS = ("-deployer", "-stackset-execution")


def every_stack(topology: Topology) -> tuple[Stack, ...]:
    stacks = outlines(topology)
    return (*stacks, *deployer_stacks(topology, stacks))


def roles(stacks: tuple[Stack, ...]) -> Iterator[tuple[Stack, Mapping[str, Any]]]:
    for stack in stacks:
        for each in stack.template["Resources"].values():
            if each["Type"] == "AWS::IAM::Role":
                yield stack, each["Properties"]


def boundary(stack: Stack, name: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = stack.template["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]
    return statements


def actions(stack: Stack, role: Mapping[str, Any]) -> set[str]:
    attached = [stack.template["Resources"][arn["Ref"]]["Properties"] for arn in role.get("ManagedPolicyArns", [])]
    statements = [
        each for held in (*role.get("Policies", []), *attached) for each in held["PolicyDocument"]["Statement"]
    ]
    granted = [each.get("Fn::If", [0, each])[1]["Action"] for each in statements]
    return {action for each in granted for action in ([each] if isinstance(each, str) else each)}


def test_every_role_has_one(topology: Topology) -> None:
    for _, role in roles(stacks_of(topology)):
        name = "deployer-boundary" if role["RoleName"].endswith(MAKERS) else "boundary"
        assert role["PermissionsBoundary"] == {
            "Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{topology.name}-{name}"
        }
    for _, role in roles(deployer_stacks(topology)):
        assert role["PermissionsBoundary"] == {"Ref": "DeployerBoundary"}


def test_they_are_the_same_whatever_the_pipelines() -> None:
    few, many = (generated(Size(accounts=2, regions=2, pipelines=count)) for count in (1, 40))
    for one, other in zip(deployer_stacks(few), deployer_stacks(many), strict=True):
        for name in ("Boundary", "DeployerBoundary"):
            assert boundary(one, name) == boundary(other, name)


def test_they_fit_with_the_longest_name_and_partition(example: Topology) -> None:
    data = example.model_dump(mode="json", by_alias=True) | {"name": "a" * 32}
    longest = moved(Topology.model_validate_json(json.dumps(data)), "aws-us-gov")
    for stack in deployer_stacks(longest):
        for name in ("Boundary", "DeployerBoundary"):
            document = stack.template["Resources"][name]["Properties"]["PolicyDocument"]
            assert size(document) <= POLICY_CHARACTERS


def test_they_are_sorted_and_allow_no_everything(topology: Topology) -> None:
    for stack in deployer_stacks(topology):
        for name in ("Boundary", "DeployerBoundary"):
            for statement in boundary(stack, name):
                assert statement["Action"] == sorted(statement["Action"])
                assert "*" not in statement["Action"]
        granted = {a for s in boundary(stack, "Boundary") for a in s["Action"] if a.startswith("iam:")}
        assert granted == {"iam:PassRole"}
        assert all(s["Effect"] == "Allow" for s in boundary(stack, "Boundary"))


@pytest.mark.parametrize("roles_", ["single", "site", "pipeline"])
def test_they_hold_all_that_any_role_does(topology: Topology, roles_: str) -> None:
    """So that nothing which synthesis grants is cut off unseen; resources are the proof's affair."""
    for each in (topology, generated(Size(accounts=2, regions=2, pipelines=9), roles=roles_)):
        stacks = every_stack(each)
        capped = {
            name: {a for s in boundary(stacks[-1], name) if s["Effect"] == "Allow" for a in s["Action"]}
            for name in ("Boundary", "DeployerBoundary")
        }
        for stack, role in roles(stacks):
            allowed = capped["DeployerBoundary" if role["RoleName"].endswith(MAKERS) else "Boundary"]
            for action in actions(stack, role):
                assert any(fnmatch.fnmatchcase(action, pattern) for pattern in allowed), (role["RoleName"], action)

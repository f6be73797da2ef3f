"""Permissions boundaries are proven: that roles have them, that they let enough through, and nothing that none may."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crosswind.prove import Finding, Proof
from tests.unit.prove.declared import Declared, new


def edited(declared: Declared, name: str, change: Callable[[dict[str, Any]], object], part: str = "") -> Declared:
    """The same with every resource of a logical id changed, in stacks of a part."""
    stacks = [replace(each, template=copy.deepcopy(each.template)) for each in declared.stacks]
    found = [
        s.template["Resources"][name]["Properties"]
        for s in stacks
        if name in s.template["Resources"] and part in s.part
    ]
    assert found
    for each in found:
        change(each)
    return replace(declared, stacks=tuple(stacks))


def findings(proof: Proof, declared: Declared, kind: str) -> list[Finding]:
    return [each for each in new(proof, declared.proof) if each.kind.value == kind]


def planted(action: str) -> Callable[[dict[str, Any]], None]:
    def plant(properties: dict[str, Any]) -> None:
        statement = {"Sid": "Planted", "Effect": "Allow", "Action": action, "Resource": "*"}
        properties["PolicyDocument"]["Statement"].append(statement)

    return plant


def test_a_role_without_its_boundary_cannot_be_made(example: Declared, proof: Proof) -> None:
    bare = edited(example, "CrossAccountRole", lambda each: each.pop("PermissionsBoundary"), part="site")
    found = findings(proof, bare, "missing")
    assert any("iam:CreateRole" in each.says for each in found)
    assert {each.sid for each in found} <= {"MakeRoles", "GrantRoles"}


def test_a_role_with_the_makers_boundary_cannot_be_made(example: Declared, proof: Proof) -> None:
    def widen(role: dict[str, Any]) -> None:
        role["PermissionsBoundary"] = {
            "Fn::Sub": role["PermissionsBoundary"]["Fn::Sub"].replace("-boundary", "-deployer-boundary")
        }

    found = findings(proof, edited(example, "CrossAccountRole", widen, part="site"), "missing")
    assert any("iam:CreateRole" in each.says for each in found)


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("iam:*", "makes a user"),
        ("s3:*", "removes a bucket"),
        ("iam:PassRole", "passes a role of others"),
        ("sts:AssumeRole", "takes the role of a stranger"),
        ("cloudformation:*", "deploys"),
    ],
)
def test_a_boundary_that_lets_too_much_through(example: Declared, proof: Proof, action: str, says: str) -> None:
    found = findings(proof, edited(example, "Boundary", planted(action)), "open")
    assert any(says in each.says for each in found)


@pytest.mark.parametrize(
    ("sid", "says"),
    [("KeepBoundaries", "changes its boundary"), ("KeepDeployer", "lets others become the deployer")],
)
def test_the_makers_boundary_without_a_guard(example: Declared, proof: Proof, sid: str, says: str) -> None:
    def drop(properties: dict[str, Any]) -> None:
        document = properties["PolicyDocument"]
        document["Statement"] = [each for each in document["Statement"] if each["Sid"] != sid]

    found = findings(proof, edited(example, "DeployerBoundary", drop), "open")
    assert any(says in each.says for each in found)


@pytest.mark.parametrize("service", ["airflow", "glue", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"])
def test_a_boundary_that_lets_too_little_through(example: Declared, proof: Proof, service: str) -> None:
    def drop(properties: dict[str, Any]) -> None:
        for each in properties["PolicyDocument"]["Statement"]:
            each["Action"] = [action for action in each["Action"] if not action.startswith(f"{service}:")] or [
                "a4b:None"
            ]

    found = findings(proof, edited(example, "Boundary", drop), "missing")
    assert any(f"{service}:" in each.says for each in found)


@pytest.mark.parametrize("sid", ["MakeRoles", "GrantRoles"])
def test_a_deployer_that_need_not_bound_a_role(example: Declared, proof: Proof, sid: str) -> None:
    def loosen(properties: dict[str, Any]) -> None:
        for each in properties["PolicyDocument"]["Statement"]:
            if each["Sid"] == sid:
                del each["Condition"]

    found = findings(proof, edited(example, "RolesPolicy", loosen), "open")
    said = " ".join(each.says for each in found)
    assert "makes a role without its boundary, or adds to one" in said
    assert "with a boundary of its own choice" in said


@pytest.mark.parametrize("action", ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeleteRolePermissionsBoundary"])
def test_a_deployer_that_may_change_boundaries(example: Declared, proof: Proof, action: str) -> None:
    found = findings(proof, edited(example, "RolesPolicy", planted(action)), "open")
    assert any("boundary" in each.says for each in found)

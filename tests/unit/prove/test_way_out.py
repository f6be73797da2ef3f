"""Calls from a network with endpoints alone: each needs an endpoint, whose policy lets it by."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crosswind.prove import Finding, FindingKind
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared


@pytest.fixture(scope="module")
def closed() -> Declared:
    return Declared.of(TOPOLOGIES["existing"])


def findings(declared: Declared, change: Callable[[dict[str, Any]], None]) -> list[Finding]:
    stacks = [replace(each, template=copy.deepcopy(each.template)) for each in declared.stacks]
    for stack in stacks:
        if stack.part == "network":
            change(stack.template["Resources"])
    return list(replace(declared, stacks=tuple(stacks)).proof.findings)


def test_a_service_without_an_endpoint_is_out_of_reach(closed: Declared) -> None:
    def change(resources: dict[str, Any]) -> None:
        del resources["GlueEndpoint"]

    found = findings(closed, change)
    assert found
    assert {each.kind for each in found} == {FindingKind.MISSING}
    assert all("no VPC endpoint leads to glue" in each.says for each in found)
    assert all(each.fix == "give the hub's network an interface endpoint for glue" for each in found)
    assert all(each.asks.startswith("pipelines.") for each in found)


def test_a_policy_that_leaves_an_account_out_is_told(closed: Declared) -> None:
    def change(resources: dict[str, Any]) -> None:
        statement = resources["StsEndpoint"]["Properties"]["PolicyDocument"]["Statement"][0]
        statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] = ["131313131313"]

    found = findings(closed, change)
    assert found
    assert {each.kind for each in found} == {FindingKind.MISSING}
    assert all(": sts:" in each.flow for each in found)
    assert all("no VPC endpoint" not in each.says for each in found)


def test_jobs_at_sites_do_not_come_that_way(closed: Declared) -> None:
    def change(resources: dict[str, Any]) -> None:
        del resources["S3Endpoint"]

    found = findings(closed, change)
    jobs = {closed.topology.jobs[name].existing_role for name in closed.topology.jobs}
    assert found
    assert not {each.holder for each in found} & jobs

"""Every golden topology is proven, in every partition and with any number of roles."""

from __future__ import annotations

import pytest

from crosswind.prove import EXCEPTIONS, Proof
from crosswind.topology import Topology
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared, stacks_of
from tests.unit.synth.conftest import moved


def told(proof: Proof) -> list[str]:
    return [f"{each.kind.value}: {each.says}" for each in proof.findings]


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_a_golden_topology_is_proven(name: str) -> None:
    assert told(Declared.of(TOPOLOGIES[name]).proof) == []


@pytest.mark.parametrize("roles", ["single", "site", "pipeline"])
@pytest.mark.parametrize("name", ["unified_pipelines", "movers", "three_accounts"])
def test_it_is_with_any_number_of_roles(name: str, roles: str) -> None:
    declared = Declared.of(TOPOLOGIES[name])
    data = declared.topology.model_dump(mode="json", by_alias=True) | {"roles": roles}
    topology = Topology.model_validate(data, strict=False)
    assert told(Declared(topology, declared.places, stacks_of(topology)).proof) == []


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
@pytest.mark.parametrize("name", ["unified_pipelines", "customer_keys"])
def test_it_is_in_every_partition(name: str, partition: str) -> None:
    declared = Declared.of(TOPOLOGIES[name])
    topology = moved(declared.topology, partition)
    proof = Declared(topology, declared.places, stacks_of(topology)).proof
    assert told(proof) == []
    assert all(f"arn:{partition}:" in each.holder for each in proof.exceptions)


def test_the_exceptions_of_the_example_have_reasons(proof: Proof) -> None:
    assert {each.sid for each in proof.exceptions} <= {each.sid for each in EXCEPTIONS}
    assert all(each.reason for each in proof.exceptions)
    assert {each.sid for each in proof.exceptions} == {"HubLists", "HubReads", "UseQueueKey"}

"""Topologies to synthesize, and their stacks as deployed: every parameter fed from the outputs that feed it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from crosswind.synth import Stack, inline_sources, synth
from crosswind.topology import Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.resolve import Resolved, resolved

REGIONS = {
    "aws": {},
    "aws-cn": dict.fromkeys(
        ("us-east-1", "eu-central-1", "eu-west-1"), "cn-north-1"
    ) | dict.fromkeys(("us-west-2", "eu-north-1"), "cn-northwest-1"),
    "aws-us-gov": dict.fromkeys(
        ("us-east-1", "eu-central-1", "eu-west-1"), "us-gov-west-1"
    ) | dict.fromkeys(("us-west-2", "eu-north-1"), "us-gov-east-1"),
}  # fmt: skip


def moved(topology: Topology, partition: str) -> Topology:
    """The same topology in another partition."""
    regions = REGIONS[partition]
    data = topology.model_dump(mode="json", by_alias=True)
    data["partition"] = partition
    for place in (data["hub"], *data["sites"].values()):
        place["region"] = regions.get(place["region"], place["region"])
    return Topology.model_validate_json(json.dumps(data))


def stacks_of(topology: Topology) -> tuple[Stack, ...]:
    return synth(topology, dict.fromkeys(inline_sources(topology), "def handler(event, context):\n    return {}\n"))


def deployed(stacks: tuple[Stack, ...], partition: str = "aws") -> dict[str, Resolved]:
    """Every stack resolved, twice: first without what comes late, then with all outputs fed on."""
    outputs: dict[str, Mapping[str, str]] = {}
    found: dict[str, Resolved] = {}
    for _ in range(2):
        for stack in stacks:
            parameters = {
                need.parameter: outputs[need.stack][need.output]
                for need in stack.needs
                if need.parameter and need.stack in outputs
            }
            found[stack.name] = resolved(stack, parameters, partition)
            outputs[stack.name] = found[stack.name].outputs
    return found


@pytest.fixture(scope="session", params=sorted(TOPOLOGIES))
def topology(request: pytest.FixtureRequest) -> Topology:
    return load(TOPOLOGIES[request.param])


@pytest.fixture(scope="session")
def example() -> Topology:
    return load(TOPOLOGIES["unified_pipelines"])


@pytest.fixture(scope="session")
def stacks(topology: Topology) -> tuple[Stack, ...]:
    return stacks_of(topology)

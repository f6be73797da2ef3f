"""Topologies to synthesize, and their stacks as deployed: every parameter fed from the outputs that feed it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from crosswind.synth import Stack, inline_sources, synth
from crosswind.topology import Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.resolve import Resolved, resolved

# Regions that stand for each other in the partitions, two of each; the first of a partition for all others of its row.
REGIONS = (
    {"aws": ("us-east-1", "eu-central-1", "eu-west-1"), "aws-cn": ("cn-north-1",), "aws-us-gov": ("us-gov-west-1",)},
    {"aws": ("us-west-2", "eu-north-1"), "aws-cn": ("cn-northwest-1",), "aws-us-gov": ("us-gov-east-1",)},
)


def moved(topology: Topology, partition: str) -> Topology:
    """The same topology in another partition."""
    data = topology.model_dump(mode="json", by_alias=True)
    data["partition"] = partition
    for place in (data["hub"], *data["sites"].values()):
        place["region"] = _region(place["region"], partition)
    for bucket in data["buckets"].values():
        if bucket["existing_key"] is not None:
            region = bucket["existing_key"].split(":")[3]
            bucket["existing_key"] = bucket["existing_key"].replace(region, _region(region, partition))
    # What is there already is named by ARN.
    text = json.dumps(data).replace(f'"arn:{topology.partition}:', f'"arn:{partition}:')
    return Topology.model_validate_json(text)


def _region(region: str, partition: str) -> str:
    row = next(each for each in REGIONS if region in {name for names in each.values() for name in names})
    return region if region in row[partition] else row[partition][0]


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

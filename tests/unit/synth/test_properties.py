"""Of generated topologies: templates do not depend on order, and a pipeline brings its own rights and no others."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crosswind.prove import prove, read_documents
from crosswind.prove.fed_stacks import Stacks
from crosswind.synth import pretty
from crosswind.topology import Topology
from crosswind.topology.places import Places
from tests.generated import Size, declared
from tests.unit.prove.declared import stacks_of

SOME = settings(max_examples=12, deadline=None)
SIZES = st.sampled_from([Size(1, 1, 3), Size(1, 2, 5), Size(2, 1, 6), Size(2, 2, 7)])
SEEDS = st.integers(1, 10_000)
ROLES = st.sampled_from(["site", "pipeline", "single"])
PARTITIONS = st.sampled_from(["aws", "aws-cn", "aws-us-gov"])
PLACES = Places("crosswind.yaml")

Rights = Mapping[str, frozenset[str]]
"""By the ARN of a role: each action with each resource, under which conditions."""


def topology(document: Mapping[str, Any]) -> Topology:
    return Topology.model_validate_json(json.dumps(document))


def rights(document: Mapping[str, Any]) -> Rights:
    """What each role may do, statement by statement or not."""
    made = topology(document)
    roles = read_documents(Stacks(stacks_of(made), made.partition)).roles
    return {
        arn: frozenset(
            json.dumps([statement.effect, action, resource, statement.raw.get("Condition")], sort_keys=True)
            for policy in role.identity
            for statement in policy.policy.statements
            for action in (*statement.actions, *statement.not_actions)
            for resource in (*statement.resources, *statement.not_resources)
        )
        for arn, role in roles.items()
    }


def found(document: Mapping[str, Any]) -> list[str]:
    """What a proof finds: nothing spare, nothing missing."""
    made = topology(document)
    return [f"{each.kind.value}: {each.says}" for each in prove(made, PLACES, stacks_of(made)).findings]


def without(document: Mapping[str, Any], pipeline: str) -> dict[str, Any]:
    """A topology without one of its pipelines, and without the jobs that only that one runs.

    Those go with it that wait for what nobody hands over any more.
    """
    left = copy.deepcopy(dict(document))
    steps = left["pipelines"].pop(pipeline)["steps"]
    kept = {step.get("run") for each in left["pipelines"].values() for step in each["steps"]}
    for job in {step["run"] for step in steps if "run" in step} - kept:
        del left["jobs"][job]
    written = {folder for job in left["jobs"].values() for folder in job.get("writes", [])}
    for each in left["replications"].values():
        if f"{each['from']}/{each['folder']}" not in written:
            for name in waiting(left, f"{each['to']}/{each['folder']}"):
                return without(left, name)
    return left


def waiting(document: Mapping[str, Any], folder: str) -> list[str]:
    """The pipelines that wait for a folder."""
    return [name for name, each in document["pipelines"].items() if folder in {s.get("wait") for s in each["steps"]}]


def serves(arn: str, pipeline: str) -> bool:
    """Whether a role is a pipeline's own, by its name."""
    return f"-{pipeline}" in arn or f"_{pipeline}" in arn


@SOME
@given(size=SIZES, seed=SEEDS, roles=ROLES, partition=PARTITIONS, order=st.integers(0, 1_000_000))
def test_the_order_of_declaration_changes_nothing(
    size: Size, seed: int, roles: str, partition: str, order: int
) -> None:
    document = declared(size, seed, roles, partition)
    mixed = shuffled(document, random.Random(order))
    stacks, others = stacks_of(topology(document)), stacks_of(topology(mixed))
    assert [stack.name for stack in stacks] == [stack.name for stack in others]
    assert [pretty(stack.template) for stack in stacks] == [pretty(stack.template) for stack in others]


def shuffled(content: Any, chance: random.Random) -> Any:
    """The same with all keys, and the folders that are listed, in another order; steps follow each other as before."""
    if isinstance(content, dict):
        keys = list(content)
        chance.shuffle(keys)
        return {key: content[key] if key == "steps" else shuffled(content[key], chance) for key in keys}
    if isinstance(content, list):
        return chance.sample(content, len(content))
    return content


@SOME
@given(size=SIZES, seed=SEEDS, roles=ROLES, which=st.integers(0, 1_000))
# An account that is left with buckets and keys alone; a replication that is left without whom it serves.
@example(size=Size(2, 2, 7), seed=17, roles="site", which=17)
@example(size=Size(2, 2, 7), seed=74, roles="site", which=934)
def test_removing_a_pipeline_removes_its_rights_and_no_others(size: Size, seed: int, roles: str, which: int) -> None:
    document = declared(size, seed, roles)
    pipeline = list(document["pipelines"])[which % len(document["pipelines"])]
    left = without(document, pipeline)
    gone = set(document["pipelines"]) - set(left["pipelines"])
    before, after = rights(document), rights(left)
    assert set(after) <= set(before)
    assert {arn for arn in set(before) - set(after) if not any(serves(arn, name) for name in gone)} == set()
    # All that is left is needed, and what is needed is left: so exactly its rights are gone.
    assert found(left) == []


@SOME
@given(size=SIZES, seed=SEEDS, which=st.integers(0, 1_000))
def test_with_roles_for_pipelines_those_of_the_others_stay_as_they_are(size: Size, seed: int, which: int) -> None:
    document = declared(size, seed, "pipeline")
    pipeline = list(document["pipelines"])[which % len(document["pipelines"])]
    left = without(document, pipeline)
    before, after, others = rights(document), rights(left), list(left["pipelines"])
    mine = [arn for arn in after if any(serves(arn, name) for name in others)]
    assert mine or not others
    assert {arn: after[arn] ^ before[arn] for arn in mine if after[arn] != before[arn]} == {}


@SOME
@given(
    size=st.sampled_from([Size(1, 2, 5), Size(2, 2, 7)]),
    seed=SEEDS,
    roles=st.sampled_from(["site", "pipeline"]),
    which=st.integers(0, 1_000),
)
def test_adding_a_pipeline_at_a_site_widens_no_other_site(size: Size, seed: int, roles: str, which: int) -> None:
    document = declared(size, seed, roles)
    site = sorted(document["sites"])[which % len(document["sites"])]
    more = copy.deepcopy(document)
    bucket = f"b{site[1:]}"
    more["jobs"]["added"] = {"type": "lambda", "site": site, "source": "jobs/sweep.py", "deletes": [f"{bucket}/raw"]}
    more["pipelines"]["added"] = {"dag": "dags/added.py", "steps": [{"run": "added"}]}
    before, after = rights(document), rights(more)
    new = {arn.rpartition("/")[2] for arn in set(after) - set(before)}
    assert {name for name in new if "added" not in name} == set()
    widened = {
        arn.rpartition("/")[2].removeprefix(f"{document['name']}-") for arn in before if after[arn] != before[arn]
    }
    allowed = {f"site-{site}", "execution", "deployer", "stackset-execution"}
    assert widened <= allowed, widened - allowed


@pytest.mark.parametrize("roles", ["site", "pipeline", "single"])
def test_the_rights_of_a_pipeline_are_there_and_go(roles: str) -> None:
    """The properties above are about something: a pipeline's job can be started with it, and cannot without it."""
    document = declared(Size(1, 2, 5), 3, roles)
    job = next(name for name, each in document["jobs"].items() if each["type"].startswith("glue"))
    (pipeline,) = [name for name, each in document["pipelines"].items() if {"run": job} in each["steps"]]

    def starts(some: Rights) -> bool:
        return any("glue:StartJobRun" in each and f"job/{job}" in each for held in some.values() for each in held)

    assert starts(rights(document))
    assert not starts(rights(without(document, pipeline)))

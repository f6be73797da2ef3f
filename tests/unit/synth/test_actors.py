"""Cross-account roles by `roles`: who may do what, under which role, and by which connection."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.synth import Stack, actors, compact, grants, names_file
from crosswind.synth.packing import POLICY_CHARACTERS, packed, size
from crosswind.topology import Names, Topology
from tests.unit.synth.conftest import deployed, stacks_of
from tests.unit.synth.resolve import Resolved, policies

LAYOUTS = ("single", "site", "pipeline")


def with_roles(topology: Topology, roles: str) -> Topology:
    return Topology.model_validate_json(json.dumps({**topology.model_dump(mode="json", by_alias=True), "roles": roles}))


def without_pipeline(topology: Topology, name: str) -> Topology:
    """The same without a pipeline; what comes after it comes after nothing."""
    data = topology.model_dump(mode="json", by_alias=True)
    del data["pipelines"][name]
    for pipeline in data["pipelines"].values():
        pipeline["after"] = None if pipeline["after"] == name else pipeline["after"]
    return Topology.model_validate_json(json.dumps(data))


def granted(topology: Topology) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """What each cross-account role may do: (action, resource) by account and role."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    world = deployed(stacks_of(topology))
    for actor in actors(topology, grants(topology)):
        account = topology.accounts[actor.account].id
        template = next(t for t in world.values() if t.stack.account == account and _holds(t, actor.role))
        found[account, actor.role] = {
            (action, resource)
            for where, kind, statements in policies(template)
            if kind == "identity"
            and where.startswith(actor.logical_id)
            and where in (actor.logical_id, where)
            and template.resources[where]["Properties"].get("RoleName") == actor.role
            for statement in statements
            for action in statement["Action"]
            for resource in statement["Resource"]
        }
    return found


def _holds(template: Resolved, role: str) -> bool:
    return any(each["RoleName"] == role for each in template.of("AWS::IAM::Role").values())


@pytest.mark.parametrize("roles", LAYOUTS)
def test_an_account_gets_the_same_rights_however_they_are_divided(topology: Topology, roles: str) -> None:
    """Whatever the layout: no right is lost, and none is added."""

    def by_account(found: dict[tuple[str, str], set[tuple[str, str]]]) -> dict[str, set[tuple[str, str]]]:
        accounts: dict[str, set[tuple[str, str]]] = {}
        for (account, _), rights in found.items():
            accounts.setdefault(account, set()).update(rights)
        return {account: outermost(rights) for account, rights in accounts.items()}

    def outermost(rights: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Without those that another pattern holds: who reads a folder needs no right on a record in it."""
        wide = [(action, resource) for action, resource in rights if resource.endswith("/*")]
        return {
            (action, resource)
            for action, resource in rights
            if not any(a == action and r != resource and resource.startswith(r[:-1]) for a, r in wide)
        }

    assert by_account(granted(with_roles(topology, roles))) == by_account(granted(with_roles(topology, "single")))


def test_a_sites_role_reaches_its_own_site(topology: Topology) -> None:
    """Buckets of other sites, and their keys, are touched only where Airflow moves objects from them."""
    divided, names = with_roles(topology, "site"), Names(topology)
    sites = {names.bucket(name): bucket.site for name, bucket in topology.buckets.items()}
    found = granted(divided)
    for actor in actors(divided, grants(divided)):
        place = divided.account_of(actor.sites[0]), divided.region_of(actor.sites[0])
        for action, resource in found[place[0], actor.role]:
            if resource == "*" or action in ("kms:Decrypt", "iam:PassRole"):
                continue
            _, _, service, region, account, rest = resource.split(":", 5)
            if service == "s3":
                fetched = action.startswith("s3:GetObjectVersion")
                assert sites[rest.partition("/")[0]] == actor.sites[0] or fetched, resource
            else:
                assert (account, region) == place, resource


def test_pipelines_have_roles_where_they_act_and_sites_one_for_what_they_leave_running(topology: Topology) -> None:
    divided = with_roles(topology, "pipeline")
    found = actors(divided, grants(divided))
    assert {actor.pipeline for actor in found} == {"", *divided.pipelines}
    assert {actor.sites[0] for actor in found if not actor.pipeline} == set(divided.sites)
    rights = granted(divided)
    for actor in found:
        if not actor.pipeline:
            kinds = {action for action, _ in rights[divided.accounts[actor.account].id, actor.role]}
            assert not {k for k in kinds if k.endswith((":StartJobRun", ":CreateTrainingJob", ":InvokeFunction"))}
            assert not {k for k in kinds if k.startswith("iam:") or (k.startswith("s3:") and "Put" in k)}


@pytest.mark.parametrize("roles", LAYOUTS)
def test_a_pipeline_more_changes_nobody_elses_grants(topology: Topology, roles: str) -> None:
    whole = with_roles(topology, roles)
    for name in whole.pipelines:
        less = without_pipeline(whole, name)
        kept = {each for each in grants(whole) if each.pipeline != name and f"pipelines.{name}." not in each.why}
        assert {each for each in grants(less) if f"pipelines.{name}." not in each.why} == kept


def test_a_pipeline_more_changes_no_other_pipelines_role(topology: Topology) -> None:
    whole = with_roles(topology, "pipeline")
    rights = granted(whole)
    for name in whole.pipelines:
        for role, found in granted(without_pipeline(whole, name)).items():
            if "-at-" in role[1]:
                assert found == rights[role]


def test_a_dag_finds_its_own_connection(topology: Topology) -> None:
    names = names_file(with_roles(topology, "pipeline"))
    for name, site in names["sites"].items():
        for pipeline, connection in site.get("connections", {}).items():
            assert connection == f"{topology.sites[name].connection}.{pipeline}"
    for roles in ("single", "site"):
        assert all("connections" not in site for site in names_file(with_roles(topology, roles))["sites"].values())


@pytest.mark.parametrize("roles", LAYOUTS)
def test_every_connection_leads_to_a_role_that_exists_and_trusts_airflow(topology: Topology, roles: str) -> None:
    stacks = stacks_of(with_roles(topology, roles))
    world = deployed(stacks)
    made = {
        f"arn:aws:iam::{t.stack.account}:role/{role['RoleName']}": role
        for t in world.values()
        for role in t.of("AWS::IAM::Role").values()
    }
    (airflow,) = [t for t in world.values() if t.stack.part == "airflow"]
    secrets = airflow.of("AWS::SecretsManager::Secret").values()
    assert len(secrets) == len({secret["Name"] for secret in secrets})
    for secret in secrets:
        connection: dict[str, Any] = json.loads(secret["SecretString"])["extra"]
        trust = made[connection["role_arn"]]["AssumeRolePolicyDocument"]["Statement"]
        external = trust[0]["Condition"]["StringEquals"]["sts:ExternalId"]
        assert connection["assume_role_kwargs"] == {"ExternalId": external}


def test_nothing_is_granted_to_the_hub_in_buckets_unless_one_role_serves_all(topology: Topology) -> None:
    def text(roles: str) -> str:
        stacks: tuple[Stack, ...] = stacks_of(with_roles(topology, roles))
        return "".join(compact(stack.template, inline=False) for stack in stacks)

    assert '"HubReads"' in text("single")
    assert '"HubReads"' not in text("site") + text("pipeline")


# -- packing -----------------------------------------------------------------------------------------------------

STATEMENTS = st.lists(
    st.builds(
        lambda sid, resources: {"Sid": f"S{sid}", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": resources},
        st.integers(0, 10**6),
        st.lists(st.text("abcdefgh", min_size=1, max_size=300), min_size=1, max_size=120, unique=True),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda statement: statement["Sid"],
)


@settings(max_examples=60, deadline=None)
@given(STATEMENTS)
def test_packing_keeps_every_right_within_the_limit(statements: list[dict[str, Any]]) -> None:
    parts = packed(statements)
    assert all(size({"Version": "2012-10-17", "Statement": part}) <= POLICY_CHARACTERS for part in parts)
    before = {(s["Sid"], r) for s in statements for r in s["Resource"]}
    after = [(s["Sid"], r) for part in parts for s in part for r in s["Resource"]]
    assert len(after) == len(before)
    assert {resource for _, resource in after} == {resource for _, resource in before}
    # A part could not have gone into the one before it.
    for one, other in pairwise(parts):
        assert size(one) + size(other[0]) > POLICY_CHARACTERS - 60

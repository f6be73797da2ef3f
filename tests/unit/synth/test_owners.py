"""What the owners of resources that are there already must add; and what templates then do not hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.synth import OwnerDocument, owner_documents
from crosswind.topology import Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import moved, stacks_of

VAULT, LAB, CLEANING = "bucket-acme-data-vault", "bucket-acme-science-lab", "role-GlueCleaning"


@pytest.fixture(scope="module")
def existing() -> Topology:
    return load(TOPOLOGIES["existing"])


@pytest.fixture(scope="module")
def owners(existing: Topology) -> dict[str, OwnerDocument]:
    return {each.file.removeprefix("owners/").removesuffix(".json"): each for each in owner_documents(existing)}


def policy(owner: OwnerDocument, part: str = "policy") -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for each in owner.policies[part]["Statement"]}


def test_there_is_one_for_each_thing_whoever_shares_it(owners: dict[str, OwnerDocument]) -> None:
    assert set(owners) == {
        VAULT,
        LAB,
        CLEANING,
        "key-0a0a0a0a-1b1b-2c2c-3d3d-4e4e4e4e4e4e",
        "key-mrk-5f5f5f5f6a6a7b7b8c8c9d9d9d9d9d9d",
        "role-Training",
    }
    assert owners[CLEANING].asks == ("jobs.clean.existing_role", "jobs.mark.existing_role")
    assert owners["key-0a0a0a0a-1b1b-2c2c-3d3d-4e4e4e4e4e4e"].asks == (
        "buckets.vault.existing_key",
        "buckets.work.existing_key",
    )


def test_templates_hold_nothing_of_them(existing: Topology) -> None:
    for stack in stacks_of(existing):
        for logical_id, each in stack.template["Resources"].items():
            named = json.dumps([each["Properties"].get(name) for name in ("BucketName", "Bucket", "RoleName")])
            assert "acme" not in named, logical_id
            assert "GlueCleaning" not in named, logical_id
            assert each["Type"] != "AWS::KMS::Key" or "Memo" in logical_id or "Desk" in logical_id


def test_a_handed_over_folder_of_theirs_stays_written_once(owners: dict[str, OwnerDocument]) -> None:
    statements = policy(owners[VAULT])
    once = statements["HandoversOnce"]
    assert once["Effect"] == "Deny"
    assert once["Resource"] == ["arn:aws:s3:::acme-data-vault/marks/*/handover.json"]
    assert once["Condition"] == {"Null": {"s3:if-none-match": "true"}}
    # Everybody else of theirs is left alone: no word on transport, nor on keys.
    assert not {"TlsOnly", "NoOtherKey", "NoOtherEncryption"} & set(statements)


def test_the_mover_of_another_account_may_fetch(owners: dict[str, OwnerDocument]) -> None:
    fetch = next(each for sid, each in policy(owners[VAULT]).items() if sid.startswith("Mover"))
    assert fetch["Principal"] == {"AWS": "arn:aws:iam::141414141414:root"}
    assert fetch["Condition"]["ArnEquals"] == {"aws:PrincipalArn": "arn:aws:iam::141414141414:role/existing-site-lab"}


def test_replicas_may_come_and_change_hands(owners: dict[str, OwnerDocument]) -> None:
    statements = policy(owners[LAB])
    assert statements["ReplicasFromWork"]["Action"] == ["s3:ReplicateObject", "s3:ReplicateTags"]
    assert statements["ReplicasFromWorkOwner"]["Action"] == ["s3:ObjectOwnerOverrideToBucketOwner"]
    assert "keeps versions: its versioning is Enabled" in owners[LAB].requires


def test_without_the_owner_override_the_bucket_must_own_what_it_holds(existing: Topology) -> None:
    data = existing.model_dump(mode="json", by_alias=True)
    data["replications"]["clean"]["owner"] = None
    (lab,) = [
        each
        for each in owner_documents(Topology.model_validate_json(json.dumps(data)))
        if each.file.endswith("lab.json")
    ]
    assert any("BucketOwnerEnforced" in words for words in lab.requires)


def test_jobs_that_share_a_role_have_each_statement_once(owners: dict[str, OwnerDocument]) -> None:
    raw = owners[CLEANING].policies["policy"]["Statement"]
    sids = [each["Sid"] for each in raw]
    assert len(sids) == len(set(sids))
    load_ = policy(owners[CLEANING])["LoadWork"]["Resource"]
    assert [arn.rpartition("/")[2] for arn in load_] == ["clean.py", "tidy.py"]
    (trust,) = owners[CLEANING].policies["trust"]["Statement"]
    assert trust["Principal"] == {"Service": ["glue.amazonaws.com"]}


def test_nothing_of_cloudformation_is_left_in_them(existing: Topology) -> None:
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        for each in owner_documents(moved(existing, partition)):
            text = json.dumps(each.as_dict())
            assert "Fn::" not in text
            assert "${" not in text
            assert each.arn.startswith(f"arn:{partition}:")


def test_a_topology_without_any_has_none() -> None:
    assert owner_documents(load(TOPOLOGIES["movers"])) == ()

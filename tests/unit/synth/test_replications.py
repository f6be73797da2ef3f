"""What the options of replications become in templates."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.synth import Stack
from crosswind.topology import Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import stacks_of


@pytest.fixture(scope="module")
def existing() -> Topology:
    return load(TOPOLOGIES["existing"])


def resources(stacks: tuple[Stack, ...], site: str) -> dict[str, Any]:
    return next(stack for stack in stacks if stack.site == site).template["Resources"]


def rules_of(stacks: tuple[Stack, ...], site: str, bucket: str) -> dict[str, dict[str, Any]]:
    configuration = resources(stacks, site)[bucket]["Properties"]["ReplicationConfiguration"]
    # To a bucket that is there already it goes from the first.
    configuration = configuration["Fn::If"][1] if "Fn::If" in configuration else configuration
    return {rule["Id"]: rule for rule in configuration["Rules"]}


def actions_on(statements: list[dict[str, Any]], head: str) -> dict[str, list[str]]:
    return {each["Sid"]: each["Action"] for each in statements if str(each.get("Sid", "")).startswith(head)}


def statements_of(stacks: tuple[Stack, ...], site: str, role: str) -> list[dict[str, Any]]:
    return list(resources(stacks, site)[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"])


def test_markers_owner_and_metrics_are_in_the_rule_that_asks(existing: Topology) -> None:
    stacks = stacks_of(existing)
    rule = rules_of(stacks, "lake", "MemoBucket")["notes"]
    assert rule["DeleteMarkerReplication"] == {"Status": "Enabled"}
    assert rule["Destination"]["Account"] == "141414141414"
    assert rule["Destination"]["Metrics"] == {"Status": "Enabled"}
    assert "AccessControlTranslation" not in rule["Destination"]
    other = rules_of(stacks, "lake", "WorkBucket")["clean"]
    assert other["DeleteMarkerReplication"] == {"Status": "Disabled"}
    assert other["Destination"]["AccessControlTranslation"] == {"Owner": "Destination"}
    assert "Metrics" not in other["Destination"]


def test_only_what_goes_both_ways_syncs_replicas(existing: Topology) -> None:
    stacks = stacks_of(existing)
    on = {"Status": "Enabled"}
    for site, bucket, rule in (("lake", "MemoBucket", "notes"), ("lab", "DeskBucket", "notes_back")):
        selected = rules_of(stacks, site, bucket)[rule]["SourceSelectionCriteria"]
        assert selected == {"ReplicaModifications": on, "SseKmsEncryptedObjects": on}
    assert "ReplicaModifications" not in rules_of(stacks, "lake", "WorkBucket")["clean"]["SourceSelectionCriteria"]


def test_each_side_has_a_role_and_policies_of_its_own(existing: Topology) -> None:
    stacks = stacks_of(existing)
    replicate = {
        "WriteReplicas": ["s3:ReplicateObject", "s3:ReplicateTags"],
        "WriteReplicasMarkers": ["s3:ReplicateDelete"],
    }
    for site, bucket, other in (("lake", "Memo", "Desk"), ("lab", "Desk", "Memo")):
        role = statements_of(stacks, site, f"{bucket}ReplicationRole")
        assert actions_on(role, "WriteReplicas") == replicate
        policy = resources(stacks, site)[f"{bucket}BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        assert set(actions_on(policy, "ReplicasFrom")) == {f"ReplicasFrom{other}", f"ReplicasFrom{other}Markers"}
        key = resources(stacks, site)[f"{bucket}Key"]["Properties"]["KeyPolicy"]["Statement"]
        assert set(actions_on(key, "ReplicasFrom")) == {f"ReplicasFrom{other}"}
    handed = statements_of(stacks, "lake", "WorkReplicationRole")
    assert actions_on(handed, "WriteReplicasOwner") == {"WriteReplicasOwner": ["s3:ObjectOwnerOverrideToBucketOwner"]}
    assert "WriteReplicasMarkers" not in actions_on(handed, "WriteReplicas")


def test_the_rights_are_on_the_folder_of_the_option_alone(existing: Topology) -> None:
    lake = statements_of(stacks_of(existing), "lake", "MemoReplicationRole")
    markers = next(each for each in lake if each["Sid"] == "WriteReplicasMarkers")
    assert markers["Resource"] == [{"Fn::Sub": "arn:${AWS::Partition}:s3:::${DeskBucketName}/notes/*"}]

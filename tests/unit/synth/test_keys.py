"""Keys of buckets' own: who may use which, for what, and how the stacks learn of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.synth import sagemaker_config
from crosswind.topology import Names, Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import deployed, stacks_of
from tests.unit.synth.resolve import Resolved, statements


def with_keys(topology: Topology) -> Topology:
    data = topology.model_dump(mode="json", by_alias=True)
    for bucket in data["buckets"].values():
        bucket |= {"encryption": "customer-key", "existing": None, "existing_key": None}
    for job in data["jobs"].values():
        job["existing_role"] = None
    return Topology.model_validate_json(json.dumps(data))


@pytest.fixture(scope="module")
def keyed(topology: Topology) -> Topology:
    return with_keys(topology)


@pytest.fixture(scope="module")
def world(keyed: Topology) -> dict[str, Resolved]:
    return deployed(stacks_of(keyed))


@pytest.fixture(scope="module")
def across() -> tuple[Topology, dict[str, Resolved]]:
    topology = with_keys(load(TOPOLOGIES["three_accounts"]))
    return topology, deployed(stacks_of(topology))


def keys(world: dict[str, Resolved]) -> dict[str, str]:
    """The ARN of each bucket's key, by the bucket's name."""
    found = {}
    for template in world.values():
        for bucket in template.of("AWS::S3::Bucket").values():
            (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            default = rule["ServerSideEncryptionByDefault"]
            if default["SSEAlgorithm"] == "aws:kms":
                assert rule["BucketKeyEnabled"]
                found[bucket["BucketName"]] = default["KMSMasterKeyID"]
    return found


def kms_statements(world: dict[str, Resolved]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (where, statement)
        for template in world.values()
        for where, statement in statements(template, "identity")
        if any(action.startswith("kms:") for action in statement["Action"])
        and not ({"UseQueueKey"} & {statement["Sid"]} or "-stacksets-" in where)
    ]


def test_each_declared_bucket_has_its_own_key_in_its_own_place(keyed: Topology, world: dict[str, Resolved]) -> None:
    names = Names(keyed)
    found = keys(world)
    assert set(found) == {names.bucket(name) for name in keyed.buckets}
    assert len(set(found.values())) == len(found)
    for name, bucket in keyed.buckets.items():
        assert found[names.bucket(name)].split(":")[3:5] == [
            keyed.region_of(bucket.site),
            keyed.account_of(bucket.site),
        ]
    for template in world.values():
        aliases = {alias["TargetKeyId"]: alias["AliasName"] for alias in template.of("AWS::KMS::Alias").values()}
        for logical_id, key in template.of("AWS::KMS::Key").items():
            assert key["EnableKeyRotation"]
            assert aliases[f"<{logical_id}>"].startswith(f"alias/{keyed.name}-")


def test_keys_are_used_by_way_of_s3_and_for_their_bucket(world: dict[str, Resolved]) -> None:
    owned = {key: bucket for bucket, key in keys(world).items()}
    seen = kms_statements(world)
    assert seen
    for where, statement in seen:
        (key,) = statement["Resource"]
        if statement["Sid"] in ("EncryptModels", "EncryptOutputs"):
            assert statement["Action"] == ["kms:Encrypt"]
            continue
        region = key.split(":")[3]
        assert statement["Condition"]["StringEquals"] == {"kms:ViaService": f"s3.{region}.amazonaws.com"}, where
        arns = statement["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
        assert arns == [f"arn:aws:s3:::{owned[key]}", f"arn:aws:s3:::{owned[key]}/*"], where


def test_who_reads_or_writes_objects_may_use_the_key_and_nobody_else(world: dict[str, Resolved]) -> None:
    by_name = keys(world)
    needed: set[tuple[str, str, str]] = set()
    granted: set[tuple[str, str, str]] = set()
    read = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionForReplication"}
    for template in world.values():
        for where, statement in statements(template, "identity"):
            role = " ".join(where.split()[:2])
            for arn in statement.get("Resource", []):
                if arn.startswith("arn:aws:s3:::") and arn.split(":::")[1].split("/")[0] in by_name:
                    key = by_name[arn.split(":::")[1].split("/")[0]]
                    actions = set(statement["Action"])
                    needed |= {(role, "kms:Decrypt", key)} if actions & read else set()
                    needed |= {(role, "kms:GenerateDataKey", key)} if "s3:PutObject" in actions else set()
                    needed |= {(role, "kms:Encrypt", key)} if "s3:ReplicateObject" in actions else set()
    for where, statement in kms_statements(world):
        role = " ".join(where.split()[:2])
        granted |= {(role, action, statement["Resource"][0]) for action in statement["Action"]}
    assert needed <= granted
    # Beyond that: Decrypt of who writes (uploads in parts, Bucket Keys), and SageMaker's Encrypt.
    extra = {(role, action) for role, action, key in granted - needed}
    assert {action for _, action in extra} <= {"kms:Decrypt", "kms:Encrypt"}
    writers = {(role, key) for role, action, key in needed if action in {"kms:GenerateDataKey", "kms:Encrypt"}}
    assert {(role, key) for role, _, key in granted - needed} <= writers


def test_replicas_get_the_destinations_key(keyed: Topology, world: dict[str, Resolved]) -> None:
    by_name, seen = keys(world), 0
    for template in world.values():
        for bucket in template.of("AWS::S3::Bucket").values():
            for rule in bucket.get("ReplicationConfiguration", {}).get("Rules", []):
                seen += 1
                target = rule["Destination"]["Bucket"].rpartition(":")[2]
                assert rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"] == {"Status": "Enabled"}
                assert rule["Destination"]["EncryptionConfiguration"] == {"ReplicaKmsKeyID": by_name[target]}
    assert seen == sum(replication.by_s3 for replication in keyed.replications.values())


def test_a_key_alone_comes_late_as_its_bucket_does() -> None:
    """Without the destination's key there is no rule yet: S3 takes none that lacks it."""
    stacks = stacks_of(load(TOPOLOGIES["customer_keys"]))
    source = next(stack for stack in stacks if stack.site == "processing")
    late = {need.parameter: need for need in source.needs if need.late}
    assert late["DestinationKeyArn"].output == "DestinationKeyArn"
    condition = source.template["Conditions"]["ReplicatesSource"]
    assert condition == {"Fn::And": [{"Condition": "HasDestinationBucketName"}, {"Condition": "HasDestinationKeyArn"}]}


def test_key_policies_let_in_who_is_let_into_the_bucket(across: tuple[Topology, dict[str, Resolved]]) -> None:
    topology, world = across
    names = Names(topology)
    policies = {
        key["Description"].rpartition(" ")[2]: (template.stack, key["KeyPolicy"]["Statement"])
        for template in world.values()
        for key in template.of("AWS::KMS::Key").values()
    }
    for bucket, (stack, found) in policies.items():
        first, *others = found
        assert first["Principal"] == {"AWS": f"arn:aws:iam::{stack.account}:root"}, bucket
        assert "Condition" not in first
        expected = set()  # with a role a site, the hub's own role is let in nowhere
        if bucket == "lab":  # the one that another account's bucket replicates into
            expected.add("ReplicasFromLake")
        assert {statement["Sid"] for statement in others} == expected, bucket
        for statement in others:
            principal = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
            assert principal.split(":")[4] == statement["Principal"]["AWS"].split(":")[4] != stack.account
            assert set(statement["Condition"]) == {"ArnEquals", "StringEquals", "StringLike"}
    (grant,) = [s for s in policies["lab"][1] if s["Sid"] == "ReplicasFromLake"]
    assert grant["Action"] == ["kms:Decrypt", "kms:Encrypt"]
    assert grant["Condition"]["ArnEquals"]["aws:PrincipalArn"].endswith(f":role/{names.replication_role('lake')}")


def test_no_key_unless_it_is_asked_for(example: Topology) -> None:
    assert "kms" not in json.dumps([s.template for s in stacks_of(example) if s.part != "network"]).lower()


def test_a_training_job_names_the_key_of_its_output(example: Topology) -> None:
    text = json.dumps({"OutputDataConfig": {"S3OutputPath": "s3://${DestinationBucketName}/models/"}})
    assert "KmsKeyId" not in sagemaker_config(example, "penguins_training", text)
    config = json.loads(sagemaker_config(with_keys(example), "penguins_training", text))
    alias = "arn:aws:kms:us-west-2:222222222222:alias/unified-pipelines-destination"
    assert config["OutputDataConfig"]["KmsKeyId"] == alias
    named = {"OutputDataConfig": {"S3OutputPath": "s3://${DestinationBucketName}/models/", "KmsKeyId": "mine"}}
    config = json.loads(sagemaker_config(with_keys(example), "penguins_training", json.dumps(named)))
    assert config["OutputDataConfig"]["KmsKeyId"] == "mine"
    elsewhere = json.dumps({"OutputDataConfig": {"S3OutputPath": "s3://someone-elses/models/"}})
    assert "KmsKeyId" not in sagemaker_config(with_keys(example), "penguins_training", elsewhere)

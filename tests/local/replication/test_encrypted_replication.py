"""Replication between buckets with keys of their own, from the synthesized templates, with IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from crosswind.synth import compact, deployer_stacks
from crosswind.topology import Names, Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.local.iam.arena import Arena
from tests.unit.synth.conftest import stacks_of

ROLE = "customer-keys-replication-source"


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    arena = Arena()
    yield arena
    arena.stop()


class System:
    """The two sites of the example with customer keys, in an account of their own, as their stacks leave them."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.account = arena.account()
        data = load(TOPOLOGIES["customer_keys"]).model_dump(mode="json", by_alias=True)
        data["accounts"]["data"]["id"], data["accounts"]["hub"]["id"] = self.account, arena.account()
        self.topology = Topology.model_validate_json(json.dumps(data))
        names = Names(self.topology)
        self.source, self.destination = names.bucket("source"), names.bucket("destination")
        self.east, self.west = (arena.root("s3", self.account, region) for region in ("us-east-1", "us-west-2"))
        sites = {stack.site: stack for stack in stacks_of(self.topology) if stack.part == "site"}
        for stack in deployer_stacks(self.topology):
            if stack.account == self.account:
                self._stack(stack, {}, "create")
        outputs = {name: self._stack(stack, {}, "create") for name, stack in sites.items()}
        known = {**outputs["processing"], **outputs["ml"]}
        for stack in sites.values():
            parameters = {name: known[name] for name in stack.parameters if name in known}
            self._stack(stack, parameters, "update")
        self.keys = {"source": known["SourceKeyArn"], "destination": known["DestinationKeyArn"]}

    def _stack(self, stack: Any, parameters: dict[str, str], verb: str) -> dict[str, str]:
        client = self.arena.root("cloudformation", self.account, stack.region)
        getattr(client, f"{verb}_stack")(
            StackName=stack.name,
            TemplateBody=compact(stack.template),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        config = {"Delay": 0.1, "MaxAttempts": 300}
        client.get_waiter(f"stack_{verb}_complete").wait(StackName=stack.name, WaiterConfig=config)
        (found,) = client.describe_stacks(StackName=stack.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def without(self, sid: str) -> None:
        """Drop a statement of the replication role."""
        iam = self.arena.root("iam", self.account)
        document = iam.get_role_policy(RoleName=ROLE, PolicyName="granted")["PolicyDocument"]
        kept = [statement for statement in document["Statement"] if statement["Sid"] != sid]
        assert len(kept) == len(document["Statement"]) - 1
        document["Statement"] = kept
        iam.put_role_policy(RoleName=ROLE, PolicyName="granted", PolicyDocument=json.dumps(document))

    def written(self) -> str | None:
        """Write an object to be replicated; its status after all is done."""
        self.east.put_object(Bucket=self.source, Key="transformed/k", Body=b"1")
        assert self.arena.replication.wait_idle(20)
        return str(self.east.head_object(Bucket=self.source, Key="transformed/k").get("ReplicationStatus"))

    def reason(self) -> dict[str, Any]:
        """The last call of replication that was refused."""
        records = self.arena.get("/_crosswind/requests?since=0")["requests"]
        refused = [r for r in records if r["via"] == "s3" and r["status"] == 403 and self.account in r["principal"]]
        return dict(refused[-1])


@pytest.fixture
def system(arena: Arena) -> System:
    return System(arena)


def test_source_and_replica_have_the_key_of_their_bucket(system: System) -> None:
    assert system.written() == "COMPLETED"
    for client, bucket, name in (
        (system.east, system.source, "source"),
        (system.west, system.destination, "destination"),
    ):
        head = client.head_object(Bucket=bucket, Key="transformed/k")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", system.keys[name])
        assert head["BucketKeyEnabled"]
    assert head["ReplicationStatus"] == "REPLICA"


@pytest.mark.parametrize(
    ("sid", "action"),
    [
        ("ReadRules", "s3:GetReplicationConfiguration"),
        ("ReadVersions", "s3:GetObjectVersionForReplication"),
        ("WriteReplicas", "s3:ReplicateObject"),
        ("DecryptSource", "kms:Decrypt"),
        ("EncryptReplicasInDestination", "kms:Encrypt"),
    ],
)
def test_no_statement_of_the_role_can_be_missed(system: System, sid: str, action: str) -> None:
    system.without(sid)
    assert system.written() == "FAILED"
    assert action in system.reason()["message"]


def test_without_iam_in_its_policy_a_key_is_of_no_use(system: System) -> None:
    """KMS asks the key's policy first; a role's own rights count only where it leaves the decision to IAM."""
    kms = system.arena.root("kms", system.account, "us-west-2")
    me = f"arn:aws:iam::{system.account}:root"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": me},
                "Action": ["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey"],
                "Resource": "*",
            }
        ],
    }
    kms.put_key_policy(KeyId=system.keys["destination"], PolicyName="default", Policy=json.dumps(policy))
    assert system.written() == "FAILED"
    assert "kms:Encrypt" in system.reason()["message"]


def test_an_upload_past_the_buckets_key_is_refused(system: System) -> None:
    """By header: another kind of encryption, AWS's own key, a key of somebody else's."""
    other = system.arena.root("kms", system.account, "us-east-1").create_key()["KeyMetadata"]["Arn"]
    for more in (
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other},
    ):
        with pytest.raises(system.east.exceptions.ClientError) as error:
            system.east.put_object(Bucket=system.source, Key="raw/x", Body=b"1", **more)
        assert error.value.response["Error"]["Code"] == "AccessDenied"
    alias = Names(system.topology).key_alias_arn("source")
    for key in (system.keys["source"], alias):
        system.east.put_object(
            Bucket=system.source, Key="raw/x", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
        )


def test_a_key_that_is_disabled_or_about_to_go_is_of_no_use(system: System) -> None:
    """By right it is; KMS refuses, and S3 passes that on."""
    kms = system.arena.root("kms", system.account, "us-west-2")
    key = system.keys["destination"].rpartition("/")[2]
    assert system.written() == "COMPLETED"
    kms.disable_key(KeyId=key)
    with pytest.raises(system.west.exceptions.ClientError) as error:
        system.west.get_object(Bucket=system.destination, Key="transformed/k")
    assert error.value.response["Error"]["Code"] == "KMS.DisabledException"
    assert system.west.head_object(Bucket=system.destination, Key="transformed/k")["ContentLength"] == 1
    assert system.written() == "FAILED"
    kms.enable_key(KeyId=key)
    assert system.west.get_object(Bucket=system.destination, Key="transformed/k")["Body"].read() == b"1"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(system.west.exceptions.ClientError) as error:
        system.west.put_object(Bucket=system.destination, Key="models/m", Body=b"1")
    assert error.value.response["Error"]["Code"] == "KMS.KMSInvalidStateException"
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.encrypt(KeyId=key, Plaintext=b"1")

"""What decisions read of moto's state: policies, grants, tags, places in an organization."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from crosswind.iam import PolicyKind, PolicySet, Principal, Request, decide, parse
from crosswind.local.clients import Clients
from crosswind.local.edge.call import Call, Credentials, Ruling
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.requestlog import RequestLog
from tests.allow_all import AllowAll

ACCOUNTS = itertools.count(810_000_000_000)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def allowing(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


class Place:
    def __init__(self, moto: MotoBackend, clients: Clients) -> None:
        self.moto = moto
        self.clients = clients
        self.id = str(next(ACCOUNTS))

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return self.clients.client(service, region, Credentials(self.id, "local"))

    def arn(self, rest: str) -> str:
        return f"arn:aws:iam::{self.id}:{rest}"


@pytest.fixture(scope="module")
def backend() -> Iterator[tuple[MotoBackend, Clients]]:
    moto = MotoBackend()
    with EdgeServer(Edge(Identities(moto), [], moto, AllowAll(), RequestLog())) as server:
        yield moto, Clients(server.endpoint)


@pytest.fixture
def place(backend: tuple[MotoBackend, Clients]) -> Place:
    return Place(*backend)


def test_a_role_has_its_inline_and_managed_policies(place: Place) -> None:
    iam = place.client("iam")
    iam.create_role(RoleName="r", Path="/team/", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "t", "Value": "v"}])
    arn = place.arn("role/team/r")
    iam.put_role_policy(RoleName="r", PolicyName="inline", PolicyDocument=allowing("s3:GetObject"))
    own = iam.create_policy(PolicyName="own", PolicyDocument=allowing("glue:GetJob"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn=own)
    iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole")
    kept = place.moto.kept_role(arn)
    assert kept is not None
    assert [document.name for document in kept.identity] == ["inline", "own", "AWSGlueServiceRole"]
    assert [document.account for document in kept.identity] == [place.id, place.id, "aws"]
    assert "glue:*" in str(kept.identity[2].text)
    assert (kept.boundary, kept.service_linked) == (None, False)
    assert place.moto.kept_role(place.arn("role/r")) is None, "the path is part of the ARN"


def test_a_managed_policy_is_its_default_version(place: Place) -> None:
    iam = place.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allowing("s3:GetObject"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allowing("s3:PutObject"), SetAsDefault=False)
    assert "GetObject" in str(place.moto.managed_policy(place.id, arn).text)  # type: ignore[union-attr]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert "PutObject" in str(place.moto.managed_policy(place.id, arn).text)  # type: ignore[union-attr]


def test_awss_policies_are_there_once_named(place: Place) -> None:
    iam = place.client("iam")
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "ReadOnlyAccess"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/NoSuchThing")
    listed = iam.get_paginator("list_policies").paginate(Scope="AWS")
    assert sum(len(page["Policies"]) for page in listed) > 1000


def test_a_user_has_the_policies_of_its_groups(place: Place) -> None:
    iam = place.client("iam")
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="team")
    iam.create_group(GroupName="others")
    iam.put_group_policy(GroupName="team", PolicyName="of-team", PolicyDocument=allowing("s3:*"))
    iam.put_group_policy(GroupName="others", PolicyName="of-others", PolicyDocument=allowing("iam:*"))
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=allowing("sqs:*"))
    iam.add_user_to_group(GroupName="team", UserName="ann")
    kept = place.moto.kept_user(place.arn("user/ann"))
    assert kept is not None
    assert [document.name for document in kept.identity] == ["own", "of-team"]


def test_a_users_boundary_comes_with_the_user(place: Place) -> None:
    iam = place.client("iam")
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"]
    iam.create_user(UserName="ann", PermissionsBoundary=arn)
    kept = place.moto.kept_user(place.arn("user/ann"))
    assert kept is not None
    assert kept.boundary is not None
    assert kept.boundary.arn == arn
    assert iam.get_user(UserName="ann")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn


def test_a_boundary_whose_policy_is_gone_allows_nothing(place: Place) -> None:
    iam = place.client("iam")
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    assert place.moto.permissions_boundary(place.arn("role/r")) == arn
    iam.delete_policy(PolicyArn=arn)
    kept = place.moto.kept_role(place.arn("role/r"))
    assert kept is not None
    parsed = parse(str(kept.boundary.text), PolicyKind.BOUNDARY)  # type: ignore[union-attr]
    policies = PolicySet(identity=(parse(allowing("*"), PolicyKind.IDENTITY),), boundary=(parsed,))
    assert not decide(Request("s3:GetObject", "*", Principal.of(kept.arn)), policies).allowed


def test_a_service_linked_role_is_told(place: Place) -> None:
    made = place.client("iam").create_service_linked_role(AWSServiceName="replication.dynamodb.amazonaws.com")
    kept = place.moto.kept_role(made["Role"]["Arn"])
    assert kept is not None
    assert kept.service_linked


def test_a_key_has_a_policy_and_grants(place: Place) -> None:
    kms = place.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=arn)
    policy = place.moto.key_policy(arn)
    assert policy is not None
    assert json.loads(policy.text)["Statement"][0]["Principal"] == {"AWS": place.arn("root")}
    kms.create_grant(
        KeyId=arn,
        GranteePrincipal=place.arn("role/r"),
        Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {"a": "b"}},
    )
    (grant,) = place.moto.key_grants(arn)
    assert (grant.grantee, grant.operations, grant.subset, grant.equals) == (
        place.arn("role/r"), ("Decrypt",), {"a": "b"}, {}
    )  # fmt: skip
    for name in (arn, arn.rpartition("/")[2], "alias/mine", f"arn:aws:kms:us-east-1:{place.id}:alias/mine"):
        assert place.moto.kms_key_arn(place.id, "us-east-1", name) == arn
    assert place.moto.kms_key_arn(place.id, "eu-west-1", "alias/mine") == "", "keys are of one Region"
    assert not place.moto.key_is_managed(arn)
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    assert place.moto.ciphertext_key("999999999999", "us-east-1", blob) == arn
    assert place.moto.ciphertext_key(place.id, "us-east-1", b"nonsense") == ""


def test_an_aws_managed_key_lets_its_service_alone_in(place: Place) -> None:
    found = place.moto.kms_key(place.id, "us-east-1", "alias/aws/s3")
    assert found is not None
    assert found.aws_managed
    assert place.moto.key_is_managed(found.arn)
    statement = json.loads(place.moto.key_policy(found.arn).text)["Statement"][0]  # type: ignore[union-attr]
    assert statement["Condition"]["StringEquals"]["kms:ViaService"] == "s3.us-east-1.amazonaws.com"
    assert place.moto.kms_key(place.id, "us-east-1", "alias/mine") is None


def test_resource_policies_by_arn(place: Place) -> None:
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    s3, bucket = place.client("s3"), f"b-{place.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=document)
    secret = place.client("secretsmanager").create_secret(Name="deep/secret", SecretString="x")["ARN"]
    place.client("secretsmanager").put_resource_policy(SecretId=secret, ResourcePolicy=document)
    sqs = place.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"Policy": document})["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = place.client("sns").create_topic(Name="t")["TopicArn"]
    place.client("ecr").create_repository(repositoryName="repo")
    place.client("ecr").set_repository_policy(repositoryName="repo", policyText=document)
    place.client("logs").put_resource_policy(policyName="p", policyDocument=document)
    place.client("glue").put_resource_policy(PolicyInJson=document)
    bus = place.client("events").create_event_bus(Name="bus")["EventBusArn"]
    place.client("events").put_permission(
        EventBusName="bus", StatementId="s", Action="events:PutEvents", Principal="111111111111"
    )
    at = f"us-east-1:{place.id}"
    held = [
        f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/some/key", secret, queue, topic,
        f"arn:aws:ecr:{at}:repository/repo", f"arn:aws:logs:{at}:log-group:g", f"arn:aws:glue:{at}:catalog", bus,
    ]  # fmt: skip
    for arn in held:
        found = place.moto.resource_policy(arn, place.id)
        assert found is not None, arn
        assert found.account == place.id
        assert json.loads(found.text)["Statement"], arn
    without = [
        "arn:aws:s3:::no-such-bucket", f"arn:aws:lambda:{at}:function:none",
        f"arn:aws:glue:eu-west-1:{place.id}:catalog",
        f"arn:aws:secretsmanager:{at}:secret:other-abcdef", f"arn:aws:iam::{place.id}:role/r", "nonsense",
    ]  # fmt: skip
    for arn in without:
        assert place.moto.resource_policy(arn, place.id) is None, arn


def test_block_public_access_of_bucket_and_account(place: Place) -> None:
    s3, bucket = place.client("s3"), f"b-{place.id}"
    s3.create_bucket(Bucket=bucket)
    assert not place.moto.restricts_public(bucket, place.id)
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True, "RestrictPublicBuckets": False}
    )
    assert not place.moto.restricts_public(bucket, place.id)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert place.moto.restricts_public(bucket, place.id)


def test_facts_of_objects(place: Place) -> None:
    s3, bucket = place.client("s3"), f"b-{place.id}"
    s3.create_bucket(Bucket=bucket)
    key = place.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule | {"BucketKeyEnabled": True}]}
    )
    facts = place.moto.bucket(bucket)
    assert facts is not None
    assert (facts.account, facts.region, facts.encryption, facts.kms_key, facts.bucket_key) == (
        place.id, "us-east-1", "aws:kms", key, True
    )  # fmt: skip
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=b")
    found = place.moto.object(bucket, "k", None)
    assert found is not None
    assert (found.encryption, found.kms_key, found.tags, found.marker) == ("aws:kms", key, {"a": "b"}, False)
    assert place.moto.object(bucket, "none", None) is None
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="m", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )["UploadId"]  # fmt: skip
    assert place.moto.upload(bucket, upload).kms_key == key  # type: ignore[union-attr]
    assert place.moto.upload(bucket, "none") is None


def test_facts_of_names(place: Place) -> None:
    iam = place.client("iam")
    iam.create_role(RoleName="r", Path="/p/", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    secret = place.client("secretsmanager").create_secret(Name="a-b", SecretString="x")["ARN"]
    moto = place.moto
    assert moto.iam_arn(place.id, "role", "r") == place.arn("role/p/r")
    assert moto.iam_arn(place.id, "user", "r") == ""
    assert moto.instance_profile_role(place.id, "i") == place.arn("role/p/r")
    assert moto.instance_profile_role(place.id, "none") == ""
    for name in ("a-b", secret, secret[:-7]):
        assert moto.secret_arn(place.id, "us-east-1", name) == secret
    assert moto.secret_arn(place.id, "us-east-1", "a") == ""


def test_tags_by_arn(place: Place) -> None:
    tags = [{"Key": "team", "Value": "data"}]
    key = place.client("kms").create_key(Tags=[{"TagKey": "team", "TagValue": "data"}])["KeyMetadata"]["Arn"]
    secret = place.client("secretsmanager").create_secret(Name="s", SecretString="x", Tags=tags)["ARN"]
    topic = place.client("sns").create_topic(Name="t", Tags=tags)["TopicArn"]
    role = place.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=tags)["Role"]["Arn"]
    vpc = place.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    place.client("ec2").create_tags(Resources=[vpc], Tags=tags)
    sagemaker = place.client("sagemaker")
    model = sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, Tags=tags)["ModelArn"]
    for arn in (key, secret, topic, role, model, f"arn:aws:ec2:us-east-1:{place.id}:vpc/{vpc}"):
        assert place.moto.resource_tags(arn) == {"team": "data"}, arn
    for arn in (f"{model}-none", f"arn:aws:lambda:us-east-1:{place.id}:function:none", "nonsense"):
        assert place.moto.resource_tags(arn) == {}, arn


def test_an_account_outside_any_organization(place: Place) -> None:
    assert place.moto.member(place.id) is None


def test_an_organization_and_its_policies(place: Place) -> None:
    organizations = place.client("organizations")
    identifier = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]
    assert root["PolicyTypes"] == [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="data")["OrganizationalUnit"]["Id"]
    joined = Place(place.moto, place.clients)
    place.moto.join(place.id, joined.id, "joined@example.com")
    organizations.move_account(AccountId=joined.id, SourceParentId=root["Id"], DestinationParentId=unit)
    scp = organizations.create_policy(
        Name="fence", Description="d", Type="SERVICE_CONTROL_POLICY", Content=allowing("s3:*")
    )["Policy"]["PolicySummary"]["Id"]  # fmt: skip
    organizations.attach_policy(PolicyId=scp, TargetId=unit)
    member = place.moto.member(joined.id)
    assert member is not None
    assert (member.organization, member.management, member.scps, member.rcps) == (identifier, place.id, True, False)
    assert [level.name for level in member.levels] == ["Root", "data", "account"]
    assert [[policy.name for policy in level.scps] for level in member.levels] == [
        ["FullAWSAccess"], ["FullAWSAccess", "fence"], ["FullAWSAccess"]
    ]  # fmt: skip
    assert member.path == f"{identifier}/{root['Id']}/{unit}/"
    rcp = organizations.create_policy(
        Name="r", Description="d", Type="RESOURCE_CONTROL_POLICY", Content=allowing("s3:*")
    )["Policy"]["PolicySummary"]["Id"]  # fmt: skip
    with pytest.raises(organizations.exceptions.PolicyTypeNotEnabledException):
        organizations.attach_policy(PolicyId=rcp, TargetId=unit)
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="RESOURCE_CONTROL_POLICY")
    organizations.attach_policy(PolicyId=rcp, TargetId=unit)
    assert place.moto.member(joined.id).rcps  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="cannot join"):
        place.moto.join(place.id, joined.id, "again@example.com")


def test_a_created_account_can_be_administered(place: Place) -> None:
    organizations = place.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="a", Email="a@example.com")["CreateAccountStatus"]["AccountId"]
    kept = place.moto.kept_role(f"arn:aws:iam::{made}:role/OrganizationAccountAccessRole")
    assert kept is not None
    assert [document.name for document in kept.identity] == ["AdministratorAccess"]


def test_a_ruling_names_the_owner(backend: tuple[MotoBackend, Clients]) -> None:
    """An ARN of another account leads to that account's state, once IAM has allowed it."""
    moto, _ = backend
    place = Place(*backend)

    class Rules:
        def authorize(self, call: Call) -> Ruling | None:
            return Ruling(place.id) if call.operation == "GetSecretValue" else None

    place.client("secretsmanager").create_secret(Name="s", SecretString="hidden")
    with EdgeServer(Edge(Identities(moto), [], moto, Rules(), RequestLog())) as server:
        other = Clients(server.endpoint).client("secretsmanager", "us-east-1", Credentials("899999999999", "x"))
        assert other.get_secret_value(SecretId="s")["SecretString"] == "hidden"

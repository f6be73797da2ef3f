"""Each resource type against the APIs: made, changed, taken away."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.local.cloudformation.world import Account, trust

IAM = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def one(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Resources": {"It": {"Type": f"AWS::{kind}", "Properties": properties}}}


def done(account: Account, stack: dict[str, Any]) -> str:
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, account.events(stack["StackName"])
    found: str = account.cfn.describe_stack_resource(StackName=stack["StackName"], LogicalResourceId="It")[
        "StackResourceDetail"
    ]["PhysicalResourceId"]
    return found


def replicating(role: str, target: str, prefix: str) -> dict[str, Any]:
    return {
        "Role": role,
        "Rules": [
            {
                "Id": f"copy {prefix}",
                "Status": "Enabled",
                "Priority": 1,
                "Filter": {"Prefix": prefix},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
            }
        ],
    }


def test_every_bucket_configuration_comes_changes_and_goes(account: Account) -> None:
    s3, target = account.client("s3"), f"target-{account.id}"
    s3.create_bucket(Bucket=target)
    s3.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
    arn = account.client("iam").create_role(
        RoleName="replication", AssumeRolePolicyDocument=json.dumps(trust("s3.amazonaws.com"))
    )["Role"]["Arn"]
    block = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True}
    full = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "PublicAccessBlockConfiguration": {**block, "RestrictPublicBuckets": "true"},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "old",
                    "Status": "Enabled",
                    "Prefix": "transformed/",
                    "ExpirationInDays": "30",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
        "ReplicationConfiguration": replicating(arn, target, "transformed/"),
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    bucket = done(account, account.create("b", one("S3::Bucket", **full)))
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0][
        "ApplyServerSideEncryptionByDefault"
    ] == {"SSEAlgorithm": "AES256"}
    public = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert public == {**block, "RestrictPublicBuckets": True}
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert (lifecycle["Filter"], lifecycle["Expiration"]) == ({"Prefix": "transformed/"}, {"Days": 30})
    rule = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"][0]
    assert (rule["ID"], rule["Destination"]["Bucket"]) == ("copy transformed/", f"arn:aws:s3:::{target}")

    changed = copy.deepcopy(full)
    changed["ReplicationConfiguration"] = replicating(arn, target, "models/")
    changed["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] = 60  # type: ignore[index]  # plain JSON
    changed["Tags"] = [{"Key": "a", "Value": "c"}]
    assert done(account, account.update("b", one("S3::Bucket", **changed))) == bucket
    rule = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"][0]
    assert rule["ID"] == "copy models/"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["Expiration"] == {"Days": 60}
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "c"}]

    assert done(account, account.update("b", one("S3::Bucket"))) == bucket
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    for read in (
        s3.get_bucket_replication,
        s3.get_bucket_lifecycle_configuration,
        s3.get_bucket_tagging,
        s3.get_public_access_block,
        s3.get_bucket_ownership_controls,
    ):
        with pytest.raises(s3.exceptions.ClientError, match=r"404|NoSuch|NotFound|does not exist|not found"):
            read(Bucket=bucket)
    account.delete("b")
    assert account.bucket_names() == [target]


def test_a_failed_replication_brings_the_bucket_back(account: Account) -> None:
    start = {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": [{"Key": "a", "Value": "b"}]}
    bucket = done(account, account.create("b", one("S3::Bucket", **start)))
    wrong = {
        "Tags": [{"Key": "a", "Value": "c"}],
        "ReplicationConfiguration": replicating(f"arn:aws:iam::{account.id}:role/r", "target", "x/"),
        "VersioningConfiguration": {"Status": "Suspended"},
    }
    stack = account.update("b", one("S3::Bucket", **wrong))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", account.events("b")
    assert "Versioning must be" in account.reason("b", "It")
    s3 = account.client("s3")
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_role(account: Account) -> None:
    iam = account.client("iam")
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(ALL))["Policy"]["Arn"]
    first = {
        "RoleName": "it",
        "AssumeRolePolicyDocument": trust("glue.amazonaws.com"),
        "MaxSessionDuration": 7200,
        "PermissionsBoundary": boundary,
        "Policies": [{"PolicyName": "a", "PolicyDocument": ALL}, {"PolicyName": "b", "PolicyDocument": ALL}],
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    assert done(account, account.create("r", one("IAM::Role", **first), **IAM)) == "it"
    role = iam.get_role(RoleName="it")["Role"]
    assert (role["MaxSessionDuration"], role["PermissionsBoundary"]["PermissionsBoundaryArn"]) == (7200, boundary)
    second = {
        "RoleName": "it",
        "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
        "Description": "d",
        "ManagedPolicyArns": [boundary],
        "Policies": [{"PolicyName": "b", "PolicyDocument": ALL}],
    }
    done(account, account.update("r", one("IAM::Role", **second), **IAM))
    role = iam.get_role(RoleName="it")["Role"]
    assert (role["MaxSessionDuration"], role["Description"]) == (3600, "d")
    assert "PermissionsBoundary" not in role
    assert role["AssumeRolePolicyDocument"] == trust("lambda.amazonaws.com")
    assert iam.list_role_tags(RoleName="it")["Tags"] == []
    assert iam.list_role_policies(RoleName="it")["PolicyNames"] == ["b"]
    attached = iam.list_attached_role_policies(RoleName="it")["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [boundary]
    stack = account.update("r", one("IAM::Role", **second, Path="/other/"), **IAM)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing. Rename it" in account.reason("r", "It")
    account.delete("r")
    assert iam.list_roles()["Roles"] == []


def test_policies(account: Account) -> None:
    iam = account.client("iam")
    for name in ("one", "two"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust("glue.amazonaws.com")))
    narrow = copy.deepcopy(ALL)
    narrow["Statement"][0]["Action"] = "s3:GetObject"  # type: ignore[index]  # plain JSON

    def template(roles: list[str], document: Any) -> dict[str, Any]:
        return {
            "Resources": {
                "Inline": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {"PolicyName": "p", "Roles": roles, "PolicyDocument": document},
                },
                "It": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": roles, "PolicyDocument": document}},
            }
        }

    arn = done(account, account.create("p", template(["one"], ALL), **IAM))
    assert iam.list_role_policies(RoleName="one")["PolicyNames"] == ["p"]
    assert done(account, account.update("p", template(["two"], narrow), **IAM)) == arn
    assert iam.list_role_policies(RoleName="one")["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName="one")["AttachedPolicies"] == []
    found = iam.get_role_policy(RoleName="two", PolicyName="p")["PolicyDocument"]
    assert found == narrow
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [version["IsDefaultVersion"] for version in versions] == [True]
    assert account.delete("p")["StackStatus"] == "DELETE_COMPLETE"
    assert iam.list_role_policies(RoleName="two")["PolicyNames"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []


def network() -> dict[str, Any]:
    def ec2(kind: str, *needs: str, **properties: Any) -> dict[str, Any]:
        return {"Type": f"AWS::EC2::{kind}", "Properties": properties, "DependsOn": list(needs)}

    def ref(name: str) -> dict[str, str]:
        return {"Ref": name}

    zones = {"Fn::GetAZs": ""}
    group = {"Fn::GetAtt": ["Group", "GroupId"]}
    block = {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 2, 8]}
    subnets = {
        f"Subnet{n}": ec2(
            "Subnet",
            VpcId=ref("Vpc"),
            CidrBlock={"Fn::Select": [n, block]},
            AvailabilityZone={"Fn::Select": [n, zones]},
        )
        for n in (0, 1)
    }
    return {
        "Resources": {
            **subnets,
            "Vpc": ec2("VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=True),
            "Internet": ec2("InternetGateway"),
            "Attachment": ec2("VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Internet")),
            "Address": ec2("EIP", "Attachment", Domain="vpc"),
            "Nat": ec2("NatGateway", AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]}, SubnetId=ref("Subnet0")),
            "Table": ec2("RouteTable", VpcId=ref("Vpc")),
            "Route": ec2("Route", RouteTableId=ref("Table"), DestinationCidrBlock="0.0.0.0/0", NatGatewayId=ref("Nat")),
            "Association": ec2("SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref("Subnet1")),
            "Group": ec2(
                "SecurityGroup",
                GroupDescription="environment",
                VpcId=ref("Vpc"),
                SecurityGroupEgress=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
            ),
            "In": ec2("SecurityGroupIngress", GroupId=group, IpProtocol="-1", SourceSecurityGroupId=group),
            "Out": ec2("SecurityGroupEgress", GroupId=group, IpProtocol="-1", DestinationSecurityGroupId=group),
            "Endpoint": ec2(
                "VPCEndpoint",
                VpcId=ref("Vpc"),
                ServiceName={"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
                VpcEndpointType="Gateway",
                RouteTableIds=[ref("Table")],
            ),
        },
        "Outputs": {
            "SubnetIds": {"Value": {"Fn::Join": [",", [ref("Subnet0"), ref("Subnet1")]]}},
            "GroupId": {"Value": group},
            "Vpc": {"Value": ref("Vpc")},
            "Nat": {"Value": ref("Nat")},
        },
    }


def test_network(account: Account) -> None:
    tags = {"Tags": [{"Key": "topology", "Value": "t"}]}
    made = account.create("n", network(), **tags)
    assert made["StackStatus"] == "CREATE_COMPLETE", account.events("n")
    outputs, ec2 = account.outputs("n"), account.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=outputs["SubnetIds"].split(","))["Subnets"]
    assert {(item["CidrBlock"], item["AvailabilityZone"]) for item in subnets} == {
        ("10.0.0.0/24", "us-east-1a"),
        ("10.0.1.0/24", "us-east-1b"),
    }
    assert all(subnet["Tags"] == tags["Tags"] for subnet in subnets)
    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnets[1]["SubnetId"]]}])
    routes = tables["RouteTables"][0]["Routes"]
    assert outputs["Nat"] in [route.get("NatGatewayId") for route in routes]
    group = ec2.describe_security_groups(GroupIds=[outputs["GroupId"]])["SecurityGroups"][0]
    assert [pair["GroupId"] for rule in group["IpPermissions"] for pair in rule["UserIdGroupPairs"]] == [
        outputs["GroupId"]
    ]
    # The rule that lets everything out is gone.
    assert sorted(rule["IpProtocol"] for rule in group["IpPermissionsEgress"]) == ["-1", "tcp"]
    assert not any(rule["IpRanges"] for rule in group["IpPermissionsEgress"] if rule["IpProtocol"] == "-1")

    changed = network()
    changed["Resources"]["Group"]["Properties"]["SecurityGroupEgress"][0]["ToPort"] = 444
    changed["Resources"]["Vpc"]["Properties"]["EnableDnsHostnames"] = False
    assert account.update("n", changed)["StackStatus"] == "UPDATE_COMPLETE", account.events("n")
    assert account.outputs("n") == outputs
    group = ec2.describe_security_groups(GroupIds=[outputs["GroupId"]])["SecurityGroups"][0]
    assert [rule["ToPort"] for rule in group["IpPermissionsEgress"] if rule["IpProtocol"] == "tcp"] == [444]
    names = ec2.describe_vpc_attribute(VpcId=outputs["Vpc"], Attribute="enableDnsHostnames")
    assert names["EnableDnsHostnames"]["Value"] is False

    assert account.delete("n")["StackStatus"] == "DELETE_COMPLETE", account.events(made["StackId"])
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
    assert ec2.describe_addresses()["Addresses"] == []


def test_key_alias_permission_and_generated_secret(account: Account) -> None:
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = {"KeyPolicy": {"Version": "2012-10-17", "Statement": [owner]}, "EnableKeyRotation": True}
    role = {"AssumeRolePolicyDocument": trust("lambda.amazonaws.com")}
    function = {
        "Handler": "index.handler",
        "Runtime": "python3.12",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "def handler(event, context): return 1"},
    }
    permission = {
        "FunctionName": {"Ref": "Function"},
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
    }
    wish = {"SecretStringTemplate": '{"user": "a"}', "GenerateStringKey": "password", "PasswordLength": 24}
    template = {
        "Resources": {
            "It": {"Type": "AWS::KMS::Key", "Properties": key},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/it", "TargetKeyId": {"Ref": "It"}}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Permission": {"Type": "AWS::Lambda::Permission", "Properties": permission},
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": wish}},
        },
        "Outputs": {"Function": {"Value": {"Ref": "Function"}}, "Secret": {"Value": {"Ref": "Secret"}}},
    }
    key_id = done(account, account.create("k", template, **IAM))
    kms, outputs = account.client("kms"), account.outputs("k")
    assert kms.describe_key(KeyId="alias/it")["KeyMetadata"]["KeyId"] == key_id
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True
    policy = account.client("lambda").get_policy(FunctionName=outputs["Function"])["Policy"]
    assert account.id in policy
    secret = account.client("secretsmanager").get_secret_value(SecretId=outputs["Secret"])
    assert len(json.loads(secret["SecretString"])["password"]) == 24
    assert account.delete("k")["StackStatus"] == "DELETE_COMPLETE"
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"

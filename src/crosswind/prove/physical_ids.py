"""What `Ref` and `Fn::GetAtt` give for each resource type: by its name, or by a stand-in where AWS chooses.

Source: "Return values" on each type's page in docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosswind.errors import InputError

if TYPE_CHECKING:
    from crosswind.prove.template_values import TemplateValues

__all__ = ["attribute", "physical_id"]

# The property that holds the name, by type; these types' Ref is the name.
_NAMES = {
    "AWS::Glue::Job": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MWAA::Environment": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
}
# How the ARN ends, by type: service, and what stands before the name. IAM and S3 have no Region in theirs.
_ARNS = {
    "AWS::Glue::Job": ("glue", "job/"),
    "AWS::Lambda::Function": ("lambda", "function:"),
    "AWS::Logs::LogGroup": ("logs", "log-group:"),
    "AWS::MWAA::Environment": ("airflow", "environment/"),
    "AWS::SQS::Queue": ("sqs", ""),
}
# What EC2's ids begin with.
_EC2 = {
    "AWS::EC2::EIP": "eipalloc",
    "AWS::EC2::InternetGateway": "igw",
    "AWS::EC2::NatGateway": "nat",
    "AWS::EC2::RouteTable": "rtb",
    "AWS::EC2::SecurityGroup": "sg",
    "AWS::EC2::Subnet": "subnet",
    "AWS::EC2::VPC": "vpc",
    "AWS::EC2::VPCEndpoint": "vpce",
}
_IDS = ("AllocationId", "GroupId", "Id", "InternetGatewayId", "NatGatewayId", "RouteTableId", "SubnetId", "VpcId")


def physical_id(template: TemplateValues, logical_id: str, declared: Mapping[str, Any], path: str) -> str:
    """What a `Ref` gives.

    Args:
        template: the resource's.
        logical_id: the resource's.
        declared: the resource, not resolved.
        path: of what asks, for errors.

    Raises:
        InputError: the type is not known here, or the resource has no name of its own.
    """
    kind = declared["Type"]
    if kind == "AWS::KMS::Key":
        return str(template.stand_in(logical_id))
    if kind == "AWS::SecretsManager::Secret":
        return attribute(template, logical_id, declared, "Arn", path)
    if kind == "AWS::IAM::ManagedPolicy":
        name = _property(template, logical_id, declared, "ManagedPolicyName", path)
        return f"arn:{template.partition}:iam::{template.stack.account}:policy{_iam_path(template, declared)}{name}"
    if kind in _EC2:
        return f"{_EC2[kind]}-{template.stand_in(logical_id).hex[:17]}"
    if kind == "AWS::SQS::Queue":
        suffix = template.text({"Ref": "AWS::URLSuffix"}, path)
        name = _property(template, logical_id, declared, "QueueName", path)
        return f"https://sqs.{template.stack.region}.{suffix}/{template.stack.account}/{name}"
    if kind in _NAMES:
        return _property(template, logical_id, declared, _NAMES[kind], path)
    raise _unknown(template, f"the Ref of {logical_id}, a {kind},", path)


def attribute(template: TemplateValues, logical_id: str, declared: Mapping[str, Any], name: str, path: str) -> str:
    """What `Fn::GetAtt` gives; arguments and errors as `physical_id`'s, and the attribute's name."""
    kind, stack = declared["Type"], template.stack
    head = f"arn:{template.partition}"
    if kind in _EC2 and name in _IDS:
        return physical_id(template, logical_id, declared, path)
    if name == "QueueName" and kind == "AWS::SQS::Queue":
        return _property(template, logical_id, declared, "QueueName", path)
    if name == "PolicyArn" and kind == "AWS::IAM::ManagedPolicy":
        return physical_id(template, logical_id, declared, path)
    if name not in ("Arn", "Id") or (name == "Id" and kind != "AWS::SecretsManager::Secret"):
        raise _unknown(template, f"the attribute {name} of {logical_id}, a {kind},", path)
    match kind:
        case "AWS::IAM::Role":
            role = _property(template, logical_id, declared, "RoleName", path)
            return f"{head}:iam::{stack.account}:role{_iam_path(template, declared)}{role}"
        case "AWS::S3::Bucket":
            return f"{head}:s3:::{_property(template, logical_id, declared, 'BucketName', path)}"
        case "AWS::KMS::Key":
            return f"{head}:kms:{stack.region}:{stack.account}:key/{template.stand_in(logical_id)}"
        case "AWS::SecretsManager::Secret":
            suffix = template.stand_in(logical_id).hex[:6]  # AWS adds a hyphen and six characters
            secret = _property(template, logical_id, declared, "Name", path)
            return f"{head}:secretsmanager:{stack.region}:{stack.account}:secret:{secret}-{suffix}"
        case _ if kind in _ARNS:
            service, before = _ARNS[kind]
            named = _property(template, logical_id, declared, _NAMES[kind], path)
            return f"{head}:{service}:{stack.region}:{stack.account}:{before}{named}"
    raise _unknown(template, f"the ARN of {logical_id}, a {kind},", path)


def _property(template: TemplateValues, logical_id: str, declared: Mapping[str, Any], name: str, path: str) -> str:
    properties = declared.get("Properties", {})
    if name not in properties:
        raise InputError(
            f"{logical_id}, a {declared['Type']}, has no {name}, so that no policy can be held against its name",
            place=template.place(path),
            hint=f"give it a {name}",
        )
    return template.text(properties[name], f"Resources.{logical_id}.Properties.{name}")


def _iam_path(template: TemplateValues, declared: Mapping[str, Any]) -> str:
    return template.text(declared.get("Properties", {}).get("Path", "/"), "Path")


def _unknown(template: TemplateValues, what: str, path: str) -> InputError:
    return InputError(
        f"{what} is not known here",
        place=template.place(path),
        hint="name the thing itself, or its ARN, in the template",
    )

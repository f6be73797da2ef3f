"""Lambda: functions by name, ARN or part of an ARN, with a qualifier or without.

Source: docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html; for the package in S3 and the layers,
the caller's own rights: docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html.
"""

from __future__ import annotations

import re

from crosswind.local.authorization.asking import Ask, Context, account_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import GivenRow, Pass, Row, Table
from crosswind.local.authorization.tables.s3_keys import reads
from crosswind.local.authorization.tables.s3_requests import Place
from crosswind.local.authorization.templates import templates
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]

_SERVICE = "lambda.amazonaws.com"
# Operations of which a qualifier is part of the resource.
_QUALIFIED = {
    "AddPermission",
    "DeleteFunction",
    "DeleteFunctionEventInvokeConfig",
    "DeleteFunctionUrlConfig",
    "DeleteProvisionedConcurrencyConfig",
    "GetFunction",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "GetFunctionUrlConfig",
    "GetPolicy",
    "GetProvisionedConcurrencyConfig",
    "Invoke",
    "InvokeWithResponseStream",
    "PutFunctionEventInvokeConfig",
    "PutProvisionedConcurrencyConfig",
    "RemovePermission",
}


def _function(ask: Ask, arn: str, _: bool) -> str:
    """`FunctionName` may be a name, `name:qualifier`, `account:function:name` or an ARN."""
    head, found, name = arn.partition(":function:")
    if not found:
        return arn
    owner, whole, rest = name.partition(":function:")
    if whole and (arn in ask.values("FunctionName") or not re.fullmatch("[0-9]{12}", owner) or ":function:" in rest):
        raise ServiceError("ValidationException", f"{arn} is not the ARN of a function.", 400)
    if whole:
        head, name = f"{head.rpartition(':')[0]}:{owner}", rest
    qualifier = ask.parameters.get("Qualifier")
    if qualifier and ":" not in name and ask.call.operation in _QUALIFIED:
        name = f"{name}:{qualifier}"
    return f"{head}:function:{name}"


def _keys(ask: Ask) -> Context:
    context: Context = {}
    for key, path in (
        ("lambda:CodeSigningConfigArn", "CodeSigningConfigArn"),
        ("lambda:FunctionUrlAuthType", "AuthType|FunctionUrlAuthType"),
        ("lambda:Principal", "Principal"),
    ):
        if value := ask.text(path):
            context[key] = value
    for key, path in (
        ("lambda:Layer", "Layers"),
        ("lambda:SecurityGroupIds", "VpcConfig.SecurityGroupIds"),
        ("lambda:SubnetIds", "VpcConfig.SubnetIds"),
    ):
        if values := list(ask.values(path)):
            context[key] = values
    return context


def _source_mapping_keys(ask: Ask) -> Context:
    name = ask.text("FunctionName")
    if not name:
        return {}
    arn = name if name.startswith("arn:") else _function(ask, ask.arn("lambda", f"function:{name}"), False)
    return {"lambda:FunctionArn": arn}


def _package(ask: Ask) -> list[Need]:
    """Lambda reads the package in S3, and the layers, with the rights of its caller."""
    needs = []
    bucket, key = ask.text("Code.S3Bucket|S3Bucket"), ask.text("Code.S3Key|S3Key")
    if bucket and key:
        place, version = Place(ask, bucket, key), ask.text("Code.S3ObjectVersion|S3ObjectVersion")
        context: Context = {"s3:ResourceAccount": place.account}
        if version:
            context["s3:VersionId"] = version
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        needs.append(Need(action, place.object_arn, place.account, context, _SERVICE))
        needs += reads(place, ask.facts.object(bucket, key, version or None))
    for layer in ask.values("Layers"):
        if not layer.startswith("arn:") or layer.count(":") != 7:
            raise ServiceError("ValidationException", f"{layer} is not the ARN of a layer's version.", 400)
        needs.append(Need("lambda:GetLayerVersion", layer, account_in(layer, ask.account)))
    return needs


def _with_package(operation: str, *, made: bool) -> Row:
    def row(ask: Ask) -> list[Need]:
        given = GivenRow(
            TABLE,
            operation,
            (f"lambda:{operation}",),
            templates("function:{FunctionName}" + ("+" if made else ""), "lambda"),
            (Pass("Role", _SERVICE),),
            "lambda:TagResource",
        )
        return [*given(ask), *_package(ask)]

    return row


TABLE = Table(
    prefix="lambda",
    names={
        "CodeSigningConfigId": "CodeSigningConfigArn",
        "LayerVersion": "VersionNumber",
        "UUID": "UUID",
    },
    resources={
        "DeleteProvisionedConcurrencyConfig": "function:{FunctionName}",
        "DeleteResourcePolicy": "{ResourceArn}",
        "GetLayerVersionByArn": "{Arn}",
        "GetProvisionedConcurrencyConfig": "function:{FunctionName}",
        "GetResourcePolicy": "{ResourceArn}",
        "Invoke": "function:{FunctionName}",
        "InvokeAsync": "function:{FunctionName}",
        "InvokeWithResponseStream": "function:{FunctionName}",
        "ListTags": "{Resource}",
        "PublishLayerVersion": "layer:{LayerName}",
        "PutFunctionCodeSigningConfig": "function:{FunctionName} {CodeSigningConfigArn}",
        "PutProvisionedConcurrencyConfig": "function:{FunctionName}",
        "PutResourcePolicy": "{ResourceArn}",
        "TagResource": "{Resource}",
        "UntagResource": "{Resource}",
    },
    actions={
        "GetLayerVersionByArn": "GetLayerVersion",
        "Invoke": "InvokeFunction",
        "InvokeAsync": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    passed_to=_SERVICE,
    tagging="TagResource",
    tagged={
        "CreateCodeSigningConfig": "code-signing-config:*+",
        "CreateEventSourceMapping": "event-source-mapping:*+",
    },
    keys={
        "*": _keys,
        "CreateEventSourceMapping": _source_mapping_keys,
        "UpdateEventSourceMapping": _source_mapping_keys,
    },
    resolve=_function,
    rows={
        "CreateFunction": _with_package("CreateFunction", made=True),
        "UpdateFunctionCode": _with_package("UpdateFunctionCode", made=False),
        "UpdateFunctionConfiguration": _with_package("UpdateFunctionConfiguration", made=False),
    },
)
"""Rights of Lambda."""

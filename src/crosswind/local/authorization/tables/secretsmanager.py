"""Secrets Manager: a secret's ARN ends with six characters that AWS chose.

Source: docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.local.authorization.asking import Ask, Context, account_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Table
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]

_TAG_KEYS = ("aws", "secretsmanager")


def _whole(ask: Ask, arn: str, made: bool) -> str:
    """The ARN of the secret that has this name; one that is not there has no suffix yet."""
    head, _, name = arn.partition(":secret:")
    if name == "*":
        return arn
    if ":" in name:  # a name has none; behind the last colon moto would find another secret's
        raise ServiceError("ValidationException", f"{name} is not the name of a secret.", 400)
    if not made:
        account, region = account_in(arn, ask.account), arn.split(":")[3]
        given = ask.text("SecretId")
        found = ask.facts.secret_arn(account, region, given if given.startswith("arn:") else name)
        if found:
            return found
        if given.startswith("arn:"):
            return arn
    return f"{head}:secret:{name}-??????"


def _keys(ask: Ask) -> Context:
    context: Context = {}
    for key, path in (
        ("secretsmanager:Description", "Description"),
        ("secretsmanager:KmsKeyId", "KmsKeyId"),
        ("secretsmanager:Name", "Name"),
        ("secretsmanager:RecoveryWindowInDays", "RecoveryWindowInDays"),
        ("secretsmanager:RotationLambdaARN", "RotationLambdaARN"),
        ("secretsmanager:SecretId", "SecretId"),
        ("secretsmanager:VersionId", "VersionId"),
        ("secretsmanager:VersionStage", "VersionStage"),
    ):
        if value := ask.text(path):
            context[key] = value
    for key, member in (
        ("secretsmanager:BlockPublicPolicy", "BlockPublicPolicy"),
        ("secretsmanager:ForceDeleteWithoutRecovery", "ForceDeleteWithoutRecovery"),
    ):
        if member in ask.parameters:
            context[key] = "true" if ask.parameters[member] else "false"
    return context


def _batch(ask: Ask) -> Iterator[Need]:
    """A batch needs the right to read each secret; by filters, to list them, and to read any of the Region's.

    Stricter than AWS, whose answer leaves out, and lists, the secrets that may not be read.

    Source: docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
    """
    yield Need("secretsmanager:BatchGetSecretValue", "*", ask.account)
    if ask.parameters.get("Filters"):
        yield Need("secretsmanager:ListSecrets", "*", ask.account)
        yield Need("secretsmanager:GetSecretValue", ask.arn("secretsmanager", "secret:*"), ask.account)
    for given in ask.values("SecretIdList"):
        arn = given if given.startswith("arn:") else ask.arn("secretsmanager", f"secret:{given}-??????")
        found = ask.facts.secret_arn(account_in(arn, ask.account), arn.split(":")[3], given) or arn
        context: Context = {"secretsmanager:SecretId": given} | ask.tagged(found, _TAG_KEYS)
        yield Need("secretsmanager:GetSecretValue", found, account_in(found, ask.account), context)


TABLE = Table(
    prefix="secretsmanager",
    resources={"CreateSecret": "secret:{Name}+", "ListSecrets": "*"},
    passed_to="secretsmanager.amazonaws.com",
    tagging="TagResource",
    tag_keys=_TAG_KEYS,
    keys={"*": _keys},
    rows={"BatchGetSecretValue": _batch},
    resolve=_whole,
)
"""Rights of Secrets Manager."""

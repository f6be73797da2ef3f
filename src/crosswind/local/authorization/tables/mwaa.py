"""MWAA, which IAM calls `airflow`.

Source: docs.aws.amazon.com/mwaa/latest/userguide/access-policies.html
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Pass, Row, Table, pass_role

__all__ = ["TABLE"]

_SERVICE = "airflow.amazonaws.com"
_LINKED = "AWSServiceRoleForAmazonMWAA"
# Airflow's own roles, the mightiest first: a caller enters as the first that it may be.
_ROLES = ("Admin", "Op", "User", "Viewer", "Public")


def _as_airflow_role(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        name = ask.text("Name") or "*"
        first, *others = (ask.arn("airflow", f"role/{name}/{role}") for role in _ROLES)
        return [Need(f"airflow:{action}", first, ask.account, instead=tuple(others))]

    return row


def _create(ask: Ask) -> list[Need]:
    """What MWAA does with the rights of who creates an environment: endpoints, interfaces, its service-linked role."""
    arn, tags = ask.arn("airflow", f"environment/{ask.text('Name') or '*'}"), tags_in(ask.parameters)
    needs = [Need("airflow:CreateEnvironment", arn, ask.account, tags)]
    if tags:
        needs.append(Need("airflow:TagResource", arn, ask.account, tags))
    needs += pass_role(ask, Pass("ExecutionRoleArn", _SERVICE), arn)
    bucket = ask.text("SourceBucketArn")
    if bucket.startswith("arn:"):  # MWAA refuses what is none
        known = ask.facts.bucket(bucket.rpartition(":")[2])
        owner = known.account if known else ask.account
        needs.append(Need("s3:GetEncryptionConfiguration", bucket, owner, {"s3:ResourceAccount": owner}, _SERVICE))
    inside = [
        ask.arn("ec2", f"{noun}/{name}")
        for noun, path in (("subnet", "SubnetIds"), ("security-group", "SecurityGroupIds"))
        for name in ask.values(f"NetworkConfiguration.{path}")
    ]
    for action, made in (("CreateNetworkInterface", "network-interface/*"), ("CreateVpcEndpoint", "vpc-endpoint/*")):
        needs += [
            Need(f"ec2:{action}", place, ask.account, ask.tagged(place, ("aws", "ec2")), _SERVICE)
            for place in (ask.arn("ec2", made), *inside)
        ]
    if not ask.facts.iam_arn(ask.account, "role", _LINKED):
        role = ask.arn("iam", f"role/aws-service-role/{_SERVICE}/{_LINKED}", region=False)
        needs.append(Need("iam:CreateServiceLinkedRole", role, ask.account, {"iam:AWSServiceName": _SERVICE}, _SERVICE))
    return needs


TABLE = Table(
    prefix="airflow",
    names={"EnvironmentName": "Name|EnvironmentName"},
    passed_to=_SERVICE,
    tagging="TagResource",
    rows={
        "CreateEnvironment": _create,
        "CreateWebLoginToken": _as_airflow_role("CreateWebLoginToken"),
        "InvokeRestApi": _as_airflow_role("InvokeRestApi"),
    },
)
"""Rights of MWAA."""

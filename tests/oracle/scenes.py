"""Who asks for what: principals, actions and resources of two accounts, and the context keys that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["ACCOUNTS", "Scene", "Service", "derived_context", "scene"]

HOME, OTHER, THIRD = ACCOUNTS = ("111111111111", "222222222222", "333333333333")
KEY = "0d0a1b2c-1111-2222-3333-444455556666"


@dataclass(frozen=True)
class Service:
    """A service: its actions, its resources (`{a}`: the account), and how its resource policies behave."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    policy: str = "resource"  # "resource", "trust", "key" or "" for none


SERVICES = (
    Service(
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion"),
        ("arn:aws:s3:::lake/data/alice/file.csv", "arn:aws:s3:::lake/team-a/x", "arn:aws:s3:::lake/a b/$x/y+z"),
    ),
    Service(("s3:ListBucket", "s3:GetBucketLocation"), ("arn:aws:s3:::lake",)),
    Service(
        ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"),
        ("arn:aws:iam::{a}:role/etl", "arn:aws:iam::{a}:role/service/etl"),
        "trust",
    ),
    Service(
        ("kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:DescribeKey", "kms:ScheduleKeyDeletion"),
        (f"arn:aws:kms:us-east-1:{{a}}:key/{KEY}",),
        "key",
    ),
    Service(
        ("lambda:InvokeFunction", "lambda:GetFunction"),
        ("arn:aws:lambda:us-east-1:{a}:function:clean", "arn:aws:lambda:us-east-1:{a}:function:clean:live"),
    ),
    Service(
        ("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
        ("arn:aws:secretsmanager:us-east-1:{a}:secret:airflow/db-AbCdEf",),
    ),
    Service(("sqs:SendMessage", "sqs:ReceiveMessage"), ("arn:aws:sqs:us-east-1:{a}:jobs.fifo",)),
    Service(("sns:Publish", "sns:Subscribe"), ("arn:aws:sns:us-east-1:{a}:news",)),
    Service(
        ("dynamodb:GetItem", "dynamodb:PutItem"),
        ("arn:aws:dynamodb:us-east-1:{a}:table/runs", "arn:aws:dynamodb:us-east-1:{a}:table/runs/index/by-day"),
    ),
    Service(("glue:StartJobRun", "glue:GetJobRun"), ("arn:aws:glue:us-east-1:{a}:job/clean",), ""),
    Service(("iam:PassRole", "iam:GetRole"), ("arn:aws:iam::{a}:role/etl",), ""),
)
_WEIGHTS = (24, 8, 14, 14, 8, 8, 6, 6, 5, 4, 3)

CALLERS = {
    "session": "arn:aws:sts::{a}:assumed-role/worker/run-1",
    "role": "arn:aws:iam::{a}:role/worker",
    "user": "arn:aws:iam::{a}:user/alice",
    "path-user": "arn:aws:iam::{a}:user/staff/alice",
    "root": "arn:aws:iam::{a}:root",
    "federated-user": "arn:aws:sts::{a}:federated-user/bob",
    "service": "glue.amazonaws.com",
    "anonymous": "anonymous",
}
_CALLER_WEIGHTS = (36, 12, 22, 4, 4, 4, 12, 6)


@dataclass(frozen=True)
class Scene:
    """One request without its context."""

    kind: str
    principal: str
    account: str  # the caller's; empty for a service and for nobody
    action: str
    resource: str
    owner: str
    service: Service

    @property
    def cross_account(self) -> bool:
        """Whether caller and owner are two accounts."""
        return self.account != self.owner


def scene(random: Random) -> Scene:
    """A random request."""
    kind = random.choices(list(CALLERS), _CALLER_WEIGHTS)[0]
    service = random.choices(SERVICES, _WEIGHTS)[0]
    if kind in ("service", "anonymous") and not service.policy:
        service = SERVICES[0]
    account = HOME if kind not in ("service", "anonymous") else ""
    owner = HOME if random.random() < 0.5 else OTHER
    if not service.policy:
        owner = HOME if random.random() < 0.8 else OTHER
    action = random.choice(service.actions)
    resource = random.choice(service.resources).format(a=owner)
    return Scene(kind, CALLERS[kind].format(a=account), account, action, resource, owner, service)


def derived_context(asked: Scene) -> dict[str, str]:
    """The keys that AWS adds to each request by itself, spelled out, since the engine adds none."""
    keys = {"aws:ResourceAccount": asked.owner, "aws:PrincipalIsAWSService": str(asked.kind == "service").lower()}
    if asked.kind == "anonymous":
        return keys | {"aws:PrincipalType": "Anonymous"}
    if asked.kind == "service":
        return keys | {"aws:PrincipalServiceName": asked.principal}
    keys |= {"aws:PrincipalAccount": asked.account, "aws:PrincipalArn": asked.principal}
    if asked.kind in ("session", "role"):
        keys["aws:PrincipalArn"] = f"arn:aws:iam::{asked.account}:role/worker"
        userid = "AROAEXAMPLEEXAMPLE123" + (":run-1" if asked.kind == "session" else "")
        return keys | {"aws:PrincipalType": "AssumedRole", "aws:userid": userid}
    if asked.kind == "root":
        return keys | {"aws:PrincipalType": "Account", "aws:userid": asked.account}
    if asked.kind == "federated-user":
        return keys | {"aws:PrincipalType": "FederatedUser", "aws:userid": f"{asked.account}:bob"}
    return keys | {"aws:PrincipalType": "User", "aws:userid": "AIDAEXAMPLEEXAMPLE123", "aws:username": "alice"}

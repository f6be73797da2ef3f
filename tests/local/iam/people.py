"""Accounts with users and roles, for stories that need no deployed example."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.stage import Statements, document

EVERYTHING: Statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def allow(action: str | list[str], resource: str = "*", **condition: Any) -> Statements:
    """One Allow; conditions as operator={key: value}."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    return [{**statement, "Condition": condition}] if condition else [statement]


def trust(*arns: str, **condition: Any) -> Statements:
    """A trust of principals by ARN; conditions as operator={key: value}."""
    named = list(arns) if len(arns) > 1 else arns[0]
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": named}}
    return [{**statement, "Condition": condition}] if condition else [statement]


@dataclass(frozen=True)
class Account:
    """One account."""

    arena: Arena
    id: str

    @property
    def root_arn(self) -> str:
        return f"arn:aws:iam::{self.id}:root"

    def root(self, service: str, region: str = "us-east-1") -> Any:
        return self.arena.root(service, self.id, region)

    def role(self, name: str, statements: Statements = (), trusted: Statements | None = None, **more: Any) -> str:  # type: ignore[assignment]
        """Make a role; its ARN. Without a trust of its own it trusts its account."""
        iam = self.root("iam")
        held = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=document(trusted or trust(self.root_arn)), **more
        )
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(list(statements)))
        return str(held["Role"]["Arn"])

    def session(self, role_arn: str) -> Credentials:
        """A session of a role, opened beside STS: for stories about what comes after."""
        return self.arena.identities.issue(role_arn, "somebody")[0]

    def acting(self, name: str, statements: Statements) -> Credentials:
        """A session of a new role with these rights."""
        return self.session(self.role(name, statements))

    def user(self, name: str, statements: Statements) -> Credentials:
        """Make a user with an access key."""
        iam = self.root("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def bucket(self, name: str, *keys: str, policy: Statements | None = None) -> str:
        """Make a bucket with objects, and perhaps a policy."""
        s3 = self.root("s3")
        s3.create_bucket(Bucket=name)
        for key in keys:
            s3.put_object(Bucket=name, Key=key, Body=b"body")
        if policy:
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": policy}))
        return name

    def client(self, service: str, credentials: Credentials, region: str = "us-east-1") -> Any:
        return self.arena.clients.client(service, region, credentials)

    def assume(self, credentials: Credentials, role_arn: str, **more: Any) -> Credentials:
        """AssumeRole through STS."""
        sts = self.client("sts", credentials)
        keys = sts.assume_role(RoleArn=role_arn, RoleSessionName="chained", **more)["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def outcome(act: Any, *arguments: Any, **named: Any) -> str:
    """`allowed`, or the code of the error."""
    try:
        act(*arguments, **named)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "allowed"

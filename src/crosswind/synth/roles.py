"""IAM roles: who may assume them, and the resource itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.errors import InputError
from crosswind.synth.packing import POLICIES, ROLE_CHARACTERS, packed, size
from crosswind.synth.template import Template, ref, sub

__all__ = ["SESSION_TAGS", "Statement", "account_trust", "add_role", "allow", "service_trust", "session_trust"]

Statement = dict[str, Any]
"""An IAM statement, with CloudFormation's intrinsic functions in it."""

SESSION_TAGS = ("crosswind:dag", "crosswind:run")
"""What Airflow tells of itself beside the source identity (the DAG): these tags of a session, and no others."""


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[Any], condition: Mapping[str, Any] | None = None
) -> Statement:
    """An `Allow` statement; actions sorted, resources once each and in the order given."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": [item for index, item in enumerate(resources) if item not in resources[:index]],
    }
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def service_trust(services: Sequence[str], account: str = "", source_arn: str = "") -> Statement:
    """A trust statement for AWS services that act for our own account.

    A service that sends no `aws:SourceAccount` could never assume a role that asks for it, so the condition
    stands only where AWS shows it in a role's trust: MWAA, StackSets, SageMaker, Lambda. Glue and S3 replication
    go without; there, it is `iam:PassRole` that keeps others out, since a role is never passed to another account.

    Sources: docs.aws.amazon.com/mwaa/latest/userguide/cross-service-confused-deputy-prevention.html;
    .../AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html ("global keys");
    .../sagemaker/latest/dg/security-confused-deputy-prevention.html; for Lambda, whose guide is silent,
    github.com/aws/agent-toolkit-for-aws (deploying-custom-domain-rest-api/scripts/lambda-trust-policy.json).
    Without: .../glue/latest/dg/create-an-iam-role.html, .../AmazonS3/latest/userguide/
    setting-repl-config-perm-overview.html, .../IAM/latest/UserGuide/id_roles_use_passrole.html.

    Args:
        services: service principals.
        account: the account whose resources the service must be acting for (`aws:SourceAccount`); empty for any.
        source_arn: a pattern of the resource it must be acting for, where the service gives it.
    """
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": sorted(services)},
        "Action": "sts:AssumeRole",
    }
    if account:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
        if source_arn:
            statement["Condition"]["ArnLike"] = {"aws:SourceArn": sub(source_arn)}
    return statement


def account_trust(account: str, principal_arn: str, external_id: str) -> Statement:
    """A trust statement for one role of another account.

    The principal is that account's root, and the role is named in a condition: so the statement is valid
    before the role exists and stays valid when it is made anew (a principal that names a role is stored by
    the role's unique id). `aws:PrincipalArn` holds the role's ARN for every session of the role.

    Args:
        account: the other account.
        principal_arn: its role.
        external_id: what the caller must send as `ExternalId`; empty for none (a role of the same account).
    """
    condition: dict[str, Any] = {"ArnEquals": {"aws:PrincipalArn": sub(principal_arn)}}
    if external_id:
        condition["StringEquals"] = {"sts:ExternalId": external_id}
    return {
        "Effect": "Allow",
        "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{account}:root")},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }


def session_trust(account: str, principal_arn: str) -> Statement:
    """A trust statement beside `account_trust`: the caller may say for whom it acts, as CloudTrail shows then.

    STS asks for these rights in the trust and in the caller's own policy, each only when the request carries a source
    identity or tags; so plain connections assume the role without. A statement of its own, since no page says that
    `sts:ExternalId` is in the context of these actions; `sts:AssumeRole` asks for it all the same.

    Sources: docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html (permissions, `aws:TagKeys`) and
    .../id_credentials_temp_control-access_monitor.html (source identity).

    Args:
        account: the other account.
        principal_arn: its role.
    """
    return {
        "Effect": "Allow",
        "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{account}:root")},
        "Action": ["sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": sub(principal_arn)},
            "ForAllValues:StringEquals": {"aws:TagKeys": list(SESSION_TAGS)},
        },
    }


def add_role(
    template: Template,
    logical_id: str,
    name: str,
    description: str,
    *,
    trust: Sequence[Statement],
    statements: Sequence[Statement],
    boundary: Any,
    condition: str = "",
    managed: Sequence[Any] = (),
    session_seconds: int = 0,
) -> str:
    """Add a role with an inline policy, or with managed ones where it is too long for that; returns its logical id.

    Args:
        template: the stack's.
        logical_id: of the role.
        name: the role's name; fixed, so that other accounts can name it before it exists.
        description: for the console.
        trust: who may assume it.
        statements: what it may do; a role without any has no policy.
        boundary: the name of its permissions boundary, a managed policy of its account; or a reference to it.
        condition: a condition's name; the role exists only while it holds.
        managed: the ARNs of managed policies.
        session_seconds: how long a session may last; 0 for IAM's hour.

    Raises:
        InputError: when the statements are more than IAM lets one role have.
    """
    inline = size(statements) <= ROLE_CHARACTERS
    policies = [] if inline else _managed(template, logical_id, name, statements, condition)
    properties: dict[str, Any] = {
        "RoleName": name,
        "Description": description,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": list(trust)},
        "PermissionsBoundary": _policy_arn(boundary) if isinstance(boundary, str) else boundary,
    }
    if statements and inline:  # a policy without statements is not valid
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        properties["Policies"] = [{"PolicyName": "granted", "PolicyDocument": document}]
    if managed or policies:
        properties["ManagedPolicyArns"] = [*managed, *policies]
    if session_seconds:
        properties["MaxSessionDuration"] = session_seconds
    return template.add(logical_id, "AWS::IAM::Role", properties, condition=condition)


def _policy_arn(name: str) -> dict[str, Any]:
    return sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{name}")


def _managed(
    template: Template, logical_id: str, role: str, statements: Sequence[Statement], condition: str
) -> list[dict[str, Any]]:
    """A role's statements as managed policies of its own; returns references to them."""
    parts = packed(statements)
    if len(parts) > POLICIES:
        raise InputError(
            f"role {role}: its statements fill {len(parts)} managed policies; IAM lets one role have {POLICIES}",
            hint="give it less to do: fewer jobs a site, more accounts, or `roles: site` (with `single` one role does"
            " all; with `pipeline` Airflow has the most roles to enter)",
        )
    return [
        ref(
            template.add(
                f"{logical_id}Policy{number}",
                "AWS::IAM::ManagedPolicy",
                {
                    "ManagedPolicyName": f"{role}-{number}",
                    "Description": f"What {role} may do, part {number} of {len(parts)}.",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": part},
                },
                condition=condition,
            )
        )
        for number, part in enumerate(parts, start=1)
    ]

"""The role under which `crosswind deploy`, `run` and `destroy` act: one stack for each account in use.

No part of a deployment: an administrator launches it once an account. Who may assume the role is that account's
own affair: the trust names the account, and an identity policy there says who.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosswind.errors import InputError
from crosswind.synth import deployer_statements
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, add_role
from crosswind.synth.stack import Stack
from crosswind.synth.template import Template, get_att, ref, sub

__all__ = ["deployer_stack"]

# docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: a managed policy's size, without white space;
# and how many a role may have.
_POLICY_CHARACTERS = 6_144
_POLICIES = 10
_AROUND = len('{"Version":"2012-10-17","Statement":[]}')
_SPARE = _AROUND + 10  # and the number after a part's Sid
# CloudFormation acts with the session that called it, and MWAA takes up to half an hour.
_SESSION_SECONDS = 4 * 3600


def deployer_stack(layout: Layout, account: str) -> Stack:
    """The deployer's role in an account, its rights in managed policies by noun.

    Args:
        layout: of the topology.
        account: its declared name; one in use.

    Raises:
        InputError: when the rights are more than IAM lets one role have.
    """
    topology, identity = layout.topology, layout.account_id(account)
    template = Template(f"{topology.name}: the deployer's role in the account {account}")
    policies = [
        template.add(
            f"{camel(name)}Policy",
            "AWS::IAM::ManagedPolicy",
            {
                "ManagedPolicyName": f"{layout.names.role('deployer')}-{name}",
                "Description": f"What the deployer of {topology.name} may do: {name}.",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        )
        for name, statements in _packed(deployer_statements.deployer(layout, account))
    ]
    if len(policies) > _POLICIES:
        raise InputError(
            f"the deployer of the account {account} needs {len(policies)} managed policies; IAM takes {_POLICIES}",
            hint="give the account fewer buckets and jobs, or spread them over several accounts",
        )
    role = _role(template, layout, identity, policies)
    template.output("DeployerRoleArn", get_att(role, "Arn"), "The role under which to deploy.")
    region = topology.hub.region if layout.is_hub(account) else layout.home(account)
    return Stack(
        name=layout.deployer_stack(account),
        account=identity,
        region=region,
        part="deployer",
        site=account,
        kind="stack",
        template=template.build(),
        capabilities=("CAPABILITY_NAMED_IAM",),
        outputs=template.outputs,
        admin_region=region,
    )


def _role(template: Template, layout: Layout, identity: str, policies: Sequence[str]) -> str:
    """The role itself: who may use it is for the account's own identity policies to say."""
    return add_role(
        template,
        "DeployerRole",
        layout.names.role("deployer"),
        f"Crosswind deploys, runs and destroys {layout.topology.name} under this role.",
        trust=[
            {
                "Effect": "Allow",
                "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{identity}:root")},
                "Action": "sts:AssumeRole",
            }
        ],
        statements=(),
        managed=[ref(policy) for policy in policies],
        session_seconds=_SESSION_SECONDS,
    )


def _packed(groups: Mapping[str, Sequence[Statement]]) -> Iterator[tuple[str, list[Statement]]]:
    """Each group as one policy, or as several that are numbered where it is too long for one."""
    for name, statements in groups.items():
        parts: list[list[Statement]] = []
        size = _POLICY_CHARACTERS
        for statement in _pieces(statements):
            length = _size(statement) + 1
            if size + length > _POLICY_CHARACTERS:
                parts.append([])
                size = _AROUND
            parts[-1].append(statement)
            size += length
        for number, part in enumerate(parts, start=1):
            yield name if number == 1 else f"{name}-{number}", part


def _pieces(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Each statement, or where it is too long for a policy several with a part of its resources each."""
    for statement in statements:
        resources = statement["Resource"]
        count = 1
        parts = [resources]
        while any(_size({**statement, "Resource": part}) > _POLICY_CHARACTERS - _SPARE for part in parts):
            count += 1
            parts = [resources[start::count] for start in range(count)]
        for number, part in enumerate(parts, start=1):
            sid = statement["Sid"] if number == 1 else f"{statement['Sid']}{number}"
            yield {**statement, "Sid": sid, "Resource": part}


def _size(statement: Statement) -> int:
    """The characters of a statement once CloudFormation has resolved it, or a few more."""
    return len(json.dumps(_plain(statement), separators=(",", ":")))


def _plain(content: Any) -> Any:
    """Content with each `Fn::Sub` as its text: a pseudo parameter's name is no shorter than its values."""
    if isinstance(content, Mapping):
        if set(content) == {"Fn::Sub"}:
            return content["Fn::Sub"]
        return {key: _plain(value) for key, value in content.items()}
    return [_plain(item) for item in content] if isinstance(content, list) else content

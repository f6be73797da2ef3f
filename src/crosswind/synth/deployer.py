"""The role under which `crosswind deploy`, `run` and `destroy` act, and the boundaries: one stack for each account.

No part of a deployment: an administrator launches it once an account. Who may assume the role is that account's
own affair: the trust names the account, and an identity policy there says who.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crosswind.errors import InputError, Place
from crosswind.synth import boundaries, deployer_statements
from crosswind.synth.arns import policy_arn
from crosswind.synth.layout import Layout, camel
from crosswind.synth.packing import POLICIES, POLICY_CHARACTERS, by_noun, size
from crosswind.synth.parts import Limits, within
from crosswind.synth.roles import Statement, add_role
from crosswind.synth.stack import Need, Stack
from crosswind.synth.template import Template, get_att, ref, sub

__all__ = ["deployer_of"]

# CloudFormation acts with the session that called it, and MWAA takes up to half an hour.
_SESSION_SECONDS = 4 * 3600
# How many policies go into a stack of their own when one stack is too small: with ten, either stack then has room. They
# have other names there: a policy that changed its stack would be made anew before it goes.
_APART = POLICIES // 2
_ADVICE = {
    "ManageConnections": "each connection is named: fewer of them with `roles: site` in place of `roles: pipeline`, or"
    " divide the topology into two, each with a hub of its own",
}


_Parts = Mapping[str, Sequence[Any]]
"""Statements by the name of their policy."""


def deployer_of(layout: Layout, account: str, stacks: Iterable[Stack], limits: Limits) -> tuple[Stack, ...]:
    """The deployer's role in an account, its rights in managed policies by noun; and the account's two boundaries.

    Args:
        layout: of the topology.
        account: its declared name; one in use.
        stacks: of the whole topology.
        limits: of a template.

    Returns:
        One stack; before it another one with some of the policies, where one would be too large.

    Raises:
        InputError: when the rights are more than IAM lets one role have.
    """
    granted = deployer_statements.deployer(
        layout, account, [each for each in stacks if each.account == layout.account_id(account)]
    )
    parts = by_noun(granted)
    if len(parts) > POLICIES:
        raise _too_many(account, granted, len(parts))
    whole = _with_role(layout, account, parts, {})
    if within(whole, limits):
        return (whole,)
    names = list(parts)
    apart = {f"{name}-apart": parts[name] for name in names[:_APART]}
    return (_rights(layout, account, apart), _with_role(layout, account, {n: parts[n] for n in names[_APART:]}, apart))


def _with_role(layout: Layout, account: str, parts: _Parts, apart: _Parts) -> Stack:
    """The stack with the role and the boundaries, and some of the policies; others are in a stack of their own."""
    topology, identity = layout.topology, layout.account_id(account)
    template = Template(f"{topology.name}: the deployer's role in the account {account}")
    policies = _add_policies(template, layout, parts)
    boundary, above = _add_boundaries(template, layout, account)
    arns = [*(policy_arn(identity, _policy(layout, name)) for name in apart), *(ref(policy) for policy in policies)]
    role = _role(template, layout, identity, arns, ref(above))
    template.output("BoundaryArn", ref(boundary), "The permissions boundary of every role that the templates make.")
    template.output("DeployerBoundaryArn", ref(above), "The permissions boundary of the roles that make roles.")
    template.output("DeployerRoleArn", get_att(role, "Arn"), "The role under which to deploy.")
    needs = (Need(layout.rights_stack(account)),) if apart else ()
    return _stack(layout, account, layout.deployer_stack(account), template, needs)


def _rights(layout: Layout, account: str, parts: _Parts) -> Stack:
    """The stack with policies for which there is no room beside the role; it comes first, for the role names them."""
    template = Template(f"{layout.topology.name}: rights of the deployer in the account {account}")
    _add_policies(template, layout, parts)
    return _stack(layout, account, layout.rights_stack(account), template, ())


def _stack(layout: Layout, account: str, name: str, template: Template, needs: tuple[Need, ...]) -> Stack:
    region = layout.topology.hub.region if layout.is_hub(account) else layout.home(account)
    return Stack(
        name=name,
        account=layout.account_id(account),
        region=region,
        part="deployer",
        site=account,
        kind="stack",
        template=template.build(),
        capabilities=("CAPABILITY_NAMED_IAM",),
        outputs=template.outputs,
        needs=needs,
        admin_region=region,
    )


def _policy(layout: Layout, name: str) -> str:
    return f"{layout.names.role('deployer')}-{name}"


def _add_policies(template: Template, layout: Layout, parts: _Parts) -> list[str]:
    """Add the policies; returns their logical ids."""
    return [
        template.add(
            f"{camel(name)}Policy",
            "AWS::IAM::ManagedPolicy",
            {
                "ManagedPolicyName": _policy(layout, name),
                "Description": f"What the deployer of {layout.topology.name} may do: {name}.",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        )
        for name, statements in parts.items()
    ]


def _add_boundaries(template: Template, layout: Layout, account: str) -> tuple[str, str]:
    """The boundary of the roles that templates make, and that of those which make roles; their logical ids."""
    boundary, above = (
        template.add(
            logical_id,
            "AWS::IAM::ManagedPolicy",
            {
                "ManagedPolicyName": name,
                "Description": f"The permissions boundary of {whose} of {layout.topology.name}.",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        )
        for logical_id, name, whose, statements in (
            ("Boundary", layout.boundary, "every role", boundaries.of_roles(layout, account)),
            (
                "DeployerBoundary",
                layout.deployer_boundary,
                "the roles that make roles",
                boundaries.of_deployers(layout, account),
            ),
        )
    )
    return boundary, above


def _too_many(account: str, granted: Mapping[str, Sequence[Statement]], needed: int) -> InputError:
    """More than IAM takes, with the statement that takes most of it, and what makes it shorter."""
    largest = max((each for statements in granted.values() for each in statements), key=size)
    advice = _ADVICE.get(largest["Sid"], "fewer buckets and jobs in this account: spread them over several accounts")
    return InputError(
        f"the deployer of the account {account} needs {needed} managed policies; IAM lets a role have {POLICIES} of"
        f" {POLICY_CHARACTERS:,} characters. The longest statement is {largest['Sid']}, with"
        f" {len(largest['Resource'])} resources in {size(largest):,} characters",
        place=Place(path=f"accounts.{account}"),
        hint=advice,
    )


def _role(template: Template, layout: Layout, identity: str, policies: Sequence[Any], boundary: Any) -> str:
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
        boundary=boundary,
        managed=policies,
        session_seconds=_SESSION_SECONDS,
    )

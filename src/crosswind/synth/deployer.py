"""The role under which `crosswind deploy`, `run` and `destroy` act: one stack for each account in use.

No part of a deployment: an administrator launches it once an account. Who may assume the role is that account's
own affair: the trust names the account, and an identity policy there says who.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.errors import InputError
from crosswind.synth import deployer_statements
from crosswind.synth.layout import Layout, camel
from crosswind.synth.packing import POLICIES, packed
from crosswind.synth.roles import add_role
from crosswind.synth.stack import Stack
from crosswind.synth.template import Template, get_att, ref, sub

__all__ = ["deployer_stack"]

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
        for noun, granted in deployer_statements.deployer(layout, account).items()
        for number, statements in enumerate(packed(granted), start=1)
        for name in [noun if number == 1 else f"{noun}-{number}"]
    ]
    if len(policies) > POLICIES:
        raise InputError(
            f"the deployer of the account {account} needs {len(policies)} managed policies; IAM takes {POLICIES}",
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

"""What CloudFormation does with roles and their policies, for whoever it acts for; and which roles are passed on.

A part of `provider_statements`, and as it is: from the `handlers` of the types' schemas. Each statement stands once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crosswind.synth import holdings
from crosswind.synth.arns import policy_arn, role_arn
from crosswind.synth.holdings import Held
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.stack import Stack
from crosswind.topology.model import GlueJob, SageMakerJob

__all__ = ["manage_roles", "pass_roles", "passed_by_sites", "sources_of"]

_LOOKS = ["GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"]
_CHANGES = ["DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"]
_POLICIES = [
    "CreatePolicy",
    "CreatePolicyVersion",
    "DeletePolicy",
    "DeletePolicyVersion",
    "GetPolicy",
    "GetPolicyVersion",
    "ListEntitiesForPolicy",
    "ListPolicyVersions",
]


def manage_roles(layout: Layout, account: str, stacks: Sequence[Stack]) -> list[Statement]:
    """AWS::IAM::Role, and AWS::IAM::ManagedPolicy where a role is too large for an inline one.

    Args:
        layout: of the topology.
        account: the stacks' account, by its declared name.
        stacks: which hold the roles.
    """
    identity = layout.account_id(account)
    roles = holdings.roles(stacks)
    if not roles:
        return []
    statements = [
        allow(
            "ManageRoles",
            [f"iam:{action}" for action in (*_LOOKS, *_CHANGES)],
            [role_arn(identity, role.name) for role in roles],
        )
    ]
    for boundary in sorted({role.boundary for role in roles}):
        sid = "RolesThatMakeRoles" if boundary == layout.deployer_boundary else "Roles"
        statements += _bound(identity, boundary, [role for role in roles if role.boundary == boundary], sid)
    if policies := [policy_arn(identity, name) for name in holdings.policies(stacks)]:
        statements.append(allow("ManagePolicies", [f"iam:{action}" for action in _POLICIES], policies))
    return statements


def _bound(identity: str, boundary: str, roles: Sequence[Held], sid: str) -> list[Statement]:
    """What gives roles their rights: only while they have their boundary, so none is ever more than that lets it be."""
    condition = {"StringEquals": {"iam:PermissionsBoundary": policy_arn(identity, boundary)}}
    inline = [role_arn(identity, role.name) for role in roles if role.inline]
    attached = sorted({name for role in roles for name in role.attached})
    statements = [
        allow(
            f"Make{sid}",
            ["iam:CreateRole", "iam:PutRolePermissionsBoundary"],
            [role_arn(identity, role.name) for role in roles],
            condition,
        )
    ]
    if inline:
        statements.append(allow(f"Grant{sid}", ["iam:DeleteRolePolicy", "iam:PutRolePolicy"], inline, condition))
    if attached:
        statements.append(
            allow(
                f"Attach{sid}",
                ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
                [role_arn(identity, role.name) for role in roles if role.attached],
                {**condition, "ArnEquals": {"iam:PolicyARN": [policy_arn(identity, name) for name in attached]}},
            )
        )
    return statements


def pass_roles(layout: Layout, account: str, passed: Mapping[str, str]) -> list[Statement]:
    """`iam:PassRole`, one statement a service: no role may be passed to another service than its own.

    Args:
        layout: of the topology.
        account: the roles' account, by its declared name.
        passed: the service principal by the role's name.
    """
    return [
        allow(
            f"Pass{camel(service.split('.')[0])}Roles",
            ["iam:PassRole"],
            [role_arn(layout.account_id(account), role) for role in sorted(passed) if passed[role] == service],
            {"StringEquals": {"iam:PassedToService": service}},
        )
        for service in sorted(set(passed.values()))
    ]


def passed_by_sites(layout: Layout, sites: Sequence[str]) -> dict[str, str]:
    """The roles that these templates pass on, with the service that receives each."""
    passed = {
        layout.names.job_role(name): "glue.amazonaws.com" if isinstance(job, GlueJob) else "lambda.amazonaws.com"
        for site in sites
        for name, job in layout.jobs(site)
        if not isinstance(job, SageMakerJob)  # its role is passed at run time, by the cross-account role
    }
    passed.update({layout.names.replication_role(bucket): "s3.amazonaws.com" for bucket in sources_of(layout, sites)})
    return passed


def sources_of(layout: Layout, sites: Iterable[str]) -> list[str]:
    """The buckets at some sites that S3 replicates from."""
    return [name for site in sites for name, _ in layout.buckets(site) if layout.replications(name)]

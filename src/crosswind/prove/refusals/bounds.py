"""What must be refused about permissions boundaries: roles without one, changes of one; and what none lets through."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.flow import Flow, Keys
from crosswind.prove.refusals.doings import STRANGER, Doings, ask, turned

__all__ = ["bounds", "capped"]

_KEY = "iam:PermissionsBoundary"


def bounds(doings: Doings) -> Iterator[Flow]:
    """Who makes roles makes none without its boundary, nor with another, and changes neither it nor itself."""
    estate = doings.estate
    made = [each for each in doings.flows if each.action in ("iam:CreateRole", "iam:PutRolePolicy")]
    foreign = f"arn:{estate.partition}:iam::aws:policy/AdministratorAccess"
    for flow in {each.question: each for each in made}.values():
        yield turned(flow, "makes a role without its boundary, or adds to one", {}, without=_KEY)
        yield turned(flow, "makes a role with a boundary of its own choice", {_KEY: foreign})
        role, who = flow.resource, flow.who
        for action, words in (
            ("DeleteRolePermissionsBoundary", "takes the boundary off a role"),
            ("PutRolePermissionsBoundary", "gives a role another boundary"),
        ):
            context: Keys = {_KEY: foreign} if action.startswith("Put") else dict(flow.context)
            yield ask(who, words, f"iam:{action}", role, flow.owner, flow.asks, context)
        beyond = estate.documents.roles[who].boundary if who in estate.documents.roles else None
        own = dict(flow.context).get(_KEY)
        if beyond and own != beyond.holder:
            yield turned(flow, "makes a role that may be more than a pipeline's", {_KEY: beyond.holder})
    for who in sorted({each.who for each in made}):
        account = who.split(":")[4]
        held = {role.boundary.holder for role in estate.documents.roles.values() if role.boundary}
        for policy in sorted(each for each in held if each.split(":")[4] == account):
            for action in ("CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"):
                yield ask(who, "changes a boundary", f"iam:{action}", policy, account, "accounts")
    for role in doings.roles:
        account = role.split(":")[4]
        yield ask(role, "makes a role", "iam:CreateRole", estate.role("of-its-own", account), account, "roles")


def capped(doings: Doings) -> Iterator[Flow]:
    """What no boundary lets through, were the policies of its roles to allow everything."""
    estate = doings.estate
    one = {role.boundary.holder: arn for arn, role in sorted(estate.documents.roles.items()) if role.boundary}
    for policy, who in sorted(one.items()):
        account = who.split(":")[4]
        makes_roles = any(each.who == who and each.action == "iam:CreateRole" for each in doings.flows)
        bucket = estate.arn("s3", "", "", "a-bucket")
        deployer, other = estate.principals.deployer(account), estate.role("of-somebody-else", account)
        asked = [
            ("makes a role without a boundary", "iam:CreateRole", who),
            ("makes a user", "iam:CreateUser", estate.arn("iam", "", account, "user/of-its-own")),
            ("takes the boundary off a role", "iam:DeleteRolePermissionsBoundary", who),
            ("gives the deployer more rights", "iam:AttachRolePolicy", deployer),
            ("lets others become the deployer", "iam:UpdateAssumeRolePolicy", deployer),
            ("changes a role of others", "iam:PutRolePolicy", other),
            ("changes its boundary", "iam:CreatePolicyVersion", policy),
            ("passes a role of others", "iam:PassRole", other),
            ("takes the role of a stranger", "sts:AssumeRole", estate.role("anybody", STRANGER)),
            ("starts machines", "ec2:RunInstances", estate.arn("ec2", "us-east-1", account, "instance/one")),
        ]
        if not makes_roles:
            asked += [
                ("removes a bucket", "s3:DeleteBucket", bucket),
                ("opens a bucket", "s3:PutBucketPolicy", bucket),
                ("changes a role", "iam:PutRolePolicy", who),
                (
                    "deploys",
                    "cloudformation:CreateStack",
                    estate.arn("cloudformation", "us-east-1", account, "stack/a/b"),
                ),
            ]
        for does, action, resource in asked:
            context: Keys = {_KEY: policy} if action in ("iam:AttachRolePolicy", "iam:PutRolePolicy") else {}
            yield ask(who, f"{does}, were its policies to allow it", action, resource, account, "accounts", context)

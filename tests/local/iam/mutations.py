"""Mutations: one change in the way of the example, the flows that it must stop, and whom the explanation must name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tests.local.iam.flows import FLOWS
from tests.local.iam.stage import EAST, Entry, Stage, Statements, document

TRUST, IDENTITY, RESOURCE = "role trust policy", "identity-based policy", "resource-based policy"
BOUNDARY, SESSION = "permissions boundary", "session policy"


@dataclass(frozen=True)
class Mutation:
    """One change.

    Args:
        name: of the mutation.
        refused: the flows that it stops, all of them.
        change: makes it, for as long as it is entered.
        entry: how Airflow enters while it lasts.
        code: of the error, where it is not the called service's usual one.
        layer: the kind of document that is to be named.
        owner: whose it is: `hub` or `data`; empty when IAM does not decide.
        sentence: how AWS's sentence ends, `{action}` standing for the action; plain text for a bare message.
    """

    name: str
    refused: frozenset[str]
    change: Callable[[Stage], AbstractContextManager[None]] = lambda _: nullcontext()
    entry: Entry = field(default_factory=Entry)
    code: str = ""
    layer: str = IDENTITY
    owner: str = "data"
    sentence: str = "because no identity-based policy allows the {action} action"


def by(*who: str) -> frozenset[str]:
    """All flows of some roles."""
    return frozenset(flow.name for flow in FLOWS if flow.who in who)


def with_services(who: str, *services: str) -> frozenset[str]:
    """The flows of a role that some services answer."""
    return frozenset(flow.name for flow in FLOWS if flow.who == who and flow.service in services)


def without(*sids: str) -> Callable[[Statements], Statements]:
    """Drop statements, which must be there."""

    def change(statements: Statements) -> Statements:
        assert set(sids) <= {one.get("Sid") for one in statements}
        return [one for one in statements if one.get("Sid") not in sids]

    return change


def lacking(sid: str, *actions: str) -> Callable[[Statements], Statements]:
    """Take actions out of a statement, which must have them."""

    def change(statements: Statements) -> Statements:
        (held,) = (one["Action"] for one in statements if one.get("Sid") == sid)
        assert set(actions) <= set(held)
        left = [action for action in held if action not in actions]
        return [{**one, "Action": left} if one.get("Sid") == sid else one for one in statements]

    return change


def dropped(who: str, *sids: str) -> Callable[[Stage], AbstractContextManager[None]]:
    return lambda stage: stage.granted(who, without(*sids))


def with_condition(sid: str, operator: str, key: str, value: str) -> Callable[[Statements], Statements]:
    def change(statements: Statements) -> Statements:
        assert any(one.get("Sid") == sid for one in statements)
        return [
            {**one, "Condition": {**one.get("Condition", {}), operator: {key: value}}} if one.get("Sid") == sid else one
            for one in statements
        ]

    return change


def principal(arn: Callable[[Stage], str]) -> Callable[[Stage], AbstractContextManager[None]]:
    """The cross-account role's trust, naming somebody else."""

    def change(stage: Stage) -> AbstractContextManager[None]:
        return stage.trusted(
            "cross-account", lambda statements: [{**one, "Principal": {"AWS": arn(stage)}} for one in statements]
        )

    return change


@contextmanager
def recreated_under_a_trust_by_arn(stage: Stage) -> Iterator[None]:
    """The cross-account role trusts the execution role by ARN; then that role is deleted and made anew."""

    def by_arn(statements: Statements) -> Statements:
        condition = {"StringEquals": {"sts:ExternalId": "unified-pipelines-hub"}}
        return [{**one, "Principal": {"AWS": stage.roles["execution"]}, "Condition": condition} for one in statements]

    with stage.trusted("cross-account", by_arn):
        made_anew(stage, "execution")
        yield


def made_anew(stage: Stage, who: str) -> None:
    """Delete a role and make it again, the same in everything but its unique id."""
    iam, name = stage.iam(who), stage.role_name(who)
    role = iam.get_role(RoleName=name)["Role"]
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    held = {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in policies}
    for one in policies:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    iam.delete_role(RoleName=name)
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        PermissionsBoundary=role["PermissionsBoundary"]["PermissionsBoundaryArn"],
    )
    for one, text in held.items():
        iam.put_role_policy(RoleName=name, PolicyName=one, PolicyDocument=json.dumps(text))


@contextmanager
def boundary(stage: Stage, actions: str) -> Iterator[None]:
    """Another permissions boundary of the cross-account role, that allows some actions only."""
    iam, role = stage.iam("cross-account"), stage.role_name("cross-account")
    before = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=document(statements))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    try:
        yield
    finally:
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=before)
        iam.delete_policy(PolicyArn=arn)


def denying(action: str, keys: str) -> Callable[[Stage], AbstractContextManager[None]]:
    """The source's policy denies everybody an action on some keys."""

    def change(stage: Stage) -> AbstractContextManager[None]:
        deny = {
            "Sid": "Closed",
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": f"arn:aws:s3:::{stage.source}/{keys}",
        }
        return stage.bucket_policy(stage.source, lambda statements: [*statements, deny])

    return change


@contextmanager
def public(stage: Stage) -> Iterator[None]:
    """A public statement in the source's policy, with RestrictPublicBuckets still on."""
    s3 = stage.arena.root("s3", stage.data)
    before = s3.get_public_access_block(Bucket=stage.source)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(
        Bucket=stage.source, PublicAccessBlockConfiguration={**before, "BlockPublicPolicy": False}
    )
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    everybody["Resource"] = f"arn:aws:s3:::{stage.source}/models/*"
    try:
        with stage.bucket_policy(stage.source, lambda statements: [*statements, everybody]):
            yield
    finally:
        s3.put_public_access_block(Bucket=stage.source, PublicAccessBlockConfiguration=before)


@contextmanager
def long_sessions(stage: Stage) -> Iterator[None]:
    """The cross-account role itself would grant twelve hours."""
    iam, role = stage.iam("cross-account"), stage.role_name("cross-account")
    iam.update_role(RoleName=role, MaxSessionDuration=43_200)
    try:
        yield
    finally:
        iam.update_role(RoleName=role, MaxSessionDuration=3_600)


def _asking(**more: Any) -> Entry:
    return Entry(more=more)


OUTSIDE = "111122223333"
_NAMES = "airflow names its session"
HUB_ONLY: frozenset[str] = frozenset({"airflow enters", _NAMES}) | by("cross-account")
"""What needs a session in the work account."""
_NO_TRUST = "because no role trust policy allows the {action} action"
_OWN_DAG = frozenset({"own DAG lists the source", "own DAG reads the source"})
_NOT_S3 = by("cross-account") - with_services("cross-account", "s3")


def _session(actions: str) -> Entry:
    statements = [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
    return Entry(more={"Policy": document(statements)})


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "trust names another account",
        HUB_ONLY,
        principal(lambda _: f"arn:aws:iam::{OUTSIDE}:root"),
        layer=TRUST,
        sentence=_NO_TRUST,
    ),
    Mutation("wrong external id", HUB_ONLY, entry=Entry("another-hub"), layer=TRUST, sentence=_NO_TRUST),
    Mutation("no external id", HUB_ONLY, entry=Entry(None), layer=TRUST, sentence=_NO_TRUST),
    Mutation(
        "the execution role may not assume",
        HUB_ONLY,
        dropped("execution", "CrossAccounts"),
        owner="hub",
        sentence=_NO_TRUST,  # measured on AWS: a trust that grants the account makes the message name the trust
    ),
    Mutation(
        "the execution role made anew under a trust by ARN",
        HUB_ONLY,
        recreated_under_a_trust_by_arn,
        layer=TRUST,
        sentence=_NO_TRUST,
    ),
    Mutation("no right to pass the role", frozenset({"start training"}), dropped("cross-account", "PassTrainingRole")),
    Mutation(
        "a right to pass the role to another service",
        frozenset({"start training"}),
        lambda stage: stage.granted(
            "cross-account",
            with_condition("PassTrainingRole", "StringEquals", "iam:PassedToService", "glue.amazonaws.com"),
        ),
    ),
    Mutation(
        "another Region in a condition",
        frozenset({"start the Glue job", "follow the Glue job"}),
        lambda stage: stage.granted(
            "cross-account", with_condition("RunGlue", "StringEquals", "aws:RequestedRegion", "eu-west-1")
        ),
    ),
    Mutation(
        "the bucket policy does not let the hub read",
        frozenset({"own DAG reads the source"}),
        lambda stage: stage.bucket_policy(stage.source, without("HubReads")),
        layer=RESOURCE,
        sentence="Access Denied",
    ),
    Mutation(
        "the bucket policy does not let the hub list",
        frozenset({"own DAG lists the source"}),
        lambda stage: stage.bucket_policy(stage.source, without("HubLists")),
        layer=RESOURCE,
        sentence="Access Denied",
    ),
    Mutation(
        "the bucket policy denies reading what was transformed",
        frozenset({"read the handover"}),
        denying("s3:GetObject", "transformed/run-1/*"),
        layer=RESOURCE,
        sentence="with an explicit deny in a resource-based policy",
    ),
    Mutation(
        "the bucket policy denies replication",
        frozenset({"S3 replicates"}),
        denying("s3:GetObjectVersionForReplication", "*"),
        layer=RESOURCE,
        sentence="with an explicit deny in a resource-based policy",
    ),
    Mutation(
        "a public policy where public buckets are restricted",
        _OWN_DAG,
        public,
        layer="S3 Block Public Access",
        sentence="Access Denied",
    ),
    Mutation(
        "a boundary in the way",
        _NOT_S3,
        lambda stage: boundary(stage, "s3:*"),
        layer=BOUNDARY,
        sentence="because no permissions boundary allows the {action} action",
    ),
    Mutation(
        "a session policy in the way",
        _NOT_S3,
        entry=_session("s3:*"),
        layer=SESSION,
        sentence="because no session policy allows the {action} action",
    ),
    Mutation(
        "session tags of another name",
        HUB_ONLY - {_NAMES},
        entry=_asking(Tags=[{"Key": "run", "Value": "1"}]),
        owner="hub",  # whose statement lets the role be entered with tags of these names only
        sentence=_NO_TRUST,
    ),
    Mutation(
        "a source identity without a right",
        HUB_ONLY,
        lambda stage: stage.granted("execution", lacking("CrossAccounts", "sts:SetSourceIdentity")),
        _asking(SourceIdentity="somebody"),
        owner="hub",
        sentence=_NO_TRUST,
    ),
    Mutation(
        "a trust that takes no names",
        frozenset({_NAMES}),
        lambda stage: stage.trusted(
            "cross-account", lambda statements: [one for one in statements if one["Action"] == "sts:AssumeRole"]
        ),
        layer=TRUST,
        sentence=_NO_TRUST,
    ),
    Mutation(
        "the bucket policy denies conditional writes of handovers too",
        frozenset({"publish a handover"}),
        denying("s3:PutObject", "transformed/*/handover.json"),
        layer=RESOURCE,
        sentence="with an explicit deny in a resource-based policy",
    ),
    Mutation(
        "Glue is not trusted",
        by("glue"),
        lambda stage: stage.trusted(
            "glue", lambda statements: [{**one, "Principal": {"Service": "ec2.amazonaws.com"}} for one in statements]
        ),
        layer=TRUST,
        sentence=_NO_TRUST,
    ),
    Mutation(
        "Lambda is trusted for another account",
        by("lambda"),
        lambda stage: stage.trusted(
            "lambda",
            lambda statements: [
                {**one, "Condition": {"StringEquals": {"aws:SourceAccount": OUTSIDE}}} for one in statements
            ],
        ),
        layer=TRUST,
        sentence=_NO_TRUST,
    ),
    Mutation(
        "the environment is another one",
        by("execution") | by("cross-account"),
        lambda stage: stage.trusted(
            "execution",
            lambda statements: [
                {
                    **one,
                    "Condition": {
                        "ArnLike": {"aws:SourceArn": f"arn:aws:airflow:{EAST}:{stage.hub}:environment/another"}
                    },
                }
                for one in statements
            ],
        ),
        layer=TRUST,
        owner="hub",
        sentence=_NO_TRUST,
    ),
    Mutation(
        "more than an hour through a chain",
        HUB_ONLY,
        long_sessions,
        _asking(DurationSeconds=7200),
        code="ValidationError",
        layer="",
        owner="",
        sentence="The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    ),
)


def names(mutations: Iterable[Mutation]) -> list[str]:
    return [one.name.replace(" ", "-") for one in mutations]

"""The questions that decide whether an endpoint enforces IAM across accounts at all, each asked with boto3.

Other local endpoints answer part of them wrongly: no trust across accounts, no conditions, no session policies or
boundaries, no passed roles.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError, WaiterError

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.people import EVERYTHING, Account, allow, outcome, trust
from tests.local.iam.stage import document

DENIED, DENIED_JSON = "AccessDenied", "AccessDeniedException"


@dataclass
class Lab:
    """Two accounts: `a` asks, `b` owns. `pilot` is a role of `a` with `sts:*` and nothing else."""

    a: Account
    b: Account

    def __post_init__(self) -> None:
        self.pilot = self.a.role("pilot", allow("sts:AssumeRole"))
        self.bystander = self.a.role("bystander", allow("sts:AssumeRole"))

    def enter(self, trusted: list[dict[str, object]], who: str = "", **asked: str) -> str:
        """How it ends when `pilot` assumes a role of `b` with this trust."""
        target = self.b.role("target", EVERYTHING, trusted)
        return outcome(self.a.assume, self.a.session(who or self.pilot), target, **asked)

    def under(self, *statements: dict[str, object]) -> Credentials:
        """Somebody in `b` with these rights."""
        return self.b.acting("worker", list(statements))


@pytest.fixture
def lab(arena: Arena) -> Lab:
    return Lab(Account(arena, arena.account()), Account(arena, arena.account()))


def with_id(lab: Lab, operator: str = "StringEquals", value: str = "tie-7") -> list[dict[str, object]]:
    return trust(lab.pilot, **{operator: {"sts:ExternalId": value}})


TRUSTS: dict[str, tuple[Callable[[Lab], str], str]] = {
    "2a a trust of one role of another account": (lambda lab: lab.enter(trust(lab.pilot)), "allowed"),
    "2a2 a trust of several": (lambda lab: lab.enter(trust(lab.bystander, lab.pilot)), "allowed"),
    "2b the right external id": (lambda lab: lab.enter(with_id(lab), ExternalId="tie-7"), "allowed"),
    "2c a wrong external id": (lambda lab: lab.enter(with_id(lab), ExternalId="tie-8"), DENIED),
    "2c2 no external id": (lambda lab: lab.enter(with_id(lab)), DENIED),
    "2c3 an external id that a pattern does not fit": (
        lambda lab: lab.enter(with_id(lab, "StringLike", "tie-*"), ExternalId="knot-7"),
        DENIED,
    ),
    "2d a trust of somebody else": (lambda lab: lab.enter(trust(lab.bystander)), DENIED),
    "2e trusted, without a right of its own": (
        lambda lab: lab.enter(trust(lab.a.root_arn), who=lab.a.role("idle", allow("s3:ListAllMyBuckets"))),
        DENIED,
    ),
    "2f a trust of the whole account": (lambda lab: lab.enter(trust(lab.a.root_arn)), "allowed"),
    "2g a trust of a service": (
        lambda lab: lab.enter(
            [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]
        ),
        DENIED,
    ),
    "2h a role that does not exist": (
        lambda lab: outcome(lab.a.assume, lab.a.session(lab.pilot), f"arn:aws:iam::{lab.b.id}:role/nobody"),
        DENIED,
    ),
    "2k in one account, a trust of somebody else": (
        lambda lab: outcome(lab.a.assume, lab.a.session(lab.pilot), lab.a.role("target", trusted=trust(lab.bystander))),
        DENIED,
    ),
    "2k2 in one account, a wrong external id": (
        lambda lab: outcome(
            lab.a.assume, lab.a.session(lab.pilot), lab.a.role("target", trusted=with_id(lab)), ExternalId="no"
        ),
        DENIED,
    ),
}


@pytest.mark.parametrize("check", TRUSTS)
def test_trust(lab: Lab, check: str) -> None:
    ask, expected = TRUSTS[check]
    assert ask(lab) == expected


def chained(lab: Lab, trusted: str) -> str:
    """`pilot` assumes a role of `b`, which assumes another that trusts a role."""
    middle = lab.b.role("middle", allow("sts:AssumeRole"), trust(lab.pilot))
    end = lab.b.role("end", EVERYTHING, trust(middle if trusted == "middle" else lab.bystander))
    return outcome(lab.b.assume, lab.a.assume(lab.a.session(lab.pilot), middle), end)


def test_2i_a_chain_of_roles(lab: Lab) -> None:
    assert chained(lab, "middle") == "allowed"


def test_2j_a_chain_that_the_last_role_does_not_trust(lab: Lab) -> None:
    assert chained(lab, "bystander") == DENIED


def own_bucket(lab: Lab) -> str:
    return lab.b.bucket(f"own-{lab.b.id}", "open/x", "secret/x")


def reading(lab: Lab, key: str, statements: list[dict[str, object]]) -> str:
    s3, bucket = lab.b.client("s3", lab.under(*statements)), own_bucket(lab)
    return outcome(s3.get_object, Bucket=bucket, Key=key)


def listing(lab: Lab, prefix: str) -> str:
    rights = allow("s3:ListBucket", StringLike={"s3:prefix": "open/*"})
    s3, bucket = lab.b.client("s3", lab.under(*rights)), own_bucket(lab)
    return outcome(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)


def deleting(lab: Lab) -> str:
    s3, bucket = lab.b.client("s3", lab.under(*allow("s3:GetObject"))), own_bucket(lab)
    return outcome(s3.delete_object, Bucket=bucket, Key="open/x")


def glue_job(lab: Lab, name: str, region: str = "us-east-1", rights: list[dict[str, object]] | None = None) -> str:
    held = rights or allow("glue:GetJob", f"arn:aws:glue:us-east-1:{lab.b.id}:job/good")
    found = outcome(lab.b.client("glue", lab.under(*held), region).get_job, JobName=name)
    return "allowed" if found == "EntityNotFoundException" else found


def west_only() -> list[dict[str, object]]:
    return allow("glue:*", StringEquals={"aws:RequestedRegion": "us-west-2"})


RIGHTS: dict[str, tuple[Callable[[Lab], str], str]] = {
    "3a an action that is allowed": (lambda lab: reading(lab, "open/x", allow("s3:GetObject")), "allowed"),
    "3b an action that no policy has": (deleting, DENIED),
    "3b2 a service that no policy has": (
        lambda lab: outcome(lab.b.client("sqs", lab.under(*allow("s3:*"))).list_queues),
        DENIED,
    ),
    "3c a key outside the resource": (
        lambda lab: reading(lab, "secret/x", allow("s3:GetObject", f"arn:aws:s3:::own-{lab.b.id}/open/*")),
        DENIED,
    ),
    "3c2 a Glue job that the resource has": (lambda lab: glue_job(lab, "good"), "allowed"),
    "3c3 a Glue job outside the resource": (lambda lab: glue_job(lab, "other"), DENIED_JSON),
    "3d a prefix that a condition fits": (lambda lab: listing(lab, "open/"), "allowed"),
    "3d2 a prefix that it does not fit": (lambda lab: listing(lab, "secret/"), DENIED),
    "3d3 the Region of a condition": (lambda lab: glue_job(lab, "x", "us-west-2", west_only()), "allowed"),
    "3d4 another Region": (lambda lab: glue_job(lab, "x", "us-east-1", west_only()), DENIED_JSON),
    "3e a deny beside an allow": (
        lambda lab: reading(
            lab,
            "secret/x",
            [
                *EVERYTHING,
                {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::own-{lab.b.id}/secret/*"},
            ],
        ),
        DENIED,
    ),
}


@pytest.mark.parametrize("check", RIGHTS)
def test_rights(lab: Lab, check: str) -> None:
    ask, expected = RIGHTS[check]
    assert ask(lab) == expected


# -- the resource's side ----------------------------------------------------------------------------------------


def across(lab: Lab, who: str = "", principal: str = "", action: str = "s3:GetObject") -> str:
    """How it ends when a reader in `a` reads a bucket of `b` whose policy names a principal, or has none."""
    policy = None
    if principal:
        target = f"arn:aws:s3:::shared-{lab.b.id}/*"
        policy = [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": target}]
    bucket = lab.b.bucket(f"shared-{lab.b.id}", "x", policy=policy)
    credentials = lab.a.session(who)
    return outcome(lab.a.client("s3", credentials).get_object, Bucket=bucket, Key="x")


def reader(lab: Lab) -> str:
    return lab.a.role("reader", allow("s3:GetObject"))


def as_user(lab: Lab) -> str:
    keys = lab.a.user("anna", allow("s3:GetObject"))
    arn = f"arn:aws:iam::{lab.a.id}:user/anna"
    policy = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": arn},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::u-{lab.b.id}/*",
        }
    ]
    bucket = lab.b.bucket(f"u-{lab.b.id}", "x", policy=policy)
    return outcome(lab.a.client("s3", keys).get_object, Bucket=bucket, Key="x")


def denied_by_bucket(lab: Lab) -> str:
    role = lab.b.role("insider", EVERYTHING)
    deny = {"Effect": "Deny", "Principal": {"AWS": role}, "Action": "s3:*", "Resource": f"arn:aws:s3:::d-{lab.b.id}/*"}
    bucket = lab.b.bucket(f"d-{lab.b.id}", "x", policy=[deny])
    return outcome(lab.b.client("s3", lab.b.session(role)).get_object, Bucket=bucket, Key="x")


def encrypting(lab: Lab, named: bool) -> str:
    """A role with `kms:*` and a key whose policy names only its administrator, or the role as well."""
    role = lab.b.role("cipher", allow("kms:*"))
    administrator = lab.b.role("administrator", allow("kms:*"))
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:*", "Resource": "*"}
        for arn in ([administrator, role] if named else [administrator])
    ]
    made = lab.b.client("kms", lab.b.session(administrator)).create_key(Policy=document(statements))
    kms = lab.b.client("kms", lab.b.session(role))
    return outcome(kms.encrypt, KeyId=made["KeyMetadata"]["KeyId"], Plaintext=b"x")


OTHER_SIDE: dict[str, tuple[Callable[[Lab], str], str]] = {
    "3f no bucket policy": (lambda lab: across(lab, reader(lab)), DENIED),
    "3f2 a bucket policy that names a user": (as_user, "allowed"),
    "3f2b a bucket policy that names the account": (
        lambda lab: across(lab, reader(lab), lab.a.root_arn, "s3:*"),
        "allowed",
    ),
    "3f2c a bucket policy that names the role": (
        lambda lab: across(lab, (found := reader(lab)), found),
        "allowed",
    ),
    "3f2d a bucket policy, and no right of its own": (
        lambda lab: across(lab, lab.bystander, lab.bystander),
        DENIED,
    ),
    "3f3 a bucket policy that denies": (denied_by_bucket, DENIED),
    "3g a key policy that does not name the role": (lambda lab: encrypting(lab, named=False), DENIED_JSON),
    "3g2 a key policy that does": (lambda lab: encrypting(lab, named=True), "allowed"),
}


@pytest.mark.parametrize("check", OTHER_SIDE)
def test_the_other_side(lab: Lab, check: str) -> None:
    ask, expected = OTHER_SIDE[check]
    assert ask(lab) == expected


# -- what stands in the way -------------------------------------------------------------------------------------


def session_policy(lab: Lab, key: str) -> str:
    role = lab.b.role("worker", allow("s3:GetObject"), trust(lab.pilot))
    narrow = document(allow("s3:GetObject", f"arn:aws:s3:::own-{lab.b.id}/open/*"))
    keys = lab.a.assume(lab.a.session(lab.pilot), role, Policy=narrow)
    return outcome(lab.b.client("s3", keys).get_object, Bucket=own_bucket(lab), Key=key)


def test_a_boundary_that_is_not_there(lab: Lab) -> None:
    """A role that names it is not made, and one that is there does not get it."""
    missing, iam = f"arn:aws:iam::{lab.b.id}:policy/nowhere", lab.b.root("iam")
    with pytest.raises(ClientError, match=r"Scope ARN: .*/nowhere does not exist or is not attachable") as caught:
        lab.b.role("unbound", PermissionsBoundary=missing)
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"
    lab.b.role("later-bound")
    assert (
        outcome(iam.put_role_permissions_boundary, RoleName="later-bound", PermissionsBoundary=missing)
        == "NoSuchEntity"
    )


def boundary(lab: Lab, key: str) -> str:
    fence = lab.b.root("iam").create_policy(
        PolicyName="fence", PolicyDocument=document(allow("s3:GetObject", f"arn:aws:s3:::own-{lab.b.id}/open/*"))
    )
    role = lab.b.role("worker", allow("s3:*"), PermissionsBoundary=fence["Policy"]["Arn"])
    return outcome(lab.b.client("s3", lab.b.session(role)).get_object, Bucket=own_bucket(lab), Key=key)


def passing(lab: Lab, *more: dict[str, object]) -> str:
    service = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]
    passed = lab.b.role("passed", trusted=service)
    glue = lab.b.client("glue", lab.under(*allow("glue:*"), *more))
    return outcome(glue.create_job, Name="j", Role=passed, Command={"Name": "glueetl", "ScriptLocation": "s3://b/k"})


def stack_of_a_bucket(lab: Lab) -> str:
    """A stack is made with its caller's rights."""
    cloudformation = lab.b.client("cloudformation", lab.under(*allow("cloudformation:*")))
    template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"stack-{lab.b.id}"}}}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    waiter = cloudformation.get_waiter("stack_create_complete")
    try:
        waiter.wait(StackName="s", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    except WaiterError:
        events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
        reasons = [one.get("ResourceStatusReason", "") for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
        return DENIED if any("not authorized to perform: s3:CreateBucket" in one for one in reasons) else str(reasons)
    return "allowed"


IN_THE_WAY: dict[str, tuple[Callable[[Lab], str], str]] = {
    "3h a session policy that has the key": (lambda lab: session_policy(lab, "open/x"), "allowed"),
    "3h2 a session policy that has not": (lambda lab: session_policy(lab, "secret/x"), DENIED),
    "3i a boundary that has the key": (lambda lab: boundary(lab, "open/x"), "allowed"),
    "3i2 a boundary that has not": (lambda lab: boundary(lab, "secret/x"), DENIED),
    "3k a role passed without the right": (passing, DENIED_JSON),
    "3k0 a role passed with it": (lambda lab: passing(lab, *allow("iam:PassRole")), "allowed"),
    "3k2 a stack of what its caller may not make": (stack_of_a_bucket, DENIED),
}


@pytest.mark.parametrize("check", IN_THE_WAY)
def test_in_the_way(lab: Lab, check: str) -> None:
    ask, expected = IN_THE_WAY[check]
    assert ask(lab) == expected


def test_3j_an_organization_denies(arena: Arena) -> None:
    management, member = Account(arena, arena.account()), Account(arena, arena.account())
    organizations = management.root("organizations")
    organizations.create_organization(FeatureSet="ALL")
    arena.moto.join(management.id, member.id, "member@example.com")
    keys = member.acting("worker", EVERYTHING)
    queues = member.client("sqs", keys).list_queues
    assert outcome(queues) == "allowed"
    policy = organizations.create_policy(
        Content=document([{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]),
        Description="no queues",
        Name="no-queues",
        Type="SERVICE_CONTROL_POLICY",
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=policy["Id"], TargetId=member.id)
    with pytest.raises(ClientError, match=f"with an explicit deny in a service control policy: {policy['Arn']}"):
        queues()
    assert outcome(management.client("sqs", management.acting("worker", EVERYTHING)).list_queues) == "allowed"


# -- who signs --------------------------------------------------------------------------------------------------


def test_3l_a_bad_signature(lab: Lab) -> None:
    keys = lab.a.session(lab.pilot)
    wrong = Credentials(keys.access_key, "x" * 40, keys.session_token)
    assert outcome(lab.a.client("sts", wrong).get_caller_identity) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("glue", "list_jobs", "UnrecognizedClientException"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
    ],
)
def test_3m_a_key_that_nobody_issued(lab: Lab, service: str, operation: str, code: str) -> None:
    client = lab.a.client(service, Credentials("AKIAIOSFODNN7EXAMPLE", "secret"))
    assert outcome(getattr(client, operation)) == code

"""AWS's own sentences, and the policy type that they name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crosswind.iam import Decision, KmsGrant, PolicyKind, decide, explain, sentence
from crosswind.iam.cases import read_cases, request_and_policies
from crosswind.iam.explain import aws_policy_type
from tests.unit.iam.asked import (
    DATA,
    HUB,
    ROLE,
    SECRET,
    SESSION,
    TARGET,
    allow,
    ask,
    deny,
    document,
    identity,
    level,
    resource,
    trust,
)

MINE = f"arn:aws:secretsmanager:us-east-1:{HUB}:secret:mine-AbCdEf"
KEY = f"arn:aws:kms:us-east-1:{HUB}:key/1"
GET = "secretsmanager:GetSecretValue"
ON_MINE = f"{GET} on resource: {MINE}"
SCP_ARN = "arn:aws:organizations::9:policy/p"
EVERYBODY = {"Principal": "*"}
ALL = identity(allow("*"))
MEASURED = Path(__file__).parents[4] / "shared" / "cases" / "iam"
HEAD = f"User: {SESSION} is not authorized to perform: "


def policy_arn(name: str) -> str:
    return f"arn:aws:iam::{HUB}:policy/{name}"


# Each row: AWS's words, from docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
@pytest.mark.parametrize(
    ("decision", "policy_type", "words"),
    [
        (ask(GET, MINE), "identity-based", f"{ON_MINE} because no identity-based policy allows the {GET} action"),
        (
            ask(GET, MINE, identity=identity(deny(GET))),
            "identity-based",
            f"{ON_MINE} with an explicit deny in an identity-based policy",
        ),
        (
            ask(GET, MINE, identity=identity(deny(GET), arn=policy_arn("no"))),
            "identity-based",
            f"{ON_MINE} with an explicit deny in an identity-based policy: {policy_arn('no')}",
        ),
        (
            ask(GET, MINE, identity=ALL, resource=resource({**deny(GET), "Principal": "*"})),
            "resource-based",
            f"{ON_MINE} with an explicit deny in a resource-based policy",
        ),
        (
            ask(GET, MINE, identity=ALL, boundary=(document(PolicyKind.BOUNDARY, allow("s3:*")),)),
            "permissions boundary",
            f"{ON_MINE} because no permissions boundary allows the {GET} action",
        ),
        (
            ask(GET, MINE, identity=ALL, boundary=(document(PolicyKind.BOUNDARY, deny(GET), arn=policy_arn("b")),)),
            "permissions boundary",
            f"{ON_MINE} with an explicit deny in a permissions boundary: {policy_arn('b')}",
        ),
        (
            ask(GET, MINE, identity=ALL, session=(document(PolicyKind.SESSION, allow("s3:*")),)),
            "session",
            f"{ON_MINE} because no session policy allows the {GET} action",
        ),
        (
            ask(GET, MINE, identity=ALL, session=(document(PolicyKind.SESSION, deny(GET)),)),
            "session",
            f"{ON_MINE} with an explicit deny in a session policy",
        ),
        (
            ask(GET, MINE, identity=ALL, scps=level(allow("s3:*"))),
            "service control",
            f"{ON_MINE} because no service control policy allows the {GET} action",
        ),
        (
            ask(GET, MINE, identity=ALL, scps=level(allow("*"), deny(GET), arn=SCP_ARN)),
            "service control",
            f"{ON_MINE} with an explicit deny in a service control policy: {SCP_ARN}",
        ),
        (
            ask(GET, MINE, identity=ALL, rcps=level({**deny(GET), "Principal": "*"}, kind=PolicyKind.RCP)),
            "resource control",
            f"{ON_MINE} with an explicit deny in a resource control policy",
        ),
        (
            ask(GET, MINE, identity=ALL, endpoint=(document(PolicyKind.ENDPOINT, {**allow("s3:*"), **EVERYBODY}),)),
            "VPC endpoint",
            f"{ON_MINE} because no VPC endpoint policy allows the {GET} action",
        ),
        (
            ask("sts:AssumeRole", TARGET, identity=ALL),
            "role trust",
            f"sts:AssumeRole on resource: {TARGET} because no role trust policy allows the sts:AssumeRole action",
        ),
        (
            ask("sts:AssumeRole", TARGET, identity=ALL, resource=trust({"AWS": HUB}, Effect="Deny")),
            "role trust",
            f"sts:AssumeRole on resource: {TARGET} with an explicit deny in the role trust policy",
        ),
        (
            ask("kms:Decrypt", KEY, identity=ALL),
            "resource-based",
            f"kms:Decrypt on resource: {KEY} because no resource-based policy allows the kms:Decrypt action",
        ),
        (
            ask("glue:GetJobs", "*"),
            "identity-based",
            "glue:GetJobs because no identity-based policy allows the glue:GetJobs action",
        ),
    ],
)  # fmt: skip
def test_aws_words(decision: Decision, policy_type: str, words: str) -> None:
    assert sentence(decision) == HEAD + words
    assert aws_policy_type(decision) == policy_type
    assert explain(decision).sentence == sentence(decision)


def test_an_allow_has_no_words() -> None:
    decision = ask(GET, MINE, identity=ALL)
    assert decision.allowed
    assert sentence(decision) == ""
    assert aws_policy_type(decision) is None


def test_s3_quotes_the_resource_and_is_silent_to_strangers() -> None:
    words = (
        's3:GetObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action'
    )
    assert sentence(ask("s3:GetObject", "arn:aws:s3:::b/k", owner=HUB)) == HEAD + words
    assert sentence(ask("s3:GetObject", "arn:aws:s3:::b/k", owner=DATA)) == "Access Denied"
    assert sentence(ask("s3:GetObject", "arn:aws:s3:::b/k", by="anonymous", owner=DATA)) == "Access Denied"
    together = {"aws:PrincipalOrgID": "o-1", "aws:ResourceOrgID": "o-1"}
    told = sentence(ask("s3:GetObject", "arn:aws:s3:::b/k", owner=DATA, context=together))
    assert told.endswith("because no resource-based policy allows the s3:GetObject action")
    apart = {**together, "aws:ResourceOrgID": "o-2"}
    assert sentence(ask("s3:GetObject", "arn:aws:s3:::b/k", owner=DATA, context=apart)) == "Access Denied"


def test_a_policys_arn_is_kept_from_other_accounts() -> None:
    decision = ask(GET, SECRET, identity=identity(deny(GET), arn=policy_arn("no")))
    assert sentence(decision).endswith("with an explicit deny in an identity-based policy")


def test_a_service_and_nobody_are_named() -> None:
    assert sentence(ask("sts:AssumeRole", TARGET, by="glue.amazonaws.com")).startswith(
        "User: glue.amazonaws.com is not authorized to perform: sts:AssumeRole"
    )
    assert sentence(ask("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{DATA}:q", by="anonymous")).startswith(
        "User: anonymous is not authorized to perform: sqs:SendMessage"
    )


def test_a_grant_of_a_key_names_the_caller() -> None:
    """So that across accounts the missing side is the caller's."""
    key = f"arn:aws:kms:us-east-1:{DATA}:key/1"
    decision = ask("kms:Decrypt", key, identity=identity(deny("kms:*")), grants=(KmsGrant(ROLE, ("Decrypt",)),))
    assert aws_policy_type(decision) == "identity-based"


def test_the_types_that_were_measured_on_aws() -> None:
    if not MEASURED.is_dir():
        pytest.skip("the measured cases are not here")
    file = MEASURED / "aws-measured-crossaccount.json"
    cases = read_cases(file.read_text(), str(file))
    assert len(cases) == 8
    found = {case.id: aws_policy_type(decide(*request_and_policies(case))) for case in cases}
    assert found == {each["id"]: each["expectedAwsMessagePolicyType"] for each in json.loads(file.read_text())}

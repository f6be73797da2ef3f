"""Every statement of the golden templates is one that AWS's service authorization reference knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosswind.iam import PolicyKind, Statement, parse
from crosswind.prove import UNBOUND
from tests.golden.aws_reference import faults, is_about_resources
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared

# What is found, and stands; with the reason.
EXCEPTED = {
    "sts:SetSourceIdentity comes without aws:TagKeys": "ForAllValues is met where there is no such key, and"
    " sts:TagSession beside it has it",
}
# Actions with `Resource: *` although AWS lets some of their calls be limited; why is in `UNBOUND`.
LIMITED_AT_TIMES = {
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplateSummary",
    "s3:GetObject",
    "s3:PutObject",
}


def statements(name: str) -> Iterator[Statement]:
    for document in Declared.of(TOPOLOGIES[name]).documents().all():
        yield from document.policy.statements


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_aws_knows_every_statement(name: str) -> None:
    found = {
        f"{statement.policy} {statement.sid}: {fault}"
        for statement in statements(name)
        for fault in faults(statement)
        if fault not in EXCEPTED
    }
    assert found == set()


def test_the_exceptions_are_in_use() -> None:
    found = {fault for name in TOPOLOGIES for statement in statements(name) for fault in faults(statement)}
    assert found == set(EXCEPTED)


def test_what_stands_with_any_resource_takes_none_or_says_why() -> None:
    assert {each.action for each in UNBOUND if is_about_resources(each.action)} == LIMITED_AT_TIMES


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"Action": "s3:GetObjects"}, "s3:GetObjects is no action"),
        ({"Action": "glu:GetJob"}, "glu:GetJob is no action"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, "s3:GetObject is about nothing of the kind of"),
        ({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b/*"}, "s3:ListBucket is about nothing of the kind of"),
        (
            {"Action": "iam:ListRoles", "Resource": "arn:aws:iam::1:role/x"},
            "iam:ListRoles is about nothing of the kind",
        ),
        (
            {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::b", "arn:aws:glue:r:1:job/x"]},
            "no action is about arn:aws:glue:r:1:job/x",
        ),
        ({"Condition": {"StringLike": {"s3:prefix": "x"}}}, "s3:GetObject comes without s3:prefix"),
        ({"Condition": {"ArnLike": {"aws:PrincipleArn": "x"}}}, "s3:GetObject comes without aws:PrincipleArn"),
    ],
)
def test_what_is_wrong_is_found(changed: dict[str, object], fault: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **changed}
    policy = parse({"Version": "2012-10-17", "Statement": statement}, PolicyKind.IDENTITY)
    assert any(each.startswith(fault) for each in faults(policy.statements[0]))


@pytest.mark.parametrize(
    "sound",
    [
        {"Action": "s3:Get*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/raw/*"]},
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"s3:prefix": "x"}}},
        {"Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:r:1:log-group:/aws/lambda/x:*"},
        {"Action": "kms:CreateKey", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "x"}}},
        {"Action": "ec2:DeleteVpc", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "x"}}},
    ],
)
def test_what_is_right_is_let_be(sound: dict[str, object]) -> None:
    policy = parse({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **sound}}, PolicyKind.IDENTITY)
    assert list(faults(policy.statements[0])) == []

"""What `parse` refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.errors import InputError
from crosswind.iam import PolicyError, PolicyKind, parse

I, T, R, K = PolicyKind.IDENTITY, PolicyKind.TRUST, PolicyKind.RESOURCE, PolicyKind.KEY  # noqa: E741 - a table's column
GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
NAMED = {**GOOD, "Principal": "*"}


def but(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A statement changed; None takes an element away."""
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def document(*statements: Any, **elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **elements}


OPERATOR = "'StringIs' is no condition operator; valid: StringEquals, StringNotEquals, "

FAULTS = [
    (I, "{", "policy 'p': is not JSON: Expecting property name"),
    (I, [], "policy 'p': is an empty list; valid: an object with Version and Statement"),
    (I, {}, "policy 'p', Statement: is missing; valid: an object or a list of at least one"),
    (I, document(), "policy 'p', Statement: is an empty list; valid: an object or a list of at least one"),
    (
        I,
        document(GOOD, Version="2020-01-01"),
        "policy 'p', Version: '2020-01-01' is not valid; valid: 2012-10-17, 2008-10-17",
    ),
    (I, document(GOOD, Statements=[]), "policy 'p', Statements: unknown element; valid: Version, Id, Statement"),
    (I, document(GOOD, "x"), "policy 'p', statement 1: is a text; valid: an object"),
    (
        I,
        document(GOOD, but(GOOD, Sid="Read", Effect="allow")),
        "policy 'p', statement 1 'Read', Effect: 'allow' is not valid; valid: Allow, Deny",
    ),
    (I, document(but(GOOD, Effect=None)), "policy 'p', statement 0, Effect: is missing; valid: Allow, Deny"),
    (I, document(but(GOOD, Action=None)), "policy 'p', statement 0, Action: is missing; valid: Action or NotAction"),
    (
        I,
        document(but(GOOD, NotAction="s3:*")),
        "policy 'p', statement 0, Action: stands beside NotAction; valid: one of the two",
    ),
    (
        I,
        document(but(GOOD, Action="GetObject")),
        "policy 'p', statement 0, Action: 'GetObject' is not valid; valid: * or such as s3:GetObject",
    ),
    (
        I,
        document(but(GOOD, Action=[])),
        "policy 'p', statement 0, Action: is an empty list; valid: a text or a list of at least one",
    ),
    (
        I,
        document(but(GOOD, Resource=None)),
        "policy 'p', statement 0, Resource: is missing; valid: Resource or NotResource",
    ),
    (
        I,
        document(but(GOOD, Resource="bucket")),
        "policy 'p', statement 0, Resource: 'bucket' is not valid; valid: an ARN or *",
    ),
    (I, document(NAMED), "policy 'p', statement 0, Principal: may not stand in an identity-based policy"),
    (
        I,
        document(but(GOOD, Actions="s3:*")),
        "policy 'p', statement 0, Actions: unknown element; valid: Sid, Effect, Principal,",
    ),
    (
        I,
        document(but(GOOD, Sid="a-b")),
        "policy 'p', statement 0 'a-b', Sid: 'a-b' is not valid; valid: ASCII letters and digits",
    ),
    (
        I,
        document(but(GOOD, Sid="One"), but(GOOD, Sid="One")),
        "policy 'p', statement 1 'One', Sid: 'One' stands in two statements",
    ),
    (
        I,
        document(but(GOOD, Condition=[])),
        "policy 'p', statement 0, Condition: is an empty list; valid: an object of condition",
    ),
    (
        I,
        document(but(GOOD, Condition={"StringIs": {"aws:x": "y"}})),
        f"policy 'p', statement 0, Condition: StringIs aws:x: {OPERATOR}",
    ),
    (
        I,
        document(but(GOOD, Condition={"StringEquals": {"SourceArn": "y"}})),
        "policy 'p', statement 0, Condition: key 'SourceArn' has no prefix; valid: such as aws:SourceArn",
    ),
    (
        I,
        document(but(GOOD, Condition={"NumericEquals": {"s3:max-keys": "ten"}})),
        "policy 'p', statement 0, Condition: NumericEquals s3:max-keys: 'ten' is no number",
    ),
    (
        I,
        document(but(GOOD, Condition={"DateLessThan": {"aws:CurrentTime": "soon"}})),
        "policy 'p', statement 0, Condition: DateLessThan aws:CurrentTime: 'soon' is no date: expected such as",
    ),
    (
        I,
        document(but(GOOD, Condition={"IpAddress": {"aws:SourceIp": "300.0.0.0/8"}})),
        "policy 'p', statement 0, Condition: IpAddress aws:SourceIp: '300.0.0.0/8' does not appear to be an",
    ),
    (
        I,
        document(but(GOOD, Condition={"Bool": {"aws:SecureTransport": "yes"}})),
        "policy 'p', statement 0, Condition: Bool aws:SecureTransport: 'yes' is neither true nor false",
    ),
    (
        I,
        document(but(GOOD, Condition={"NullIfExists": {"aws:x": "true"}})),
        "policy 'p', statement 0, Condition: NullIfExists aws:x: 'NullIfExists' is no condition operator",
    ),
    (R, document(GOOD), "policy 'p', statement 0, Principal: is missing; valid: Principal or NotPrincipal"),
    (
        R,
        document(but(GOOD, Principal="arn:aws:iam::111111111111:root")),
        "policy 'p', statement 0, Principal: 'arn:aws:iam::111111111111:root' is not valid; valid: * or an object of",
    ),
    (
        R,
        document(but(GOOD, Principal={})),
        "policy 'p', statement 0, Principal: names nobody; valid: * or an object of",
    ),
    (
        R,
        document(but(GOOD, Principal={"Aws": "*"})),
        "policy 'p', statement 0, Principal: 'Aws' is not valid; valid: AWS, Service, Federated, CanonicalUser",
    ),
    (
        R,
        document(but(GOOD, Principal={"AWS": "arn:aws:iam::111111111111:role/*"})),
        "policy 'p', statement 0, Principal: 'arn:aws:iam::111111111111:role/*' has a wildcard inside; a principal",
    ),
    (
        R,
        document(but(GOOD, Principal={"AWS": ["111111111111", "11111"]})),
        "policy 'p', statement 0, Principal: '11111' is no principal; valid: *, a 12-digit account id,",
    ),
    (
        K,
        document(but(NAMED, Resource=None)),
        "policy 'p', statement 0, Resource: is missing; valid: Resource or NotResource",
    ),
    (T, document(NAMED), "policy 'p', statement 0, Resource: may not stand in a role trust policy"),
    (
        T,
        document(but(NAMED, Resource=None)),
        "policy 'p', statement 0, Action: 's3:GetObject' is not valid; valid: sts:AssumeRole and other actions of sts",
    ),
]


@pytest.mark.parametrize(("kind", "text", "message"), FAULTS)
def test_a_fault_is_named(kind: PolicyKind, text: Any, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text, kind, name="p")
    assert caught.value.message.startswith(message), caught.value.message


def test_an_error_carries_its_place_and_what_aws_says() -> None:
    with pytest.raises(InputError) as caught:
        parse(document(GOOD, but(GOOD, Sid="Read", Resource=None)), I, name="work")
    error = caught.value
    assert isinstance(error, PolicyError)
    assert (error.policy, error.statement, error.sid, error.element) == ("work", 1, "Read", "Resource")
    assert error.aws == "Policy statement must contain resources."


@pytest.mark.parametrize(
    ("kind", "statement", "aws"),
    [
        (I, NAMED, "Policy document should not specify a principal."),
        (T, NAMED, "Has prohibited field Resource"),
        (T, but(NAMED, Resource=None), "AssumeRole policy may only specify STS AssumeRole actions."),
        (I, but(GOOD, Resource="b"), 'Resource b must be in ARN format or "*".'),
        (R, but(GOOD, Principal={"AWS": "x"}), 'Invalid principal in policy: "AWS":"x"'),
    ],
)
def test_the_words_of_aws(kind: PolicyKind, statement: dict[str, Any], aws: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(document(statement), kind)
    assert caught.value.aws == aws


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (I, but(GOOD, Action=["s3:Get*", "*"], Resource=["arn:aws:s3:::b/${aws:username}/*"])),
        (
            I,
            but(
                GOOD, Condition={"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:x": True}}
            ),
        ),
        (R, but(GOOD, Resource=None, Principal={"Service": ["a.amazonaws.com"], "AWS": "AROAEXAMPLEEXAMPLE1"})),
        (
            T,
            {
                "Effect": "Allow",
                "NotPrincipal": {"AWS": "111111111111"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            },
        ),
        (K, but(NAMED, Sid="with spaces")),
        (PolicyKind.SCP, but(GOOD, Resource=None, NotResource="arn:aws:s3:::b")),
        (PolicyKind.RCP, NAMED),
        (PolicyKind.ENDPOINT, NAMED),
    ],
)
def test_what_aws_accepts_is_accepted(kind: PolicyKind, statement: dict[str, Any]) -> None:
    parsed = parse({"Version": "2012-10-17", "Statement": statement}, kind, name="p", arn="arn:p", account="1")
    assert (parsed.kind, parsed.name, parsed.arn, parsed.account) == (kind, "p", "arn:p", "1")
    assert [each.effect for each in parsed.statements] == ["Allow"]


def test_leniently_a_document_of_another_engine_is_read() -> None:
    statement = {"Effect": "allow", "Principal": "arn:aws:iam::111111111111:root", "Action": "s3:*", "Extra": 1}
    with pytest.raises(PolicyError):
        parse(document(statement), R)
    (read,) = parse(document(statement), R, lenient=True).statements
    assert (read.effect, read.principals) == ("Allow", ("arn:aws:iam::111111111111:root",))

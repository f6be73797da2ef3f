"""Condition keys with values, and condition blocks that hold or just fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

__all__ = ["KEYS", "Key", "block", "context"]


@dataclass(frozen=True)
class Key:
    """A condition key: its type, the values that a request may carry, and those that a policy may ask for."""

    name: str
    type: str
    given: tuple[str, ...]
    wanted: tuple[str, ...]
    multiple: bool = False


_TAGS = ("team-a", "team-b", "Team-A", "*", "")
_WANTED_TAGS = (
    "team-a",
    "team-b",
    "TEAM-A",
    "team-*",
    "team-?",
    "*",
    "",
    "${aws:PrincipalTag/team}",
    "${aws:username}",
)
_BOOLS = ("true", "false")
_DATES = ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00.500Z", "2026-11-21T23:59:59Z")
_WANTED_DATES = ("2026-11-22T10:00:00Z", "2026-11-22", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
_ARNS = (
    "arn:aws:s3:::lake",
    "arn:aws:glue:us-east-1:111111111111:job/clean",
    "arn:aws:iam::111111111111:role/worker",
)
_WANTED_ARNS = (
    *_ARNS,
    "arn:aws:s3:::*",
    "arn:aws:glue:*:111111111111:job/*",
    "arn:aws:glue:us-east-1:*:*",
    "arn:*:iam::111111111111:role/w*",
    "arn:aws:iam::111111111111:role/${aws:PrincipalTag/team}",
    "arn:aws:iam::*:role/worke?",
)

KEYS = (
    Key("aws:PrincipalTag/team", "string", _TAGS, _WANTED_TAGS),
    Key("aws:ResourceTag/team", "string", _TAGS, _WANTED_TAGS),
    Key("aws:RequestTag/team", "string", _TAGS, _WANTED_TAGS),
    Key(
        "s3:prefix",
        "string",
        ("data/alice/", "data/", "", "Data/"),
        ("data/*", "data/${aws:username}/*", "data/alice/", "", "data/?lice/", "${*}"),
    ),
    Key(
        "sts:ExternalId",
        "string",
        ("pipeline-7", "pipeline-8"),
        ("pipeline-7", "PIPELINE-7", "pipeline-*", "pipeline-9"),
    ),
    Key("aws:RequestedRegion", "string", ("us-east-1", "eu-west-1"), ("us-east-1", "us-*", "eu-west-?", "US-EAST-1")),
    Key("aws:PrincipalOrgID", "string", ("o-example1", "o-example2"), ("o-example1", "o-*", "${aws:PrincipalOrgID}")),
    Key(
        "aws:SourceAccount",
        "string",
        ("111111111111", "222222222222"),
        ("111111111111", "222222222222", "1*", "${aws:PrincipalAccount}"),
    ),
    Key(
        "kms:ViaService",
        "string",
        ("s3.us-east-1.amazonaws.com",),
        ("s3.us-east-1.amazonaws.com", "s3.*.amazonaws.com", "glue.us-east-1.amazonaws.com"),
    ),
    Key(
        "aws:UserAgent",
        "string",
        ("aws-cli/2.0 (x)", "${aws:username}"),
        ("aws-cli/*", "*", "${$}{aws:username}", "${aws:username, 'nobody'}"),
    ),
    Key("aws:username", "string", ("alice",), ("alice", "ALICE", "al*", "${aws:PrincipalTag/name, 'alice'}")),
    Key(
        "aws:PrincipalAccount", "string", ("111111111111",), ("111111111111", "222222222222", "${aws:ResourceAccount}")
    ),
    Key(
        "aws:ResourceAccount", "string", ("222222222222",), ("111111111111", "222222222222", "${aws:PrincipalAccount}")
    ),
    Key(
        "aws:userid",
        "string",
        ("AROAEXAMPLEEXAMPLE123:run-1",),
        ("AROAEXAMPLEEXAMPLE123:*", "*:run-1", "AIDAEXAMPLEEXAMPLE123", "111111111111:bob"),
    ),
    Key("aws:SecureTransport", "bool", _BOOLS, (*_BOOLS, "TRUE", "False")),
    Key("aws:MultiFactorAuthPresent", "bool", _BOOLS, _BOOLS),
    Key("aws:ViaAWSService", "bool", _BOOLS, _BOOLS),
    Key("aws:PrincipalIsAWSService", "bool", _BOOLS, _BOOLS),
    Key("s3:max-keys", "numeric", ("10", "100", "1000", "10.0"), ("10", "10.5", "99", "1000", "-1")),
    Key("aws:MultiFactorAuthAge", "numeric", ("0", "299", "3600"), ("300", "3600", "0")),
    Key("aws:CurrentTime", "date", _DATES, _WANTED_DATES),
    Key(
        "aws:EpochTime",
        "date",
        ("1795341600", "1700000000"),
        ("1795341600", "2026-11-22T10:00:00Z", "1700000000", "2026-01-01"),
    ),
    Key("test:Blob", "binary", ("QQ==", "Qg=="), ("QQ==", "Qg==")),
    Key("aws:TokenIssueTime", "date", _DATES, _WANTED_DATES),
    Key(
        "aws:SourceIp",
        "ip",
        ("10.1.2.3", "203.0.113.7", "2001:db8::1"),
        ("10.0.0.0/8", "10.1.2.3", "203.0.113.0/24", "203.0.113.8/29", "2001:db8::/32", "0.0.0.0/0", "10.1.2.4/31"),
    ),
    Key("aws:VpcSourceIp", "ip", ("10.1.2.3", "172.16.5.5"), ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    Key("aws:SourceArn", "arn", _ARNS, _WANTED_ARNS),
    Key(
        "aws:PrincipalArn",
        "arn",
        ("arn:aws:iam::111111111111:role/worker",),
        (*_WANTED_ARNS, "arn:aws:iam::111111111111:user/*", "arn:aws:iam::111111111111:root"),
    ),
    Key("aws:TagKeys", "string", ("team", "stage", "Team"), ("team", "stage", "cost*", "TEAM"), True),
    Key(
        "aws:CalledVia",
        "string",
        ("athena.amazonaws.com", "cloudformation.amazonaws.com"),
        ("athena.amazonaws.com", "*.amazonaws.com", "s3.amazonaws.com"),
        True,
    ),
    Key("dynamodb:LeadingKeys", "string", ("alice", "bob"), ("alice", "${aws:username}", "b?b"), True),
    Key(
        "aws:PrincipalOrgPaths",
        "string",
        ("o-example1/r-ab12/ou-ab12-11111111/",),
        ("o-example1/r-ab12/*", "o-example1/*/ou-ab12-22222222/*", "o-example1/r-ab12/ou-ab12-11111111/"),
        True,
    ),
)
_BY_NAME = {key.name: key for key in KEYS}

_OPERATORS = {
    "string": (
        "StringEquals",
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringLike",
        "StringNotLike",
    ),
    "bool": ("Bool",),
    "binary": ("BinaryEquals",),
    "numeric": (
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ),
    "date": (
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ),
    "ip": ("IpAddress", "NotIpAddress"),
    "arn": ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringEquals", "StringLike"),
}


def context(random: Random, derived: Mapping[str, str]) -> tuple[dict[str, Any], tuple[Key, ...]]:
    """A request's context, and the keys of which this case's policies speak."""
    keys = tuple(random.sample(KEYS, 6))
    given: dict[str, Any] = {}
    for key in keys:
        if key.name in derived or random.random() < 0.25:
            continue
        if key.multiple:
            given[key.name] = random.sample(
                key.given, random.randint(0 if random.random() < 0.3 else 1, min(2, len(key.given)))
            )
        else:
            given[key.name] = random.choice(key.given)
    if "aws:PrincipalTag/team" not in given and derived.get("aws:PrincipalArn") and random.random() < 0.5:
        given["aws:PrincipalTag/team"] = random.choice(_TAGS)
    return given | dict(derived), keys


def block(random: Random, keys: tuple[Key, ...], given: Mapping[str, Any], likely: float) -> dict[str, Any]:
    """A Condition element with one to three conditions; each is made to hold with a chance of `likely`."""
    condition: dict[str, Any] = {}
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        key = random.choice(keys)
        operator = _operator(random, key)
        name = key.name if random.random() < 0.85 else random.choice((key.name.lower(), key.name.upper()))
        condition.setdefault(operator, {})[name] = _values(random, key, operator, given, likely)
    return condition


def _operator(random: Random, key: Key) -> str:
    dice = random.random()
    if dice < 0.08:
        return "Null"
    if key.type == "ip" and dice < 0.12:
        return "StringLike"
    operator = random.choice(_OPERATORS[key.type])
    if (key.multiple or random.random() < 0.04) and random.random() < 0.94:
        operator = random.choice(("ForAllValues:", "ForAnyValue:")) + operator
    return operator + ("IfExists" if random.random() < 0.2 else "")


def _values(random: Random, key: Key, operator: str, given: Mapping[str, Any], likely: float) -> Any:
    if operator == "Null":
        return random.choice(_BOOLS)
    values = random.sample(key.wanted, random.choice((1, 1, 1, 2)))
    actual = given.get(key.name)
    if actual and random.random() < likely:
        values[0] = _escaped(random.choice(actual) if isinstance(actual, list) else actual)
    if key.type == "bool":
        return random.choice((values[0], values[:1]))
    return values[0] if len(values) == 1 and random.random() < 0.7 else values


def _escaped(value: str) -> str:
    return value.replace("${", "${$}{")

"""The forms that texts of the file have: what they are called, and what one of another form was meant to be."""

from __future__ import annotations

import re

__all__ = ["MEANING", "near_form"]

_ACCOUNT = "^[0-9]{12}$"
_REGION = "^[a-z]{2}(-[a-z]+)+-[0-9]$"
_NAME = "^[A-Za-z][A-Za-z0-9_-]{0,62}$"
_TOPOLOGY = "^[a-z][a-z0-9-]{0,30}[a-z0-9]$"

MEANING = {
    _ACCOUNT: ("an account id of 12 digits", 'write its digits, in quotes: "111111111111"'),
    _REGION: ("a Region", "write it as AWS does: us-east-1"),
    _NAME: (
        "a name: a letter, then letters, digits, _ or -, at most 63",
        "choose such a name",
    ),
    _TOPOLOGY: (
        "a topology's name: lower-case letters, digits and hyphens, 2 to 32, a letter first",
        "choose such a name; every AWS name begins with it",
    ),
    r"^[A-Za-z][A-Za-z0-9_-]*/[^/\s]\S*$": (
        "a folder: bucket/folder",
        "write it as source/raw, both as declared under `buckets`",
    ),
    r"^[0-9]+\.[0-9]+$": ("a version of AWS Glue", 'write both parts, in quotes: "5.0"'),
    r"^[0-9]+\.[0-9]+\.[0-9]+$": ("a version", "write all three parts: 3.3.1"),
    r"^[a-z_]+\.[a-z0-9_]+$": ("an Airflow option: section.key", "write it as core.parallelism"),
    "^[A-Za-z_][A-Za-z0-9_]{0,62}$": ("the name of a Python function", "write the function's name alone"),
    "^[A-Za-z0-9_+=,.@/-]{0,512}$": (
        "the name of a role: letters, digits and _+=,.@-, with its path before it",
        "write the role's name, not its ARN",
    ),
    "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": (
        "the name of a bucket in S3: 3 to 63 lower-case letters, digits, dots and hyphens",
        "write the name alone, neither an ARN nor an s3:// address",
    ),
    "^vpc-[0-9a-f]{8,17}$": ("the id of a VPC", "write it as vpc-0123456789abcdef0"),
    "^subnet-[0-9a-f]{8,17}$": ("the id of a subnet", "write it as subnet-0123456789abcdef0"),
    "^sg-[0-9a-f]{8,17}$": ("the id of a security group", "write it as sg-0123456789abcdef0"),
    "^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$": (
        "the ARN of a KMS key",
        "write the key's ARN, not its alias: IAM policies take keys alone",
    ),
    "^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$": (
        "the ARN of a role",
        "write the whole ARN, with the role's path",
    ),
    "^[A-Za-z0-9_+=,.@:/-]+$": ("an external id: letters, digits and _+=,.@:/-", "choose such an id"),
}
"""What a text of each form is, and what to write instead of another; by the pattern of the models."""


def near_form(pattern: str, value: str) -> str:
    """What a text of the wrong form was probably meant to be, as `did you mean "x"? `; empty when nothing is near."""
    meant = ""
    if pattern == _ACCOUNT:
        meant = re.sub(r"[- ]", "", value)
        if not re.fullmatch(pattern, meant):
            return f"it has {len(meant)} digits; " if re.fullmatch("[0-9]+", meant) else ""
    elif pattern == _REGION:
        zone = re.fullmatch(r"([a-z]{2}(?:-[a-z]+)+-[0-9])[a-z]?", re.sub(r"[_ ]+", "-", value.strip().lower()))
        meant = zone[1] if zone else ""
    elif pattern == _NAME and re.fullmatch(_ACCOUNT, value):
        return "an account is named as under `accounts`; "
    elif pattern in (_NAME, _TOPOLOGY):
        mark = "-" if pattern == _TOPOLOGY else "_"
        meant = re.sub(r"[ ._]+" if mark == "-" else r"[ .]+", mark, value.rstrip("/")).strip("-_")
        meant = meant.lower() if pattern == _TOPOLOGY else meant
    return f'did you mean "{meant}"? ' if meant != value and meant and re.fullmatch(pattern, meant) else ""

"""S3 Block Public Access: which bucket policies AWS holds to be public.

docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html ("The meaning of public"): a
policy is public unless each of its Allow statements is for fixed principals, or fixes one of some context keys.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from crosswind.iam.conditions import Condition
from crosswind.iam.policy import Policy, Statement
from crosswind.iam.request import Principal, PrincipalKind

__all__ = ["cut_off", "is_public"]

_FIXING_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpcsourceip",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_FIXING_OPERATORS = frozenset(
    {
        "arnequals",
        "arnlike",
        "foranyvalue:stringequals",
        "foranyvalue:stringlike",
        "ipaddress",
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
    }
)
_MAY_END_WIDE = ("aws:userid", "aws:principalorgpaths", "aws:sourceorgpaths", "s3:dataaccesspointarn")
_WIDEST_PREFIX = {4: 8, 6: 32}  # wider networks count as public


def cut_off(policy: Policy, principal: Principal, owner: str) -> bool:
    """Whether RestrictPublicBuckets keeps a principal out: the policy is public, and it is of another account.

    Args:
        policy: of the bucket.
        principal: who asks; AWS services are never kept out.
        owner: the bucket's account.
    """
    if principal.kind is PrincipalKind.SERVICE or (principal.account == owner and owner):
        return False
    return is_public(policy)


@lru_cache(maxsize=1024)
def is_public(policy: Policy) -> bool:
    """Whether a bucket policy is public.

    Args:
        policy: of kind RESOURCE.
    """
    return any(each.effect == "Allow" and _open(each) for each in policy.statements)


def _open(statement: Statement) -> bool:
    everybody = "*" in statement.principals or bool(statement.not_principals)
    return everybody and not any(_fixes(each) for each in statement.conditions)


def _fixes(condition: Condition) -> bool:
    key = condition.key.lower()
    if key not in _FIXING_KEYS or condition.operator.lower() not in _FIXING_OPERATORS or not condition.values:
        return False
    if key in ("aws:sourceip", "aws:vpcsourceip"):
        return all(_narrow(each) for each in condition.values)
    return all(_fixed(key, each) for each in condition.values)


def _fixed(key: str, value: str) -> bool:
    """Without wildcards and variables; some keys may be open after the part that names the owner."""
    if key in _MAY_END_WIDE:
        value = value.partition("*")[0].rstrip(":/")
        return bool(value) and "?" not in value and "${" not in value and any(c.isalnum() for c in value)
    if key in ("aws:sourcearn", "aws:principalarn"):
        parts = value.split(":", 5)
        return len(parts) == 6 and parts[4].isdigit()
    return not any(each in value for each in ("*", "?", "${"))


def _narrow(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST_PREFIX[network.version]

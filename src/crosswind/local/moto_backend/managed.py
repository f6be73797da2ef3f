"""AWS's managed policies, lent to an account when it names one: moto would copy all 1,500 into each account."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends

from crosswind.local.edge.call import Call

__all__ = ["lend", "lend_all", "lend_named"]

_AWS_POLICY = ":iam::aws:policy/"
_MEMBERS = ("PolicyArn", "PermissionsBoundary")


def lend_named(call: Call) -> None:
    """Let the account have the policy of AWS's that a call of IAM names, or all before it lists policies."""
    if call.service != "iam":
        return
    if call.operation == "ListPolicies" and call.parameters.get("Scope", "All") != "Local":
        lend_all(call.account)
    for member in _MEMBERS:
        arn = call.parameters.get(member)
        if isinstance(arn, str) and _AWS_POLICY in arn:
            lend(call.account, arn)


def lend(account: str, arn: str) -> None:
    """Let an account have one policy of AWS's; one that AWS does not have is left to moto to refuse."""
    backend = iam_backends[account][arn.split(":")[1]]
    name = arn.rpartition("/")[2]
    if arn in backend.managed_policies or name not in _known():
        return
    policy = AWSManagedPolicy.from_data(name, account, backend.region_name, _known()[name])
    if policy.arn == arn:
        backend.managed_policies[arn] = policy
        backend.aws_managed_policies.append(policy)


def lend_all(account: str) -> None:
    """Let an account have every policy of AWS's."""
    for name, data in _known().items():
        lend(account, f"arn:aws:iam::aws:policy{data.get('Path', '/')}{name}")


@functools.cache
def _known() -> Mapping[str, Any]:
    # Slow to import: five megabytes.
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    known: Mapping[str, Any] = json.loads(aws_managed_policies_data)
    return known

"""The function that a call of Lambda's names: by name, by a part of its ARN, or by its ARN. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.partitions import partition_of

__all__ = ["NamedFunction", "named_function"]

# API_CreateFunction. moto takes any name, and a name becomes a folder's.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NamedFunction(NamedTuple):
    """What FunctionName and Qualifier say; the qualifier is empty or `$LATEST`, and not in the ARN."""

    account: str
    region: str
    name: str
    arn: str
    qualifier: str


def named_function(call: Call) -> NamedFunction:
    """The function that a call names.

    Raises:
        ServiceError: it is no function's name, or another Region's; or a qualifier other than `$LATEST`.
    """
    text = str(call.parameters["FunctionName"])
    qualifier = str(call.parameters.get("Qualifier") or "")
    account, region = call.account, call.region
    parts = text.split(":")
    if parts[0] == "arn":
        region, account, parts = parts[3], parts[4], parts[6:]
        if region != call.region:
            raise _unknown(f"Functions from '{region}' are not reachable in this region ('{call.region}')")
    elif len(parts) > 2 and parts[1] == "function":
        account, parts = parts[0], parts[2:]
    if len(parts) > 1:
        qualifier = qualifier or parts[1]
    name = parts[0] if parts else ""
    if not _NAME.fullmatch(name):
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint:"
            f" Member must satisfy regular expression pattern: {_NAME.pattern}",
        )
    arn = f"arn:{partition_of(region)}:lambda:{region}:{account}:function:{name}"
    if qualifier not in ("", "$LATEST"):
        raise _unknown(f"Function not found: {arn}:{qualifier} (the local world has $LATEST alone)")
    return NamedFunction(account, region, name, arn, qualifier)


def _unknown(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, 404)

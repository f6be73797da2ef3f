"""Forward access: the condition keys of a request that a service makes with its caller's rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["Context", "forwarded"]

Context = dict[str, str | Sequence[str]]
"""Condition keys and their values."""

# The services of the local world that name themselves in aws:CalledVia
# (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia).
_NAMED = {"athena", "cloudformation", "dynamodb", "kms"}


def forwarded(context: Mapping[str, str | Sequence[str]], service: str) -> Context:
    """The keys of a request, once a service makes it for its caller: a forward access session.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html

    Args:
        context: the keys of the caller's own request, or of the service before in a chain.
        service: such as `cloudformation`, or `s3.us-east-1.amazonaws.com`.
    """
    found: Context = {**context, "aws:ViaAWSService": "true"}
    found.pop("aws:SourceIp", None)
    name = service.partition(".")[0]
    if name not in _NAMED:
        return found
    before = found.get("aws:CalledVia", ())
    chain = [*([before] if isinstance(before, str) else before), f"{name}.amazonaws.com"]
    found["aws:CalledVia"] = chain
    found["aws:CalledViaFirst"], found["aws:CalledViaLast"] = chain[0], chain[-1]
    return found
